import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Builds what is published into dist/, so that memory and start are measured on what users run, not on sources being stripped. */
export const build = (): void => {
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' });
};

/** The built command line. */
export const builtCommand = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The built form of the process that runs one pipeline and tells how it fares. */
export const builtWorker = async (): Promise<typeof import('../src/demo/worker-process.ts')> =>
  await import(new URL('../dist/demo/worker-process.js', import.meta.url).href);

/**
 * Builds the contenders with all they reach, and gives where one of them is: run from sources, a process holds the compiler that strips
 * their types as well, which takes 20 MiB and a third of a second.
 */
export const builtContenders = (): ((name: string) => string) => {
  const out = `${root}build/bench`;
  rmSync(out, { recursive: true, force: true });
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  const options = ['--project', 'tsconfig.json', '--noEmit', 'false', '--rootDir', '.', '--outDir', out];
  execFileSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' });
  copyFileSync(`${root}package.json`, `${out}/package.json`);
  return (name) => `${out}/bench/contenders/${name}.js`;
};

/** What the published command gives Node. */
export const publishedFlags: readonly string[] = ['--max-semi-space-size=8'];
