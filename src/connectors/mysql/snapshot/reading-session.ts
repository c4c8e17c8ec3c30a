import assert from 'node:assert/strict';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import type { MysqlConnection, TextRows } from '../connection.ts';
import { mysqlFailure } from '../mysql-failure.ts';

/**
 * Statements on a connection's bare byte stream, so that rows in bulk reach the row reader as the bytes that came. Packets of the
 * text protocol, https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html:
 *
 *     packet       length u3 | sequence u1 | payload
 *     COM_QUERY    03 | statement
 *     answer       00 … OK | ff ERR | column count, then that many column definitions, EOF, rows, EOF (fe, under 9 bytes)
 *     row          per column: fb NULL, or length lenenc | bytes
 *     ERR          ff | number u2 | '#' sqlstate 5 | message
 */
export class ReadingSession implements AsyncDisposable {
  readonly #connection: MysqlConnection;
  readonly #stream: ByteStream;
  readonly #user: string;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Takes over `connection`. `user` is for messages. */
  constructor(connection: MysqlConnection, user: string) {
    this.#connection = connection;
    this.#stream = connection.takeStream();
    this.#user = user;
  }

  /** Runs a statement that answers nothing or a few rows. */
  async query(sql: string): Promise<TextRows> {
    this.send(sql);
    const head = await this.#packet(sql);
    if (head[0] === 0x00) return [];
    while (!isEnd(await this.#packet(sql)));
    const rows: (string | null)[][] = [];
    for (;;) {
      const packet = await this.#packet(sql);
      if (isEnd(packet)) return rows;
      rows.push(textRow(packet));
    }
  }

  /** Sends a statement whose whole answer the caller takes as `bytes`. */
  send(sql: string): void {
    assert(this.#at === this.#bytes.length, 'the answer to the last statement has been read to its end');
    const text = Buffer.from(sql, 'utf8');
    const packet = Buffer.allocUnsafe(text.length + 5);
    packet.writeUIntLE(text.length + 1, 0, 3);
    packet[3] = 0;
    packet[4] = comQuery;
    text.copy(packet, 5);
    this.#stream.write(packet);
  }

  /** The next bytes as they come off the socket. Throws NET_CLOSED. */
  async bytes(): Promise<Buffer> {
    const bytes = await this.#stream.read();
    if (bytes === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
    return bytes;
  }

  /** What the server's error `number` becomes. */
  failure(number: number, text: string, sql: string): MillraceError {
    const cause = Object.assign(new Error(text), { errno: number });
    return mysqlFailure(cause, { address: this.#stream.address, user: this.#user, what: sql.slice(0, 80) });
  }

  close(): void {
    this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #packet(sql: string): Promise<Buffer> {
    await this.#need(4);
    const length = this.#bytes.readUIntLE(this.#at, 3);
    assert(length < 0xff_ffff, 'only rows are longer than a packet, and they are cut elsewhere');
    await this.#need(4 + length);
    const payload = this.#bytes.subarray(this.#at + 4, this.#at + 4 + length);
    this.#at += 4 + length;
    if (payload[0] === 0xff) {
      const text = payload.toString('utf8', payload[3] === 0x23 ? 9 : 3);
      throw this.failure(payload.readUInt16LE(1), text, sql);
    }
    return payload;
  }

  async #need(length: number): Promise<void> {
    while (this.#bytes.length - this.#at < length) {
      const more = await this.bytes();
      this.#bytes = this.#at === this.#bytes.length ? more : Buffer.concat([this.#bytes.subarray(this.#at), more]);
      this.#at = 0;
    }
  }
}

const comQuery = 0x03;

const isEnd = (packet: Buffer): boolean => packet[0] === 0xfe && packet.length < 9;

const textRow = (packet: Buffer): (string | null)[] => {
  const row: (string | null)[] = [];
  let at = 0;
  while (at < packet.length) {
    const first = packet[at]!;
    if (first === 0xfb) {
      row.push(null);
      at += 1;
      continue;
    }
    const start = first < 0xfb ? at + 1 : at + (first === 0xfc ? 3 : first === 0xfd ? 4 : 9);
    const length = first < 0xfb ? first : packet.readUIntLE(at + 1, first === 0xfc ? 2 : first === 0xfd ? 3 : 6);
    row.push(packet.toString('utf8', start, start + length));
    at = start + length;
  }
  return row;
};
