import type { Duplex } from 'node:stream';
import { type ConnectionOptions, createConnection } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Clock } from '../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { type ByteStream, DuplexByteStream } from '../../net/byte-stream.ts';
import type { Dial } from '../../net/dial.ts';
import type { MysqlConfig } from './config.ts';
import { mysqlFailure } from './mysql-failure.ts';
import { statements } from './statements.ts';
import { offersNoTls, tlsOptions } from './tls-options.ts';

/** A result set with every value as the text the server sent. */
export type TextRows = readonly (readonly (string | null)[])[];

/** What a connection needs of a source's or sink's settings. */
export type ConnectionSettings = Pick<
  MysqlConfig,
  'hostname' | 'port' | 'username' | 'password' | 'connect.timeout' | 'ssl.mode' | 'ssl.ca' | 'ssl.cert' | 'ssl.key'
>;

export interface ConnectOptions {
  readonly config: ConnectionSettings;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * An authenticated connection. mysql2 does the handshake, the login, TLS and small statements; what comes in bulk (a dump, a
 * snapshot's rows) is read from its socket, which `takeStream` hands over.
 */
export class MysqlConnection implements AsyncDisposable {
  readonly address: string;
  readonly #user: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  /** Rejects when this side closes the connection: mysql2 leaves a statement that is under way then without an answer. */
  readonly #closed = Promise.withResolvers<never>();
  #taken: ByteStream | null = null;

  private constructor(connection: Connection, options: ConnectOptions, address: string) {
    this.address = address;
    this.#user = options.config.username ?? '';
    this.#timeoutMs = options.config['connect.timeout'];
    this.#clock = options.clock;
    this.#connection = connection;
    this.#signal = options.signal;
    this.#closed.promise.catch(() => {});
    this.#signal.addEventListener('abort', this.#close, { once: true });
    // mysql2 reports a connection that breaks between two statements here; the next statement, or the stream, reports it again.
    connection.on('error', () => {});
  }

  /** Connects, logs in and sets the session up. The connection closes when `signal` aborts. Throws NET_UNREACHABLE, MYSQL_ACCESS_DENIED, MYSQL_TLS and their like. */
  static async open(options: ConnectOptions): Promise<MysqlConnection> {
    const { config } = options;
    const mode = config['ssl.mode'];
    if (mode !== 'preferred') return await login(options, mode === 'disabled' ? null : await tlsOptions(config));
    try {
      return await login(options, await tlsOptions(config));
    } catch (error) {
      if (!offersNoTls((error as Error).cause)) throw error;
      return await login(options, null);
    }
  }

  static async loggedIn(connection: Connection, options: ConnectOptions, address: string): Promise<MysqlConnection> {
    const opened = new MysqlConnection(connection, options, address);
    await opened.run(statements.session);
    return opened;
  }

  /** Runs a statement that answers a few rows. One that is not answered in time closes the connection. */
  async query(sql: string): Promise<TextRows> {
    const answered = new AbortController();
    try {
      const answer = this.#connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
      const [rows] = await Promise.race([answer, this.#closed.promise, this.#late(sql, answered.signal)]);
      return rows as unknown as TextRows;
    } catch (cause) {
      if (isMillraceError(cause, 'NET_UNREACHABLE')) this.#close();
      throw mysqlFailure(cause, { address: this.address, user: this.#user, what: sql.slice(0, 80) });
    } finally {
      answered.abort();
    }
  }

  /** Runs a statement whose columns differ between versions: rows by column name. */
  async queryNamed(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const answered = new AbortController();
    try {
      const answer = this.#connection.query<RowDataPacket[]>({ sql });
      const [rows] = await Promise.race([answer, this.#closed.promise, this.#late(sql, answered.signal)]);
      return rows as unknown as readonly Readonly<Record<string, string | null>>[];
    } catch (cause) {
      if (isMillraceError(cause, 'NET_UNREACHABLE')) this.#close();
      throw mysqlFailure(cause, { address: this.address, user: this.#user, what: sql.slice(0, 80) });
    } finally {
      answered.abort();
    }
  }

  /** Runs a statement that answers no rows. */
  async run(sql: string): Promise<void> {
    await this.query(sql);
  }

  /** The bytes of this connection from now on; `query` must not be called any more. Closing the stream closes the connection. */
  takeStream(): ByteStream {
    const stream = this.#stream;
    stream.removeAllListeners('data');
    this.#taken = new DuplexByteStream(stream, this.address, this.#clock);
    return this.#taken;
  }

  /** Breaks the connection. A statement under way rejects with NET_CLOSED. */
  close(): void {
    this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  readonly #close = (): void => {
    this.#signal.removeEventListener('abort', this.#close);
    this.#closed.reject(new MillraceError('NET_CLOSED', { address: this.address }));
    this.#taken?.close();
    this.#connection.destroy();
    // mysql2 only ends its own direction, and a server that went silent would never end the other one.
    this.#stream.destroy();
  };

  /** The socket, TLS included: mysql2's promise wrapper keeps the connection proper, and that one its socket; neither is in its types. */
  get #stream(): Duplex {
    return (this.#connection as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream;
  }

  /** Rejects when a statement has had its time. mysql2's own timer stays when the connection breaks, and keeps the process from ending. */
  async #late(sql: string, answered: AbortSignal): Promise<never> {
    await this.#clock.sleep(this.#timeoutMs, answered);
    throw new MillraceError('NET_UNREACHABLE', {
      address: this.address,
      reason: `no answer in time to ${sql.slice(0, 80)}`,
    });
  }
}

const login = async (options: ConnectOptions, ssl: ConnectionOptions['ssl'] | null): Promise<MysqlConnection> => {
  const { config, signal } = options;
  const host = config.hostname ?? '';
  const address = `${host}:${config.port}`;
  const timeoutMs = config['connect.timeout'];
  const stream = await options.dial({ host, port: config.port, timeoutMs, signal });
  // Whoever stops while the login is under way must not wait for a server that does not answer.
  const abort = (): void => void stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const connection = await connected({
      stream,
      host,
      port: config.port,
      user: config.username ?? '',
      password: config.password,
      charset: 'UTF8MB4_GENERAL_CI',
      connectTimeout: timeoutMs,
      // Without query attributes a COM_QUERY is its text alone, which is how snapshots write it.
      flags: ['-LOCAL_FILES', '-CLIENT_QUERY_ATTRIBUTES'],
      typeCast: (field) => field.string(),
      connectAttributes: { program_name: 'millrace' },
      // None is prepared, and room for mysql2's usual 16 000 would be most of what a connection weighs.
      maxPreparedStatements: 1,
      ...(ssl === null || ssl === undefined ? {} : { ssl }),
    });
    return await MysqlConnection.loggedIn(connection, options, address);
  } catch (cause) {
    stream.destroy();
    if (signal.aborted) throw new MillraceError('NET_CLOSED', { address }, { cause });
    throw mysqlFailure(cause, { address, user: config.username ?? '', what: 'login' });
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** As mysql2/promise's createConnection, which leaves errors without a listener that come after the first one: they end the process. */
const connected = async (options: ConnectionOptions): Promise<Connection> => {
  const connection = createConnection(options);
  connection.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    connection.once('connect', () => resolve());
    connection.once('error', reject);
  });
  return connection.promise();
};
