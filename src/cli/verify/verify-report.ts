import { randomUUID } from 'node:crypto';
import type { Log } from '../../core/log.ts';
import type { Verdict, VerificationReport } from '../../server/verification-board.ts';
import type { VerifyStatus } from '../../verify/verification.ts';
import { type ApiClient, pipelinePath } from '../api-client.ts';

const everyMs = 2_000;

/** Tells a running millrace how a comparison goes, so that its figures and alerts know. */
export class VerifyReport {
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #sink: string;
  readonly #log: Log;
  readonly #run = randomUUID();
  #sending: Promise<void> | null = null;
  #toldAt = 0;
  #failed = false;

  constructor(client: ApiClient, pipeline: string, sink: string, log: Log) {
    this.#client = client;
    this.#path = pipelinePath(pipeline, '/verification');
    this.#sink = sink;
    this.#log = log;
  }

  /** Says that it begins. Throws what the client throws: whoever asks for a report wants to know that it cannot be made. */
  async begin(status: VerifyStatus): Promise<void> {
    await this.#send('running', status);
  }

  /** Says how far it is, now and then; what cannot be sent is said once. */
  progress(status: VerifyStatus): void {
    if (this.#sending !== null || performance.now() - this.#toldAt < everyMs) return;
    this.#sending = this.#tell('running', status);
  }

  async end(result: Verdict, status: VerifyStatus): Promise<void> {
    await this.#sending;
    this.#failed = false;
    await this.#tell(result, status);
  }

  async #tell(result: VerificationReport['result'], status: VerifyStatus): Promise<void> {
    try {
      await this.#send(result, status);
    } catch (error) {
      if (!this.#failed)
        this.#log.warn('the comparison could not be reported', { result, error: (error as Error).message });
      this.#failed = true;
    } finally {
      this.#toldAt = performance.now();
      this.#sending = null;
    }
  }

  async #send(result: VerificationReport['result'], { tables, tablesDone, settled }: VerifyStatus): Promise<void> {
    const report: VerificationReport = {
      run: this.#run,
      sink: this.#sink,
      result,
      tables,
      tablesDone,
      rows: {
        match: settled.match,
        mismatch: settled.mismatched,
        missing: settled.missing,
        extra: settled.extra,
        unsettled: settled.unsettled,
      },
    };
    await this.#client.send('PUT', this.#path, report);
  }
}
