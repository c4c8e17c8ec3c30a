import { once } from 'node:events';
import { extname } from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

const thread = new URL(`log-carrier-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * Brings what was committed to an SQLite file's write-ahead log onto the disk, and into the file, in a thread of its own: a disk takes a
 * tenth of a second to say that it has some tens of megabytes, for which nobody else waits.
 */
export class LogCarrier implements AsyncDisposable {
  readonly #path: string;
  #worker: Worker | null = null;
  #answers: MessagePort | null = null;
  #isCarrying = false;

  /** Starts no thread before there is something to carry. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Begins with what is committed now. */
  carry(): void {
    const worker = this.#started();
    this.#isCarrying = true;
    worker.postMessage('carry');
  }

  /** Whether that is done; true when there is nothing to do. Throws SQLite's message when it failed. */
  get isDone(): boolean {
    if (!this.#isCarrying) return true;
    const answer = receiveMessageOnPort(this.#answers!) as { readonly message: string | null } | undefined;
    if (answer === undefined) return false;
    this.#isCarrying = false;
    if (answer.message !== null) throw new Error(answer.message);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#worker === null) return;
    this.#worker.ref();
    const ended = once(this.#worker, 'exit');
    this.#worker.postMessage('end');
    await ended;
    this.#worker = null;
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker;
    // A port that is asked, and tells nobody by itself: answers are seen within a run of ticks that gives way to nothing else.
    const { port1, port2 } = new MessageChannel();
    this.#answers = port1;
    this.#worker = new Worker(thread, { workerData: { path: this.#path, answers: port2 }, transferList: [port2] });
    // A process that nothing else keeps running does not wait for it.
    this.#worker.unref();
    return this.#worker;
  }
}
