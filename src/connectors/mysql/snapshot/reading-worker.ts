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

  /** Throws SNAPSHOT_OTHER_SERVER when the address leads elsewhere than when the log was opened. Rejects once `signal` aborts. */
  async sessions(signal: AbortSignal): Promise<Sessions> {
    if (this.#sessions !== null) return this.#sessions;
    const opening = this.#open(signal);
    // A login that is stopped may take its time, or never end; nobody waits for it.
    opening.then(
      (sessions) => signal.aborted && close(sessions),
      () => {},
    );
    this.#sessions = await Promise.race([opening, rejection(signal)]);
    return this.#sessions;
  }

  /** Closes both connections, whatever they are doing; the next use makes new ones. */
  drop(): void {
    if (this.#sessions !== null) close(this.#sessions);
    this.#sessions = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
  }

  async #open(signal: AbortSignal): Promise<Sessions> {
    const control = await this.#connect(signal);
    try {
      await this.#prepare(control);
      const bulk = await this.#connect(signal);
      try {
        await this.#prepare(bulk);
        return { reader: new ReadingSession(bulk, this.#user), control };
      } catch (error) {
        bulk.close();
        throw error;
      }
    } catch (error) {
      control.close();
      throw error;
    }
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

const close = ({ reader, control }: Sessions): void => {
  reader.close();
  control.close();
};

/** Rejects when `signal` aborts. */
const rejection = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
