import type { Clock } from '../../core/clock.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { BinlogPosition } from './binlog-position.ts';
import type { MysqlConnection } from './connection.ts';
import { readLogEnd } from './definitions.ts';
import type { ServerFacts } from './server-facts.ts';
import { type LogFile, readLogFiles } from './startup.ts';
import { statements } from './statements.ts';

/** Where the server's log ended when it was asked last. */
export interface SeenEnd {
  readonly files: readonly LogFile[];
  readonly file: string;
  readonly offset: number;
  /** Everything that the server has executed; null: it has no GTIDs of MySQL's kind. */
  readonly executed: string | null;
  /** The server's clock less this machine's, in milliseconds; null: it did not say. Half the way of the question and answer is within the error. */
  readonly clockSkewMs: number | null;
}

/** How old an answer may be before somebody's question makes it be asked again. */
const freshMs = 10_000;

/**
 * Asks the server where its log ends, beside the stream and only while somebody looks at the figures: a look starts a question when the
 * last answer is old, and shows that answer. A question that fails leaves no figure, and the next look asks again on another connection.
 */
export class EndWatch implements AsyncDisposable {
  readonly #connect: (signal: AbortSignal) => Promise<MysqlConnection>;
  readonly #server: ServerFacts;
  readonly #clock: Clock;
  #connection: MysqlConnection | null = null;
  #seen: SeenEnd | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  /** Ends a question that is under way, too: closing must not wait for a server that does not answer. */
  readonly #end = new AbortController();

  constructor(connect: (signal: AbortSignal) => Promise<MysqlConnection>, server: ServerFacts, clock: Clock) {
    this.#connect = connect;
    this.#server = server;
    this.#clock = clock;
  }

  /** As of the last answer; null: there is none yet. */
  look(): SeenEnd | null {
    const now = this.#clock.monotonic();
    if (!this.#end.signal.aborted && this.#asking === null && now - this.#askedMs >= freshMs) {
      this.#askedMs = now;
      this.#asking = this.#ask().finally(() => {
        this.#asking = null;
      });
    }
    return this.#seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#asking;
    await this.#leave();
  }

  async #ask(): Promise<void> {
    try {
      this.#connection ??= await this.#connect(this.#end.signal);
      const connection = this.#connection;
      const clockSkewMs = await this.#skew(connection);
      const files = await readLogFiles(connection);
      const { file, offset, gtids } = await readLogEnd(connection, this.#server);
      this.#seen = { files, file, offset, executed: this.#server.flavor === 'mysql' ? gtids : null, clockSkewMs };
    } catch {
      // The stream meets what is wrong with the server, and says so; this is only a figure less.
      this.#seen = null;
      await this.#leave();
    }
  }

  async #skew(connection: MysqlConnection): Promise<number | null> {
    const asked = this.#clock.now();
    try {
      const [row] = await connection.query(statements.clock);
      const answered = this.#clock.now();
      return row?.[0] == null ? null : Number(row[0]) * 1_000 - (asked + answered) / 2;
    } catch {
      return null;
    }
  }

  async #leave(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.[Symbol.asyncDispose]().catch(() => {});
  }
}

/** Bytes of log between a held place and the log's end; null: the place's file is not among the server's. */
export const bytesBehind = (
  { files, file, offset }: SeenEnd,
  held: Pick<BinlogPosition, 'file' | 'offset'>,
): number | null => {
  const from = files.findIndex(({ name }) => name === held.file);
  const to = files.findIndex(({ name }) => name === file);
  // The stream may be further than the server was when it was asked.
  if (from < 0 || to < 0) return null;
  if (from >= to) return from > to ? 0 : Math.max(offset - held.offset, 0);
  let bytes = files[from]!.sizeBytes - held.offset + offset;
  for (const { sizeBytes } of files.slice(from + 1, to)) bytes += sizeBytes;
  return Math.max(bytes, 0);
};

/** How many transactions the server executed that are not held; null: one of both is not known. */
export const transactionsBehind = ({ executed }: SeenEnd, held: string | null): number | null => {
  if (executed === null || held === null) return null;
  const missing = MysqlGtidSet.parse(executed).subtract(MysqlGtidSet.parse(held)).toString();
  let count = 0;
  for (const [, first, last] of missing.matchAll(/:(\d+)(?:-(\d+))?(?=[:,\s]|$)/g)) {
    count += Number(last ?? first) - Number(first) + 1;
  }
  return count;
};
