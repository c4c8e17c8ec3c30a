/**
 * What a client asks of a server once it is logged in. The first byte is the command:
 *
 *   01 QUIT | 02 INIT_DB, database | 03 QUERY, statement | 0e PING | 1f RESET_CONNECTION
 *   12 BINLOG_DUMP       position u4 | flags u2 | server id u4 | file name to the end
 *   15 REGISTER_SLAVE    server id u4 | host, user, password: u1 length, text | port u2 | rank u4 | source id u4
 *   1e BINLOG_DUMP_GTID  flags u2 | server id u4 | name length u4 | file name | position u8 | set length u4 | GTID set
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump_gtid.html
 */

import { ByteReader } from '../../../bytes/byte-reader.ts';
import { MysqlGtidSet } from '../gtid/mysql-gtid-set.ts';

export type Command =
  | { readonly kind: 'quit' | 'ping' | 'initDatabase' | 'resetConnection' }
  | { readonly kind: 'query'; readonly sql: string }
  | { readonly kind: 'registerReplica'; readonly serverId: number; readonly host: string; readonly port: number }
  | ({ readonly kind: 'dump' } & DumpRequest)
  | { readonly kind: 'unknown'; readonly code: number };

export interface DumpRequest {
  /** '' asks for the first file there is, or for the one that `gtids` leads to. */
  readonly file: string;
  readonly position: number;
  readonly serverId: number;
  /** End at the log's end instead of waiting for more. */
  readonly nonBlocking: boolean;
  /** Bit 2 of the flags: MySQL sends HEARTBEAT_V2, MariaDB sends ANNOTATE_ROWS. */
  readonly extraEvents: boolean;
  /** What the client holds; null: it does not ask by GTID. */
  readonly gtids: MysqlGtidSet | null;
}

const simple: Readonly<Record<number, 'quit' | 'ping' | 'initDatabase' | 'resetConnection'>> = {
  1: 'quit',
  2: 'initDatabase',
  14: 'ping',
  31: 'resetConnection',
};

/** Throws BYTES_TRUNCATED, BYTES_MALFORMED or GTID_SET_MALFORMED for what is no command. */
export const decodeCommand = (payload: Buffer): Command => {
  const r = new ByteReader(payload, 0, payload.length, 'command');
  const code = r.u8();
  const kind = simple[code];
  if (kind !== undefined) return { kind };
  if (code === 0x03) return { kind: 'query', sql: r.utf8(r.left) };
  if (code === 0x15) return registerReplica(r);
  if (code === 0x12) {
    const position = r.u32();
    const flags = r.u16();
    const serverId = r.u32();
    return { kind: 'dump', ...dumpFlags(flags), serverId, position, file: fileName(r, r.left), gtids: null };
  }
  if (code === 0x1e) {
    const flags = r.u16();
    const serverId = r.u32();
    const file = fileName(r, r.count(r.u32()));
    const position = r.size64();
    const length = r.count(r.u32());
    const start = r.advance(length);
    const gtids = length === 0 ? new MysqlGtidSet() : MysqlGtidSet.decode(payload, start, start + length);
    return { kind: 'dump', ...dumpFlags(flags), serverId, position, file, gtids };
  }
  return { kind: 'unknown', code };
};

const dumpFlags = (flags: number): Pick<DumpRequest, 'nonBlocking' | 'extraEvents'> => ({
  nonBlocking: (flags & 1) !== 0,
  extraEvents: (flags & 2) !== 0,
});

/** Some clients end the name with a NUL. */
const fileName = (r: ByteReader, length: number): string => r.utf8(length).replace(/\0.*$/s, '');

const registerReplica = (r: ByteReader): Command => {
  const serverId = r.u32();
  const host = r.utf8(r.u8());
  r.skip(r.u8());
  r.skip(r.u8());
  return { kind: 'registerReplica', serverId, host, port: r.u16() };
};
