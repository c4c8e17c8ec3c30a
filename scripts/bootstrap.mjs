/**
 * Makes a fresh clone ready: installs when the lock file is newer than what is installed, and checks the Node it got.
 *
 * Runs under whatever Node npm found (18 and later), so this file is plain JavaScript without dependencies. The Node 24 that
 * runs everything else arrives with the install itself, in node_modules/.bin, which npm puts first on a script's PATH.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const lock = new URL('package-lock.json', root);
const installed = new URL('node_modules/.package-lock.json', root);
const npm = process.env.npm_execpath;

if (!existsSync(installed) || statSync(lock).mtimeMs > statSync(installed).mtimeMs) {
  const started = Date.now();
  process.stderr.write('millrace: installing dependencies (once)\n');
  const [command, ...prefix] = npm ? [process.execPath, npm] : [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
  const run = spawnSync(command, [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
    shell: !npm && process.platform === 'win32',
  });
  if (run.status !== 0) {
    process.stderr.write('millrace: `npm ci` failed; its own message is above. Run it by hand once, then try again.\n');
    process.exit(1);
  }
  process.stderr.write(`millrace: installed in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

const bundled = fileURLToPath(new URL(`node_modules/.bin/node${process.platform === 'win32' ? '.cmd' : ''}`, root));
const node = existsSync(bundled) ? bundled : process.execPath;
const version = spawnSync(node, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' }).stdout.trim();
const [major, minor] = version.slice(1).split('.').map(Number);
if (major < 24 || (major === 24 && minor < 6)) {
  process.stderr.write(
    `millrace: Node >= 24.6 is needed and ${version} was found. The install brings one for Linux, macOS and Windows ` +
      'as an optional package; if your npm omits optional packages, install Node 24 and try again.\n',
  );
  process.exit(1);
}
