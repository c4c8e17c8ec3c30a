/**
 * QUERY (2): a statement as text: DDL, transaction marks, and data changes where the server logs statements. QUERY_COMPRESSED
 * (165), MariaDB: the same with the statement as a record of compressed-record.ts.
 *
 *   thread u4 | exec_time u4 | db_length u1 | error u2 | vars_length u2 | { code u1 | value }* | db | 00 | statement to the end
 *
 *    0 flags u4 · 1 sql_mode u8 · 2 catalog length u1, text, 00 · 3 auto_increment: increment u2, offset u2
 *    4 collations u2: client, connection, server · 5 time_zone length u1, text · 6 catalog length u1, text
 *    7 lc_time_names u2 · 8 collation_database u2 · 9 table map for update u8 · 10 written u4
 *    11 invoker: length u1, user, length u1, host · 12 databases: count u1, { text, 00 }*; count 254: too many, none follow
 *    13 microseconds u3 · 16 explicit_defaults_for_timestamp u1 · 17 XID of a DDL u8 · 18 collation of utf8mb4 u2
 *    19 sql_require_primary_key u1 · 20 default_table_encryption u1 · 21 one byte (MySQL 9)
 *    128 microseconds u3 · 129 XID of a DDL u8 · 130 GTID extra flags u1, 04 or 08 → start_alter_sequence u8
 *    131 character_set_collations: count u1, { charset u2, collation u2 }*                            128-131: MariaDB
 *
 * Values do not say their length, so an unknown code ends the reading of variables, nothing else.
 * MySQL libs/mysql/binlog/event/statement_events.h (Query_event), MariaDB sql/log_event.h (Query_log_event).
 */

import { ByteReader } from '../../../bytes/byte-reader.ts';
import { inflateRecord } from '../compressed-record.ts';
import { bodyReader, type EventFrame, eventFlag } from '../event-frame.ts';
import { eventType } from '../event-type.ts';

export interface Query {
  /** The server's thread that ran it. */
  readonly thread: number;
  readonly execTimeSeconds: number;
  /** Not 0: the statement failed half-way on its server. */
  readonly error: number;
  readonly database: string;
  /** `database` is the default database for unqualified names (not so around BEGIN, COMMIT and statements about databases). */
  readonly databaseIsDefault: boolean;
  /** The statement in the client's charset. */
  readonly statement: Buffer;
  /** The statement read as UTF-8: right for ASCII and for clients with utf8mb4; `variables.collations` knows the others. */
  readonly sql: string;
  readonly variables: QueryVariables;
}

/** The settings a statement ran under, as far as logged; null: not logged. */
interface QueryVariables {
  readonly flags: number | null;
  readonly sqlMode: number | bigint | null;
  readonly autoIncrement: { readonly increment: number; readonly offset: number } | null;
  readonly collations: { readonly client: number; readonly connection: number; readonly server: number } | null;
  readonly timeZone: string | null;
  readonly collationDatabase: number | null;
  readonly invoker: { readonly user: string; readonly host: string } | null;
  /** Databases the statement touches; null also when there are too many to list. */
  readonly databases: readonly string[] | null;
  /** To add to the header's timestamp. */
  readonly micros: number | null;
  readonly explicitDefaultsForTimestamp: boolean | null;
  /** The transaction a DDL committed in. */
  readonly ddlXid: number | bigint | null;
  readonly utf8mb4Collation: number | null;
  readonly requirePrimaryKey: boolean | null;
  /** MariaDB's `character_set_collations`: collation by charset. */
  readonly charsetCollations: ReadonlyMap<number, number> | null;
}

export const decodeQuery = (frame: EventFrame): Query => {
  const r = bodyReader(frame);
  const thread = r.u32();
  const execTimeSeconds = r.u32();
  const databaseLength = r.u8();
  const error = r.u16();
  const variablesLength = r.u16();
  const variablesStart = r.advance(variablesLength);
  const variables = readVariables(new ByteReader(r.bytes, variablesStart, r.offset, 'QUERY variables'));
  const database = r.utf8(databaseLength);
  r.skip(1);
  const statement = frame.type === eventType.QUERY_COMPRESSED ? inflateRecord(r) : r.view(r.left);
  return {
    thread,
    execTimeSeconds,
    error,
    database,
    databaseIsDefault: (frame.flags & eventFlag.SUPPRESS_USE) === 0 && database !== '',
    statement,
    sql: statement.utf8Slice(0, statement.length),
    variables,
  };
};

/** Whether a QUERY starts a transaction; reads nothing but the text, for the hot path. */
export const isBegin = (frame: EventFrame): boolean => statementIs(frame, begin);

/** Whether a QUERY commits (MyISAM tables, some MariaDB groups). */
export const isCommit = (frame: EventFrame): boolean => statementIs(frame, commit);

const begin = Buffer.from('BEGIN');
const commit = Buffer.from('COMMIT');
const postHeaderLength = 13;

const statementIs = (frame: EventFrame, text: Buffer): boolean => {
  const { bytes, body, end } = frame;
  if (end - body < postHeaderLength + 1 + text.length) return false;
  const variablesLength = bytes[body + 11]! | (bytes[body + 12]! << 8);
  const at = body + postHeaderLength + variablesLength + bytes[body + 8]! + 1;
  if (end - at !== text.length) return false;
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text[i]) return false;
  return true;
};

const readVariables = (r: ByteReader): QueryVariables => {
  const variables: { -readonly [Key in keyof QueryVariables]: QueryVariables[Key] } = {
    flags: null,
    sqlMode: null,
    autoIncrement: null,
    collations: null,
    timeZone: null,
    collationDatabase: null,
    invoker: null,
    databases: null,
    micros: null,
    explicitDefaultsForTimestamp: null,
    ddlXid: null,
    utf8mb4Collation: null,
    requirePrimaryKey: null,
    charsetCollations: null,
  };
  while (r.left > 0) {
    switch (r.u8()) {
      case 0:
        variables.flags = r.u32();
        break;
      case 1:
        variables.sqlMode = r.u64();
        break;
      case 2:
        r.skip(r.u8() + 1);
        break;
      case 3:
        variables.autoIncrement = { increment: r.u16(), offset: r.u16() };
        break;
      case 4:
        variables.collations = { client: r.u16(), connection: r.u16(), server: r.u16() };
        break;
      case 5:
        variables.timeZone = r.utf8(r.u8());
        break;
      case 6:
        r.skip(r.u8());
        break;
      case 7:
        r.skip(2);
        break;
      case 8:
        variables.collationDatabase = r.u16();
        break;
      case 9:
        r.skip(8);
        break;
      case 10:
        r.skip(4);
        break;
      case 11:
        variables.invoker = { user: r.utf8(r.u8()), host: r.utf8(r.u8()) };
        break;
      case 12: {
        const count = r.u8();
        if (count !== tooManyDatabases) variables.databases = Array.from({ length: count }, () => nulEnded(r));
        break;
      }
      case 13:
      case 128:
        variables.micros = r.bytes.readUIntLE(r.advance(3), 3);
        break;
      case 16:
        variables.explicitDefaultsForTimestamp = r.u8() !== 0;
        break;
      case 17:
      case 129:
        variables.ddlXid = r.u64();
        break;
      case 18:
        variables.utf8mb4Collation = r.u16();
        break;
      case 19:
        variables.requirePrimaryKey = r.u8() !== 0;
        break;
      case 20:
      case 21:
        r.skip(1);
        break;
      case 130:
        if (r.u8() & commitOrRollbackAlter) r.skip(8);
        break;
      case 131: {
        const pairs = new Map<number, number>();
        for (let count = r.u8(); count > 0; count -= 1) pairs.set(r.u16(), r.u16());
        variables.charsetCollations = pairs;
        break;
      }
      default:
        return variables;
    }
  }
  return variables;
};

const tooManyDatabases = 254;
const commitOrRollbackAlter = 0x0c;

const nulEnded = (r: ByteReader): string => {
  const end = r.bytes.indexOf(0, r.offset);
  if (end < 0 || end >= r.end) throw r.malformed('a database name has no end');
  const text = r.utf8(end - r.offset);
  r.skip(1);
  return text;
};
