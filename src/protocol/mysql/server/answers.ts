/**
 * What a server answers to commands.
 *
 *   OK   00 | affected rows lenenc | last insert id lenenc | status u2 | warnings u2
 *   ERR  ff | code u2 | # | SQLSTATE 5 | message to the end
 *   EOF  fe | warnings u2 | status u2
 *   rows: column count lenenc, then a definition per column, EOF, a packet per row, EOF:
 *     definition: catalog, database, table, original table, name, original name, each a lenenc text
 *                 | 0c | collation u2 | length u4 | type u1 | flags u2 | decimals u1 | 00 00
 *     row: per column a lenenc text, or fb for NULL
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
 */

/** An answer as the texts MySQL sends; null is NULL. */
export interface TextResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface ServerError {
  readonly code: number;
  readonly state: string;
  readonly message: string;
}

/** SERVER_STATUS_AUTOCOMMIT. */
const status = Buffer.from([2, 0]);

export const okPayload: Buffer = Buffer.from([0, 0, 0, ...status, 0, 0]);
export const eofPayload: Buffer = Buffer.from([0xfe, 0, 0, ...status]);

export const encodeError = ({ code, state, message }: ServerError): Buffer => {
  const head = Buffer.from([0xff, code & 0xff, code >>> 8]);
  // MYSQL_ERRMSG_SIZE: servers cut longer messages.
  return Buffer.concat([head, Buffer.from(`#${state}`), Buffer.from(message).subarray(0, 511)]);
};

/** The payloads of a result set, one packet each. */
export const encodeResult = (result: TextResult): readonly Buffer[] => [
  lenenc(result.columns.length),
  ...result.columns.map(encodeColumn),
  eofPayload,
  ...result.rows.map((row) => Buffer.concat(row.map((value) => (value === null ? nullMark : text(value))))),
  eofPayload,
];

export const lenenc = (value: number): Buffer => {
  if (value < 0xfb) return Buffer.from([value]);
  const bytes = value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 8;
  const encoded = Buffer.alloc(1 + bytes);
  encoded[0] = bytes === 2 ? 0xfc : bytes === 3 ? 0xfd : 0xfe;
  if (bytes === 8) encoded.writeBigUInt64LE(BigInt(value), 1);
  else encoded.writeUIntLE(value, 1, bytes);
  return encoded;
};

const nullMark = Buffer.from([0xfb]);

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([lenenc(bytes.length), bytes]);
};

const encodeColumn = (name: string): Buffer => {
  const fixed = Buffer.alloc(13);
  fixed[0] = 0x0c;
  fixed.writeUInt16LE(utf8mb4, 1);
  fixed.writeUInt32LE(0xffff, 3);
  fixed[7] = varString;
  return Buffer.concat([...['def', '', '', '', name, ''].map(text), fixed]);
};

/** utf8mb4_0900_ai_ci. */
const utf8mb4 = 255;
/** MYSQL_TYPE_VAR_STRING. */
const varString = 253;
