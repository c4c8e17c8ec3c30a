/** The thread of a LogCarrier. It answers each request once all of the log is on the disk and in the file: null, or why that failed. */
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

const { path, answers } = workerData as { readonly path: string; readonly answers: MessagePort };
const requests = parentPort!;
let database: DatabaseSync | null = null;

requests.on('message', (request: 'carry' | 'end') => {
  if (request === 'end') {
    database?.close();
    requests.close();
    return;
  }
  try {
    database ??= new DatabaseSync(path);
    // Passive: it waits for nobody, and nobody waits for it.
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    answers.postMessage(null);
  } catch (error) {
    answers.postMessage((error as Error).message);
  }
});
