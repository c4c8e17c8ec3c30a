/**
 * Completes package-lock.json after `npm install`.
 *
 * Biome and knip's parser ship one optional package per platform. A registry mirror that lacks some of them makes npm leave
 * those out of the lock file, and then every later `npm ci` calls the lock file out of step. This adds the missing entries
 * (version, optional, os, cpu), so that the lock file is whole on every platform. Run it after changing a dependency.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'aix', 'netbsd', 'openbsd', 'sunos'];
const processors = {
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};
let added = 0;

for (const [owner, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || !owner.startsWith('node_modules/')) continue;
    const version = /^[~^]?(\d+\.\d+\.\d+\S*)$/.exec(range)?.[1];
    const os = systems.find((system) => name.includes(`-${system}`));
    const cpu = Object.keys(processors).find((processor) => name.includes(`-${processor}`));
    if (!version || !os || !cpu) throw new Error(`cannot tell the platform of ${name}@${range}, asked for by ${owner}`);
    lock.packages[key] = { version, cpu: [processors[cpu]], dev: entry.dev, optional: true, os: [os] };
    added += 1;
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform entries added`);
