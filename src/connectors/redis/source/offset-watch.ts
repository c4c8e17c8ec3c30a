import { MillraceError } from '../../../core/errors.ts';

/** How long nothing may come while the server is ahead. It answers with its offset as of now, so a little is always under way. */
const stuckAfterMs = 30_000;

/** Compares where the server says that its stream is with what has come of it: a link may live and yet bring nothing. */
export class OffsetWatch {
  readonly #server: string;
  /** Where the server was when it was last asked; null: it was not, or did not say. */
  #offset: number | null = null;
  #received = -1;
  /** Since when nothing has come though there was more. */
  #sinceMs = 0;

  constructor(server: string) {
    this.#server = server;
  }

  get offset(): number | null {
    return this.#offset;
  }

  /** `info`: the answer to `INFO replication`, asked at `nowMs`. Throws REDIS_REPLICATION_STUCK. */
  look(info: string, received: number, nowMs: number): void {
    const offset = /^master_repl_offset:(\d+)\r?$/m.exec(info)?.[1];
    if (offset === undefined) return;
    const isStill = received === this.#received && this.#offset !== null && this.#offset > received;
    if (!isStill) this.#sinceMs = nowMs;
    this.#offset = Number(offset);
    this.#received = received;
    const forMs = nowMs - this.#sinceMs;
    if (!isStill || forMs < stuckAfterMs) return;
    throw new MillraceError('REDIS_REPLICATION_STUCK', { server: this.#server, received, offset: this.#offset, forMs });
  }
}
