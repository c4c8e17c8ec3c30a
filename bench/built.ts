import { execFileSync } from 'node:child_process';
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

/** What the published command gives Node. */
export const publishedFlags: readonly string[] = ['--max-semi-space-size=8'];
