import type { MysqlConfig } from '../connectors/mysql/config.ts';
import { MysqlConnection } from '../connectors/mysql/connection.ts';
import { readDatabases, readDefinition } from '../connectors/mysql/definitions.ts';
import { readServerFacts } from '../connectors/mysql/server-facts.ts';
import type { IndexPart } from '../connectors/mysql/snapshot/chunk-key.ts';
import { ReadingSession } from '../connectors/mysql/snapshot/reading-session.ts';
import { readTableFacts } from '../connectors/mysql/snapshot/table-facts.ts';
import { statements } from '../connectors/mysql/statements.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Table } from '../core/table.ts';
import { dialTcp } from '../net/dial.ts';

export interface DatabaseServerOptions {
  readonly config: MysqlConfig;
  readonly clock: Clock;
  readonly maxReads: number;
  readonly maxWaiting: number;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One MySQL server and the sessions to it: no more than `maxReads` work at once, and no more than `maxWaiting` wait for one. */
export class DatabaseServer {
  readonly address: string;
  /** The GTID set that it is known to have executed, as it was asked for last. */
  executed = '';
  readonly #options: DatabaseServerOptions;
  readonly #idle: ReadingSession[] = [];
  readonly #waiting: Waiting[] = [];
  #busy = 0;

  constructor(options: DatabaseServerOptions) {
    this.#options = options;
    this.address = `${options.config.hostname}:${options.config.port}`;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A table as it is declared now, with the parts of its unique indexes; null: there is none. */
  async describe(
    database: string,
    name: string,
  ): Promise<{ readonly table: Table; readonly indexes: readonly IndexPart[] } | null> {
    await using connection = await this.#connect();
    const server = await readServerFacts(connection);
    const schema = await readDatabases(connection, server);
    if (!schema.databases.has(database)) return null;
    const followed = await readDefinition(connection, server, schema, database, name);
    const facts = await readTableFacts(connection, server.version, database, name);
    return followed === null || facts === null ? null : { table: followed.table, indexes: facts.uniqueIndexes };
  }

  /**
   * Runs `use` on a session of its own. One that fails is closed, and where it had served before, the work is done once more on a new
   * one: servers close sessions that idle. Throws CACHE_OVERLOADED.
   */
  async run<Result>(use: (session: ReadingSession) => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      const kept = this.#idle.pop();
      if (kept !== undefined) {
        try {
          return await this.#use(kept, use);
        } catch (error) {
          if (!isMillraceError(error, 'NET_CLOSED')) throw error;
          for (const session of this.#idle.splice(0)) session.close();
        }
      }
      const connection = await this.#connect();
      await connection.run(statements.patience);
      return await this.#use(new ReadingSession(connection, this.#options.config.username ?? ''), use);
    } finally {
      this.#leave();
    }
  }

  close(): void {
    for (const session of this.#idle.splice(0)) session.close();
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new MillraceError('NET_CLOSED', { address: this.address }));
    }
  }

  async #use<Result>(session: ReadingSession, use: (session: ReadingSession) => Promise<Result>): Promise<Result> {
    const { clock, config } = this.#options;
    const answered = new AbortController();
    const late = async (): Promise<never> => {
      const waitedMs = config['connect.timeout'];
      await clock.sleep(waitedMs, answered.signal);
      throw new MillraceError('NET_TIMEOUT', { address: this.address, waitedMs });
    };
    const lateness = late();
    lateness.catch(() => {});
    try {
      const result = await Promise.race([use(session), lateness]);
      if (this.#options.signal.aborted) session.close();
      else this.#idle.push(session);
      return result;
    } catch (error) {
      session.close();
      throw error;
    } finally {
      answered.abort();
    }
  }

  async #enter(): Promise<void> {
    const { maxReads, maxWaiting } = this.#options;
    if (this.#busy < maxReads) {
      this.#busy += 1;
      return;
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new MillraceError('CACHE_OVERLOADED', { server: this.address, reads: maxReads, waiting: maxWaiting });
    }
    // Who leaves hands its place on.
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next.resolve();
  }

  async #connect(): Promise<MysqlConnection> {
    const { config, clock, signal } = this.#options;
    return await MysqlConnection.open({ config, dial: dialTcp, clock, signal });
  }
}
