/**
 * TABLE_MAP (19): what the rows events that follow with the same table id look like.
 *
 *   table_id u6 | flags u2 | db_len u1, db, 00 | table_len u1, table, 00 | columns lenenc | type u1 × columns
 *   | meta_len lenenc | meta, 0-2 bytes per column by type | nullable ⌈columns/8⌉, LSB first | { tlv u1 | length lenenc | value }*
 *
 *    1 SIGNEDNESS                bit per numeric column, MSB first, 1 = unsigned
 *    2 DEFAULT_CHARSET           collation lenenc, { index lenenc | collation lenenc }*   index counts character columns only
 *    3 COLUMN_CHARSET            collation lenenc per character column
 *    4 COLUMN_NAME               { length lenenc | utf8 }*
 *    5 SET_STR_VALUE             per SET column:  count lenenc, { length lenenc | utf8 }*
 *    6 ENUM_STR_VALUE            per ENUM column: the same
 *    7 GEOMETRY_TYPE             shape lenenc per geometry column
 *    8 SIMPLE_PRIMARY_KEY        column lenenc*
 *    9 PRIMARY_KEY_WITH_PREFIX   { column lenenc | prefix in characters lenenc, 0 = whole }*
 *   10 ENUM_AND_SET_DEFAULT_CHARSET, 11 ENUM_AND_SET_COLUMN_CHARSET   as 2 and 3, over enum and set columns
 *   12 COLUMN_VISIBILITY         bit per column, MSB first, 1 = visible
 *   13 VECTOR_DIMENSIONALITY     lenenc per vector column
 *
 * MySQL libs/mysql/binlog/event/rows_event.h (Table_map_event), MariaDB sql/log_event_server.cc (Table_map_log_event).
 */

import { ByteReader } from '../../../bytes/byte-reader.ts';
import { columnType, realStringType } from '../column-type.ts';
import { bodyReader, type EventFrame } from '../event-frame.ts';
import type { Flavor } from '../flavor.ts';

/** A table as one TABLE_MAP describes it. Lists have one entry per column; a list that is null was not logged. */
export interface TableMap {
  readonly tableId: number;
  readonly database: string;
  readonly name: string;
  readonly columnCount: number;
  /** The logged type byte: ENUM, SET and CHAR are all STRING here (see `realStringType`). */
  readonly types: Uint8Array;
  /** The type's meta bytes: the low byte came first. */
  readonly meta: Uint16Array;
  readonly nullable: readonly boolean[];
  readonly flags: number;
  /** false for columns that are not numeric. */
  readonly unsigned: readonly boolean[] | null;
  /** Collation id of each character column; null for the others. */
  readonly collations: readonly (number | null)[] | null;
  readonly names: readonly string[] | null;
  /** Members as the server logged them, in the column's charset (TLV 10 or 11); text where somebody else named them. */
  readonly enumValues: readonly (readonly (string | Uint8Array)[] | null)[] | null;
  readonly setValues: readonly (readonly (string | Uint8Array)[] | null)[] | null;
  readonly enumSetCollations: readonly (number | null)[] | null;
  readonly geometryShapes: readonly (number | null)[] | null;
  /** In key order; `prefix` in characters, 0: the whole column. */
  readonly primaryKey: readonly { readonly column: number; readonly prefix: number }[] | null;
  readonly visible: readonly boolean[] | null;
  readonly vectorDimensions: readonly (number | null)[] | null;
}

/** Decodes a TABLE_MAP of a server of `flavor`: the two differ in which columns count as character columns. */
export const decodeTableMap = (frame: EventFrame, flavor: Flavor): TableMap => {
  const r = bodyReader(frame);
  const tableId = r.u48();
  const flags = r.u16();
  const database = r.utf8(r.u8());
  r.skip(1);
  const name = r.utf8(r.u8());
  r.skip(1);
  const columnCount = r.count(r.lenenc());
  const types = Uint8Array.from(r.view(columnCount));
  const metaReader = section(r, r.lenenc());
  const meta = Uint16Array.from(types, (type) => readMeta(metaReader, type));
  if (metaReader.left > 0) throw r.malformed(`${metaReader.left} bytes of column metadata are left over`);
  const nullable = readBits(r, columnCount, 'lsb-first');
  const columns = classify(types, meta, flavor);
  return {
    tableId,
    database,
    name,
    columnCount,
    types,
    meta,
    nullable,
    flags,
    ...readOptional(r, columns, columnCount),
  };
};

type Optional = Pick<
  TableMap,
  | 'unsigned'
  | 'collations'
  | 'names'
  | 'enumValues'
  | 'setValues'
  | 'enumSetCollations'
  | 'geometryShapes'
  | 'primaryKey'
  | 'visible'
  | 'vectorDimensions'
>;

const readOptional = (r: ByteReader, columns: ColumnKinds, columnCount: number): Optional => {
  const optional: { -readonly [Key in keyof Optional]: Optional[Key] } = {
    unsigned: null,
    collations: null,
    names: null,
    enumValues: null,
    setValues: null,
    enumSetCollations: null,
    geometryShapes: null,
    primaryKey: null,
    visible: null,
    vectorDimensions: null,
  };
  while (r.left > 0) {
    const tlv = r.u8();
    const value = section(r, r.lenenc());
    const spread = <T>(at: readonly number[], values: readonly T[]): (T | null)[] => {
      const list = new Array<T | null>(columnCount).fill(null);
      at.forEach((column, i) => {
        list[column] = values[i]!;
      });
      return list;
    };
    switch (tlv) {
      case 1: {
        const bits = readBits(value, columns.numeric.length, 'msb-first');
        optional.unsigned = spread(columns.numeric, bits).map((bit) => bit ?? false);
        break;
      }
      case 2:
        optional.collations = spread(columns.character, readDefaultCharset(value, columns.character.length));
        break;
      case 3:
        optional.collations = spread(columns.character, readLenencs(value, columns.character.length));
        break;
      case 4:
        optional.names = Array.from({ length: value.count(columnCount) }, () => value.utf8(value.lenenc()));
        break;
      case 5:
        optional.setValues = spread(columns.set, readMembers(value, columns.set.length));
        break;
      case 6:
        optional.enumValues = spread(columns.enum, readMembers(value, columns.enum.length));
        break;
      case 7:
        optional.geometryShapes = spread(columns.geometry, readLenencs(value, columns.geometry.length));
        break;
      case 8:
      case 9: {
        const key: { column: number; prefix: number }[] = [];
        while (value.left > 0) {
          const column = value.lenenc();
          if (column >= columnCount) throw r.malformed(`primary key names column ${column} of ${columnCount}`);
          key.push({ column, prefix: tlv === 9 ? value.lenenc() : 0 });
        }
        optional.primaryKey = key;
        break;
      }
      case 10:
        optional.enumSetCollations = spread(columns.enumOrSet, readDefaultCharset(value, columns.enumOrSet.length));
        break;
      case 11:
        optional.enumSetCollations = spread(columns.enumOrSet, readLenencs(value, columns.enumOrSet.length));
        break;
      case 12:
        optional.visible = readBits(value, columnCount, 'msb-first');
        break;
      case 13:
        optional.vectorDimensions = spread(columns.vector, readLenencs(value, columns.vector.length));
        break;
      default:
        // Every item says its length, so that readers can pass over later additions.
        break;
    }
  }
  return optional;
};

/** Positions of the columns that each kind of optional metadata covers. */
interface ColumnKinds {
  readonly numeric: readonly number[];
  readonly character: readonly number[];
  readonly enum: readonly number[];
  readonly set: readonly number[];
  readonly enumOrSet: readonly number[];
  readonly geometry: readonly number[];
  readonly vector: readonly number[];
}

const classify = (types: Uint8Array, meta: Uint16Array, flavor: Flavor): ColumnKinds => {
  const kinds = {
    numeric: [] as number[],
    character: [] as number[],
    enum: [] as number[],
    set: [] as number[],
    enumOrSet: [] as number[],
    geometry: [] as number[],
    vector: [] as number[],
  };
  for (let column = 0; column < types.length; column += 1) {
    const logged = types[column]!;
    switch (logged === columnType.STRING ? realStringType(meta[column]!) : logged) {
      case columnType.DECIMAL:
      case columnType.TINY:
      case columnType.SHORT:
      case columnType.INT24:
      case columnType.LONG:
      case columnType.LONGLONG:
      case columnType.FLOAT:
      case columnType.DOUBLE:
      case columnType.NEWDECIMAL:
      case columnType.YEAR:
        kinds.numeric.push(column);
        break;
      case columnType.STRING:
      case columnType.VARCHAR:
      case columnType.VAR_STRING:
      case columnType.TINY_BLOB:
      case columnType.BLOB:
      case columnType.MEDIUM_BLOB:
      case columnType.LONG_BLOB:
      case columnType.BLOB_COMPRESSED:
      case columnType.VARCHAR_COMPRESSED:
        kinds.character.push(column);
        break;
      case columnType.VECTOR:
        kinds.vector.push(column);
        kinds.character.push(column);
        break;
      case columnType.GEOMETRY:
        kinds.geometry.push(column);
        if (flavor === 'mariadb') kinds.character.push(column);
        break;
      case columnType.ENUM:
        kinds.enum.push(column);
        kinds.enumOrSet.push(column);
        break;
      case columnType.SET:
        kinds.set.push(column);
        kinds.enumOrSet.push(column);
        break;
    }
  }
  return kinds;
};

const readMeta = (r: ByteReader, type: number): number => {
  switch (type) {
    case columnType.FLOAT:
    case columnType.DOUBLE:
    case columnType.TIMESTAMP2:
    case columnType.DATETIME2:
    case columnType.TIME2:
    case columnType.TINY_BLOB:
    case columnType.BLOB:
    case columnType.MEDIUM_BLOB:
    case columnType.LONG_BLOB:
    case columnType.BLOB_COMPRESSED:
    case columnType.JSON:
    case columnType.GEOMETRY:
    case columnType.VECTOR:
      return r.u8();
    case columnType.VARCHAR:
    case columnType.VARCHAR_COMPRESSED:
    case columnType.BIT:
    case columnType.NEWDECIMAL:
    case columnType.VAR_STRING:
    case columnType.STRING:
    case columnType.ENUM:
    case columnType.SET:
      return r.u16();
    case columnType.TYPED_ARRAY: {
      // Element type, then its own meta; only in hidden columns of functional indexes, which are never logged with values.
      const element = r.u8();
      return element | (readMeta(r, element) << 8);
    }
    default:
      return 0;
  }
};

const readDefaultCharset = (r: ByteReader, count: number): number[] => {
  const collations = new Array<number>(count).fill(r.lenenc());
  while (r.left > 0) {
    const index = r.lenenc();
    if (index >= count) throw r.malformed(`charset of character column ${index} of ${count}`);
    collations[index] = r.lenenc();
  }
  return collations;
};

const readLenencs = (r: ByteReader, count: number): number[] => Array.from({ length: count }, () => r.lenenc());

const readMembers = (r: ByteReader, columns: number): Uint8Array[][] =>
  Array.from({ length: columns }, () =>
    Array.from({ length: r.count(r.lenenc()) }, () => Buffer.from(r.view(r.lenenc()))),
  );

const readBits = (r: ByteReader, count: number, order: 'lsb-first' | 'msb-first'): boolean[] => {
  const bytes = r.view((count + 7) >> 3);
  return Array.from(
    { length: count },
    (_, i) => (bytes[i >> 3]! & (order === 'lsb-first' ? 1 << (i & 7) : 0x80 >> (i & 7))) !== 0,
  );
};

const section = (r: ByteReader, length: number): ByteReader => {
  const start = r.advance(length);
  return new ByteReader(r.bytes, start, start + length, r.what);
};
