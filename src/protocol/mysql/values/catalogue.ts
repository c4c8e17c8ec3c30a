import { MillraceError } from '../../../core/errors.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import type { Flavor } from '../flavor.ts';

/** A column's row in `information_schema.COLUMNS`; numbers may come as text. */
export interface CatalogueColumn {
  readonly COLUMN_NAME: string;
  readonly DATA_TYPE: string;
  readonly COLUMN_TYPE: string;
  readonly IS_NULLABLE: string;
  readonly CHARACTER_SET_NAME: string | null;
  readonly COLLATION_NAME: string | null;
  readonly CHARACTER_OCTET_LENGTH: number | string | bigint | null;
  readonly EXTRA: string;
  readonly COLUMN_DEFAULT: string | null;
  readonly COLUMN_COMMENT: string;
  readonly COLUMN_KEY: string;
  /**
   * MariaDB: the column's own CHECK (`information_schema.CHECK_CONSTRAINTS.CHECK_CLAUSE` where LEVEL = 'Column' and
   * CONSTRAINT_NAME is the column's), which is what tells JSON from LONGTEXT there.
   */
  readonly CHECK_CLAUSE?: string | null;
}

/** A key column's row in `information_schema.STATISTICS`. */
export interface CatalogueKeyColumn {
  readonly INDEX_NAME: string;
  readonly NON_UNIQUE: number | string | bigint;
  readonly SEQ_IN_INDEX: number | string | bigint;
  /** null: the key is over an expression. */
  readonly COLUMN_NAME: string | null;
}

export interface CatalogueTable {
  readonly flavor: Flavor;
  readonly database: string;
  readonly name: string;
  /** By ORDINAL_POSITION. */
  readonly columns: readonly CatalogueColumn[];
  /** Unique keys and the primary key; others are left out of the table. */
  readonly keys: readonly CatalogueKeyColumn[];
  /** The table's default charset, or null where not asked for. */
  readonly charset: string | null;
  readonly comment: string | null;
}

/** The core table that the server's catalogue describes. Throws VALUES_COLUMN_UNKNOWN for a type that no reader knows. */
export const tableFromCatalogue = (from: CatalogueTable): Table => {
  const columns = from.columns.map((row) => columnFromCatalogue(from, row));
  const keys = [...keysFromCatalogue(from)];
  const primary = keys.find((key) => key.name === 'PRIMARY');
  return defineTable({
    database: from.database,
    name: from.name,
    columns,
    primaryKey: primary?.columns ?? [],
    uniqueKeys: keys.filter((key) => key !== primary).map((key) => key.columns),
    charset: from.charset,
    comment: from.comment === '' ? null : from.comment,
  });
};

const columnFromCatalogue = (table: CatalogueTable, row: CatalogueColumn): Column => {
  const type = typeFromCatalogue(row);
  if (type === null) {
    throw new MillraceError('VALUES_COLUMN_UNKNOWN', {
      table: `${table.database}.${table.name}`,
      column: row.COLUMN_NAME,
      type: row.DATA_TYPE,
    });
  }
  // MariaDB words the default of every nullable column, MySQL only those that are not NULL.
  const noDefault = row.COLUMN_DEFAULT === null || (table.flavor === 'mariadb' && row.COLUMN_DEFAULT === 'NULL');
  return {
    name: row.COLUMN_NAME,
    type,
    nullable: row.IS_NULLABLE === 'YES',
    declaration: row.COLUMN_TYPE,
    defaultExpression: noDefault ? null : row.COLUMN_DEFAULT,
    generated: /\b(?:VIRTUAL|STORED) GENERATED\b/.test(row.EXTRA),
    invisible: /\bINVISIBLE\b/.test(row.EXTRA),
    autoIncrement: /\bauto_increment\b/i.test(row.EXTRA),
    comment: row.COLUMN_COMMENT === '' ? null : row.COLUMN_COMMENT,
  };
};

function* keysFromCatalogue(from: CatalogueTable): Iterable<{ readonly name: string; readonly columns: number[] }> {
  const positions = new Map(from.columns.map((column, i) => [column.COLUMN_NAME, i]));
  const byName = Map.groupBy(from.keys, (part) => part.INDEX_NAME);
  for (const [name, parts] of byName) {
    if (Number(parts[0]!.NON_UNIQUE) !== 0) continue;
    const columns = parts
      .toSorted((a, b) => Number(a.SEQ_IN_INDEX) - Number(b.SEQ_IN_INDEX))
      .map((part) => (part.COLUMN_NAME === null ? undefined : positions.get(part.COLUMN_NAME)));
    // A key over an expression says nothing about columns.
    if (columns.every((column) => column !== undefined)) yield { name, columns };
  }
}

/** The type that a row of the catalogue stands for; null: none that millrace knows. */
export const typeFromCatalogue = (row: CatalogueColumn): ColumnType | null => {
  const declared = row.COLUMN_TYPE;
  const unsigned = /\bunsigned\b/i.test(declared);
  const [first, second] = typeArguments(declared);
  const fsp = first ?? 0;
  switch (row.DATA_TYPE.toLowerCase()) {
    case 'tinyint':
      return { kind: 'integer', bits: 8, unsigned };
    case 'smallint':
      return { kind: 'integer', bits: 16, unsigned };
    case 'mediumint':
      return { kind: 'integer', bits: 24, unsigned };
    case 'int':
      return { kind: 'integer', bits: 32, unsigned };
    case 'bigint':
      return { kind: 'integer', bits: 64, unsigned };
    case 'decimal':
      return { kind: 'decimal', precision: first ?? 10, scale: second ?? 0, unsigned };
    case 'float':
      return { kind: 'float', unsigned };
    case 'double':
      return { kind: 'double', unsigned };
    case 'bit':
      return { kind: 'bit', length: first ?? 1 };
    case 'year':
      return { kind: 'year' };
    case 'date':
      return { kind: 'date' };
    case 'time':
      return { kind: 'time', fsp };
    case 'datetime':
      return { kind: 'datetime', fsp };
    case 'timestamp':
      return { kind: 'timestamp', fsp };
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext': {
      if (row.CHECK_CLAUSE != null && isJsonCheck(row.CHECK_CLAUSE, row.COLUMN_NAME)) return { kind: 'json' };
      return {
        kind: 'text',
        fixed: row.DATA_TYPE.toLowerCase() === 'char',
        maxBytes: Number(row.CHARACTER_OCTET_LENGTH ?? 0),
        charset: row.CHARACTER_SET_NAME ?? 'utf8mb4',
        collation: row.COLLATION_NAME,
      };
    }
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return {
        kind: 'binary',
        fixed: row.DATA_TYPE.toLowerCase() === 'binary',
        maxBytes: Number(row.CHARACTER_OCTET_LENGTH ?? 0),
      };
    case 'enum':
      return { kind: 'enum', values: memberValues(declared), charset: row.CHARACTER_SET_NAME ?? 'utf8mb4' };
    case 'set':
      return { kind: 'set', values: memberValues(declared), charset: row.CHARACTER_SET_NAME ?? 'utf8mb4' };
    case 'json':
      return { kind: 'json' };
    case 'vector':
      return { kind: 'vector', dimensions: first ?? null };
    case 'uuid':
      return { kind: 'uuid' };
    case 'inet4':
      return { kind: 'inet4' };
    case 'inet6':
      return { kind: 'inet6' };
    default: {
      const shape = geometryShapes.get(row.DATA_TYPE.toLowerCase());
      return shape === undefined ? null : { kind: 'geometry', shape };
    }
  }
};

/** Both servers' spellings. */
const geometryShapes: ReadonlyMap<string, number> = new Map([
  ['geometry', 0],
  ['point', 1],
  ['linestring', 2],
  ['polygon', 3],
  ['multipoint', 4],
  ['multilinestring', 5],
  ['multipolygon', 6],
  ['geometrycollection', 7],
  ['geomcollection', 7],
]);

/** The numbers in the type's parentheses: `decimal(14,4) unsigned` gives 14 and 4. */
const typeArguments = (declared: string): number[] => {
  const match = /^\w+\((\d+)(?:,(\d+))?\)/.exec(declared);
  return match === null
    ? []
    : match
        .slice(1)
        .filter((part) => part !== undefined)
        .map(Number);
};

const isJsonCheck = (clause: string, column: string): boolean =>
  clause.toLowerCase() === `json_valid(\`${column.replaceAll('`', '``')}\`)`.toLowerCase();

/**
 * The values in `enum('a','it''s','line\nbreak')`. The catalogue doubles quotes and writes backslash, NUL, newline and carriage
 * return with a backslash, whatever the sql_mode; all other characters stand for themselves.
 */
export const memberValues = (declared: string): string[] => {
  const values: string[] = [];
  for (const [, body] of declared.matchAll(/'((?:[^'\\]|\\.|'')*)'/gs)) {
    values.push(
      body!.replace(/''|\\(.)/gs, (_, escaped?: string) =>
        escaped === undefined ? "'" : (escapes[escaped] ?? escaped),
      ),
    );
  }
  return values;
};

const escapes: Readonly<Record<string, string>> = { '0': '\0', n: '\n', r: '\r' };
