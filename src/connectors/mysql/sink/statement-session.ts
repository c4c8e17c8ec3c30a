import assert from 'node:assert/strict';
import type { Clock } from '../../../core/clock.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodePacket } from '../../../protocol/mysql/packet.ts';
import { parseServerVersion, type ServerVersion } from '../../../protocol/mysql/server-version.ts';
import { MysqlConnection, type TextRows } from '../connection.ts';
import { quoteText } from '../statements.ts';
import type { MysqlSinkConfig } from './config.ts';
import { ServerError } from './server-error.ts';

/** What an OK packet says. */
export interface Done {
  readonly affectedRows: number;
}

export interface SessionOptions {
  readonly config: MysqlSinkConfig;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `strict` refuses values that do not fit; definitions are changed as the source changed them, which may have been laxer. */
  readonly mode: 'strict' | 'lax';
}

/**
 * Statements on a connection's bare byte stream, several at a time: each is sent when it is ready, and the answers are read
 * behind. Nothing commits by itself. Packets of the text protocol,
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html:
 *
 *     packet       length u3 | sequence u1 | payload
 *     COM_QUERY    03 | statement
 *     answer       00 affected lenenc … OK | ff ERR | column count, column definitions, EOF, rows, EOF (fe, under 9 bytes)
 */
export class StatementSession {
  readonly address: string;
  readonly server: ServerVersion;
  /** The largest statement that the server takes. */
  readonly maxPacket: number;
  readonly #connection: MysqlConnection;
  readonly #stream: ByteStream;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Statements whose answers are still to come. */
  #unanswered = 0;

  private constructor(connection: MysqlConnection, server: ServerVersion, maxPacket: number) {
    this.address = connection.address;
    this.server = server;
    this.maxPacket = maxPacket;
    this.#connection = connection;
    this.#stream = connection.takeStream();
  }

  static async open({ config, clock, signal, mode }: SessionOptions): Promise<StatementSession> {
    const connection = await MysqlConnection.open({ config, dial: dialTcp, clock, signal });
    try {
      const [row] = await connection.query('SELECT VERSION(), @@max_allowed_packet');
      const version = parseServerVersion(row?.[0] ?? '');
      if (version === null) throw new MillraceError('BINLOG_UNSUPPORTED_SERVER', { version: row?.[0] ?? '' });
      await connection.run('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await connection.run(sessionStatement(config, mode));
      // Without a limit, a long list of keys is looked up key by key however long it is; beyond it the server would read the whole table.
      if (version.flavor === 'mysql') await connection.run('SET SESSION range_optimizer_max_mem_size = 0');
      return new StatementSession(connection, version, Number(row?.[1]));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Sends a statement; its answer is the next that `answers` reads. */
  send(statement: Uint8Array): void {
    this.#unanswered += 1;
    this.#stream.write(statement);
  }

  /** Sends several statements that stand one behind the other. */
  sendAll(statements: Uint8Array, count: number): void {
    if (count === 0) return;
    this.#unanswered += count;
    this.#stream.write(statements);
  }

  /**
   * Reads the answers to everything sent. Resolves with them in order, or with the first error after all have come: the
   * connection is in step then, and its transaction is the caller's to roll back.
   */
  async answers(): Promise<readonly Done[] | ServerError> {
    const done: Done[] = [];
    let failure: ServerError | null = null;
    for (let index = 0; this.#unanswered > 0; index += 1) {
      const answer = await this.#answer();
      this.#unanswered -= 1;
      if (answer instanceof ServerError) failure ??= answer.of(index);
      else done.push(answer);
    }
    return failure ?? done;
  }

  /** Runs one statement that answers no rows. Throws a ServerError. */
  async run(sql: string): Promise<Done> {
    assert(this.#unanswered === 0, 'the answers to earlier statements have been read');
    this.send(statementPacket(sql));
    const answers = await this.answers();
    if (answers instanceof ServerError) throw answers;
    return answers[0]!;
  }

  /** Runs one statement that answers a few rows. Throws a ServerError. */
  async query(sql: string): Promise<TextRows> {
    assert(this.#unanswered === 0, 'the answers to earlier statements have been read');
    this.#stream.write(statementPacket(sql));
    const head = await this.#packet();
    if (head[0] === ERR) throw serverError(head);
    if (head[0] === OK) return [];
    while (!isEnd(await this.#packet()));
    const rows: (string | null)[][] = [];
    for (;;) {
      const packet = await this.#packet();
      if (isEnd(packet)) return rows;
      if (packet[0] === ERR) throw serverError(packet);
      rows.push(textRow(packet));
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #answer(): Promise<Done | ServerError> {
    const packet = await this.#packet();
    if (packet[0] === ERR) return serverError(packet);
    assert(packet[0] === OK, 'a statement that changes rows answers OK or an error');
    return { affectedRows: lengthAt(packet, 1).value };
  }

  async #packet(): Promise<Buffer> {
    await this.#need(4);
    const length = this.#bytes.readUIntLE(this.#at, 3);
    assert(length < 0xff_ffff, 'answers here are short');
    await this.#need(4 + length);
    const payload = this.#bytes.subarray(this.#at + 4, this.#at + 4 + length);
    this.#at += 4 + length;
    return payload;
  }

  async #need(length: number): Promise<void> {
    while (this.#bytes.length - this.#at < length) {
      const more = await this.#stream.read();
      if (more === null) throw new MillraceError('NET_CLOSED', { address: this.address });
      this.#bytes = this.#at === this.#bytes.length ? more : Buffer.concat([this.#bytes.subarray(this.#at), more]);
      this.#at = 0;
    }
  }
}

const OK = 0x00;
const ERR = 0xff;
const comQuery = 0x03;

/** A statement as the bytes that carry it. */
export const statementPacket = (sql: string): Buffer => {
  const payload = Buffer.allocUnsafe(Buffer.byteLength(sql) + 1);
  payload[0] = comQuery;
  payload.write(sql, 1);
  return encodePacket(payload, 0);
};

/**
 * What holds in a session. Times are UTC. Strict mode makes the server refuse what it would otherwise bend; dates that no
 * calendar has are values like others, as they were to the source. READ COMMITTED locks no gaps, in which writers of other keys would wait.
 */
const sessionStatement = (config: MysqlSinkConfig, mode: SessionOptions['mode']): string => {
  const strict = mode === 'strict' ? 'STRICT_ALL_TABLES,' : '';
  const seconds = Math.max(1, Math.ceil(config['sink.lock-wait.timeout'] / 1000));
  return `SET SESSION sql_mode = ${quoteText(`${strict}ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO`)}, SESSION autocommit = ${mode === 'strict' ? 0 : 1}, SESSION foreign_key_checks = ${config['foreign-key.checks'] ? 1 : 0}, SESSION innodb_lock_wait_timeout = ${seconds}, SESSION lock_wait_timeout = ${seconds}, SESSION wait_timeout = 28800, SESSION net_read_timeout = 600, SESSION net_write_timeout = 600`;
};

const serverError = (packet: Buffer): ServerError =>
  new ServerError(packet.readUInt16LE(1), packet.toString('utf8', packet[3] === 0x23 ? 9 : 3));

const isEnd = (packet: Buffer): boolean => packet[0] === 0xfe && packet.length < 9;

/** A length-encoded integer, and how many bytes it took. */
const lengthAt = (packet: Buffer, at: number): { readonly value: number; readonly size: number } => {
  const first = packet[at]!;
  if (first < 0xfb) return { value: first, size: 1 };
  const size = first === 0xfc ? 2 : first === 0xfd ? 3 : 6;
  return { value: packet.readUIntLE(at + 1, size), size: first === 0xfe ? 9 : size + 1 };
};

const textRow = (packet: Buffer): (string | null)[] => {
  const row: (string | null)[] = [];
  for (let at = 0; at < packet.length; ) {
    if (packet[at] === 0xfb) {
      row.push(null);
      at += 1;
      continue;
    }
    const { value, size } = lengthAt(packet, at);
    row.push(packet.toString('utf8', at + size, at + size + value));
    at += size + value;
  }
  return row;
};
