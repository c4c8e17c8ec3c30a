import { MillraceError } from '../../../core/errors.ts';
import type { MysqlConnection } from '../connection.ts';
import { readServerFacts, type ServerFacts } from '../server-facts.ts';
import { statements } from '../statements.ts';
import { ReadingSession } from './reading-session.ts';

export interface Sessions {
  readonly reader: ReadingSession;
  readonly control: MysqlConnection;
}

/** The two connections that one table at a time is read over. They are made when first needed, and kept from table to table. */
export class ReadingWorker implements AsyncDisposable {
  readonly #connect: (signal: AbortSignal) => Promise<MysqlConnection>;
  readonly #server: ServerFacts;
  readonly #user: string;
  #sessions: Sessions | null = null;

  constructor(connect: (signal: AbortSignal) => Promise<MysqlConnection>, server: ServerFacts, user: string) {
    this.#connect = connect;
    this.#server = server;
    this.#user = user;
  }

  /** Throws SNAPSHOT_OTHER_SERVER when the address leads elsewhere than when the log was opened. */
  async sessions(signal: AbortSignal): Promise<Sessions> {
    if (this.#sessions !== null) return this.#sessions;
    const control = await this.#connect(signal);
    try {
      const bulk = await this.#connect(signal);
      try {
        for (const connection of [control, bulk]) await this.#prepare(connection);
        this.#sessions = { reader: new ReadingSession(bulk, this.#user), control };
        return this.#sessions;
      } catch (error) {
        bulk.close();
        throw error;
      }
    } catch (error) {
      control.close();
      throw error;
    }
  }

  /** Closes both connections, whatever they are doing; the next use makes new ones. */
  drop(): void {
    this.#sessions?.reader.close();
    this.#sessions?.control.close();
    this.#sessions = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
  }

  async #prepare(connection: MysqlConnection): Promise<void> {
    const { identity } = await readServerFacts(connection);
    if (identity !== this.#server.identity)
      throw new MillraceError('SNAPSHOT_OTHER_SERVER', { expected: this.#server.identity, found: identity });
    await connection.run(statements.patience);
    await connection.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    // A limit that an administrator set for queries of applications must not end a chunk.
    await connection.run(
      this.#server.flavor === 'mysql' ? 'SET SESSION max_execution_time = 0' : 'SET SESSION max_statement_time = 0',
    );
  }
}
