/**
 * The demo's worker: runs one pipeline file as `millrace run` does, in a process of its own so that it can be killed, and tells
 * its parent how it fares. `node worker.ts FILE`.
 */
import * as nodeModule from 'node:module';

// As the published command does: keeps compiled code between runs, of everything that is loaded from here on.
nodeModule.enableCompileCache();
const { runWorker } = await import('./run-worker.ts');
await runWorker(process.argv[2]!);
