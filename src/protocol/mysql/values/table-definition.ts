import { MillraceError } from '../../../core/errors.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import { columnType } from '../column-type.ts';
import type { TableMap } from '../events/table-map.ts';
import { isPossibleMeta, stringMaxBytes, wireType } from './binlog-columns.ts';
import { type Charset, charsetOf } from './charsets/charset.ts';
import { binaryCollation, type Collations } from './collations.ts';

/**
 * The table that `map` describes. Names come from the log (binlog_row_metadata=FULL) or from `known`, the definition read from
 * the catalogue or followed through DDL; what the log does not tell (comments, defaults, MariaDB's UUID, INET4, INET6, JSON and
 * VECTOR, fractions of old temporal types) comes from `known`. Where both say the same, `known` itself is returned, so that
 * its id stays.
 *
 * Throws VALUES_TABLE_UNKNOWN without names from either, VALUES_TABLE_MISMATCH where number, names or types of columns
 * disagree, VALUES_COLLATION_UNKNOWN, VALUES_COLUMN_UNREADABLE, VALUES_FRACTION_UNKNOWN and
 * VALUES_MEMBERS_UNKNOWN.
 */
export const tableFromMap = (map: TableMap, collations: Collations, known: Table | null): Table => {
  const table = `${map.database}.${map.name}`;
  if (known === null && (map.names === null || map.columnCount === 0)) {
    throw new MillraceError('VALUES_TABLE_UNKNOWN', { table, columns: map.columnCount });
  }
  if (known !== null && known.columns.length !== map.columnCount) {
    throw new MillraceError('VALUES_TABLE_MISMATCH', {
      table,
      logged: `${map.columnCount} columns`,
      known: `${known.columns.length} columns`,
    });
  }
  const columns = Array.from({ length: map.columnCount }, (_, i) =>
    columnFromMap(map, i, collations, known?.columns[i] ?? null),
  );
  const primaryKey = map.primaryKey === null ? (known?.primaryKey ?? []) : map.primaryKey.map((part) => part.column);
  if (known !== null && isSame(known, map, columns, primaryKey)) return known;
  return defineTable({
    database: map.database,
    name: map.name,
    columns,
    primaryKey,
    uniqueKeys: known?.uniqueKeys ?? [],
    charset: known?.charset ?? null,
    comment: known?.comment ?? null,
  });
};

const isSame = (known: Table, map: TableMap, columns: readonly Column[], primaryKey: readonly number[]): boolean =>
  known.database === map.database &&
  known.name === map.name &&
  columns.every((column, i) => column === known.columns[i]) &&
  primaryKey.length === known.primaryKey.length &&
  primaryKey.every((column, i) => column === known.primaryKey[i]);

const columnFromMap = (map: TableMap, i: number, collations: Collations, known: Column | null): Column => {
  const name = map.names?.[i] ?? known?.name ?? '';
  const table = `${map.database}.${map.name}`;
  if (known !== null && known.name !== name) {
    throw new MillraceError('VALUES_TABLE_MISMATCH', {
      table,
      logged: `column ${name} at place ${i + 1}`,
      known: `column ${known.name}`,
    });
  }
  const type = typeFromMap(map, i, collations, name, known?.type ?? null);
  if (type === 'disagrees') {
    throw new MillraceError('VALUES_TABLE_MISMATCH', {
      table,
      logged: `column ${name} with wire type ${wireType(map, i)}, meta ${map.meta[i]}`,
      known: `column ${name} as ${known?.declaration ?? known?.type.kind}`,
    });
  }
  if (known !== null && sameType(known.type, type)) return known;
  if (known !== null) return { ...known, type };
  return plainColumn(name, type, {
    nullable: map.nullable[i] ?? true,
    invisible: map.visible?.[i] === false,
  });
};

/** What the log says of the column's type, filled up from `known`; or that the two cannot both be right. */
const typeFromMap = (
  map: TableMap,
  i: number,
  collations: Collations,
  name: string,
  known: ColumnType | null,
): ColumnType | 'disagrees' => {
  const meta = map.meta[i]!;
  const low = meta & 0xff;
  const high = meta >> 8;
  const wire = wireType(map, i);
  const is = <Kind extends ColumnType['kind']>(...kinds: Kind[]): boolean =>
    known === null || (kinds as string[]).includes(known.kind);
  const table = `${map.database}.${map.name}`;
  /** Signedness is logged for all numeric columns or for none. */
  const unsigned = map.unsigned?.[i] ?? (known !== null && 'unsigned' in known && known.unsigned);
  const signDisagrees = known !== null && 'unsigned' in known && known.unsigned !== unsigned;
  const collationOf = (id: number): { readonly collation: string; readonly charset: string } => {
    const collation = collations.get(id);
    if (collation !== undefined) return collation;
    throw new MillraceError('VALUES_COLLATION_UNKNOWN', { table, column: name, collation: id });
  };
  if (!isPossibleMeta(wire, meta))
    throw new MillraceError('VALUES_COLUMN_UNREADABLE', { table, column: name, type: wire });
  switch (wire) {
    case columnType.TINY:
    case columnType.SHORT:
    case columnType.INT24:
    case columnType.LONG:
    case columnType.LONGLONG: {
      const bits = integerBits[wire];
      if (!is('integer') || signDisagrees || (known?.kind === 'integer' && known.bits !== bits)) return 'disagrees';
      return { kind: 'integer', bits, unsigned };
    }
    case columnType.FLOAT:
      return is('float') && !signDisagrees ? { kind: 'float', unsigned } : 'disagrees';
    case columnType.DOUBLE:
      return is('double') && !signDisagrees ? { kind: 'double', unsigned } : 'disagrees';
    case columnType.NEWDECIMAL: {
      if (!is('decimal') || signDisagrees) return 'disagrees';
      if (known?.kind === 'decimal' && (known.precision !== low || known.scale !== high)) return 'disagrees';
      return { kind: 'decimal', precision: low, scale: high, unsigned };
    }
    case columnType.BIT: {
      const length = high * 8 + low;
      return is('bit') && (known?.kind !== 'bit' || known.length === length) ? { kind: 'bit', length } : 'disagrees';
    }
    case columnType.YEAR:
      return is('year') ? { kind: 'year' } : 'disagrees';
    case columnType.DATE:
    case columnType.NEWDATE:
      return is('date') ? { kind: 'date' } : 'disagrees';
    case columnType.TIME2:
    case columnType.DATETIME2:
    case columnType.TIMESTAMP2: {
      const kind = temporalKind[wire];
      if (!is(kind) || (known !== null && 'fsp' in known && known.fsp !== low)) return 'disagrees';
      return { kind, fsp: low };
    }
    case columnType.TIME:
    case columnType.DATETIME:
    case columnType.TIMESTAMP: {
      if (known === null) throw new MillraceError('VALUES_FRACTION_UNKNOWN', { table, column: name });
      return is(temporalKind[wire]) ? known : 'disagrees';
    }
    case columnType.ENUM:
    case columnType.SET: {
      const kind = wire === columnType.ENUM ? 'enum' : 'set';
      if (!is(kind)) return 'disagrees';
      const id = map.enumSetCollations?.[i];
      const charset = id == null ? ((known as MemberType | null)?.charset ?? 'utf8mb4') : collationOf(id).charset;
      const logged = (kind === 'enum' ? map.enumValues : map.setValues)?.[i] ?? null;
      const values =
        (logged === null ? null : decodeMembers(logged, charsetOf(charset, name))) ??
        (known as MemberType | null)?.values;
      if (values === undefined) throw new MillraceError('VALUES_MEMBERS_UNKNOWN', { table, column: name, charset });
      return { kind, values, charset };
    }
    case columnType.JSON:
      return is('json') ? { kind: 'json' } : 'disagrees';
    case columnType.GEOMETRY:
      if (!is('geometry')) return 'disagrees';
      return known?.kind === 'geometry' && map.geometryShapes?.[i] == null
        ? known
        : { kind: 'geometry', shape: map.geometryShapes?.[i] ?? 0 };
    case columnType.VECTOR:
      if (!is('vector')) return 'disagrees';
      return {
        kind: 'vector',
        dimensions: map.vectorDimensions?.[i] ?? (known as VectorType | null)?.dimensions ?? null,
      };
    case columnType.STRING:
    case columnType.VARCHAR:
    case columnType.VARCHAR_COMPRESSED:
    case columnType.BLOB:
    case columnType.BLOB_COMPRESSED: {
      const shape = bytesShape(wire, meta);
      const id = map.collations?.[i] ?? null;
      if (known !== null) {
        const allowed = id === null ? [...binaryKinds, ...textKinds] : id === binaryCollation ? binaryKinds : textKinds;
        if (!(allowed as readonly string[]).includes(known.kind)) return 'disagrees';
        if (known.kind === 'text') {
          const logged = id === null ? known : collationOf(id);
          return { kind: 'text', ...shape, charset: logged.charset, collation: logged.collation };
        }
        return known.kind === 'binary' ? { kind: 'binary', ...shape } : known;
      }
      if (id === null) throw new MillraceError('VALUES_TABLE_UNKNOWN', { table, columns: map.columnCount });
      if (id === binaryCollation) return { kind: 'binary', ...shape };
      const { charset, collation } = collationOf(id);
      return { kind: 'text', ...shape, charset, collation };
    }
    default:
      throw new MillraceError('VALUES_COLUMN_UNREADABLE', { table, column: name, type: wire });
  }
};

/**
 * The log has ENUM and SET values in the column's charset. Text of them is right only where that is UTF-8, or where all is
 * ASCII; null: it cannot be trusted.
 */
const decodeMembers = (logged: readonly (string | Uint8Array)[], charset: Charset): readonly string[] | null => {
  const values: string[] = [];
  for (const value of logged) {
    if (typeof value !== 'string') values.push(charset.decode(Buffer.from(value), 0, value.length));
    else if (charset.utf8 || (charset.asciiCompatible && /^[\x20-\x7e]*$/.test(value))) values.push(value);
    else return null;
  }
  return values;
};

type MemberType = Extract<ColumnType, { kind: 'enum' | 'set' }>;
type VectorType = Extract<ColumnType, { kind: 'vector' }>;

const integerBits = {
  [columnType.TINY]: 8,
  [columnType.SHORT]: 16,
  [columnType.INT24]: 24,
  [columnType.LONG]: 32,
  [columnType.LONGLONG]: 64,
} as const;

const temporalKind = {
  [columnType.TIME]: 'time',
  [columnType.TIME2]: 'time',
  [columnType.DATETIME]: 'datetime',
  [columnType.DATETIME2]: 'datetime',
  [columnType.TIMESTAMP]: 'timestamp',
  [columnType.TIMESTAMP2]: 'timestamp',
} as const;

/** What a byte column without a charset can be; all but 'binary' are MariaDB's, known only from its catalogue. */
const binaryKinds = ['binary', 'uuid', 'inet4', 'inet6', 'vector'] as const;
const textKinds = ['text', 'json'] as const;

const bytesShape = (wire: number, meta: number): { readonly fixed: boolean; readonly maxBytes: number } => {
  switch (wire) {
    case columnType.STRING:
      return { fixed: true, maxBytes: stringMaxBytes(meta) };
    case columnType.VARCHAR:
      return { fixed: false, maxBytes: meta };
    case columnType.VARCHAR_COMPRESSED:
      // One byte more than declared, for the compression header.
      return { fixed: false, maxBytes: meta - 1 };
    default:
      return { fixed: false, maxBytes: 2 ** (8 * (meta & 0xff)) - 1 };
  }
};

const sameType = (a: ColumnType, b: ColumnType): boolean =>
  a === b || JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));

const canonical = (type: ColumnType): unknown => Object.entries(type).sort(([a], [b]) => (a < b ? -1 : 1));
