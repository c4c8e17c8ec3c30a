import type { ColumnType } from '../../core/table.ts';

/** SQLite's storage classes for columns of a STRICT table. */
export type Storage = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB';

/** Where a column's canonical values are kept without losing anything: what SQLite's integers and reals cannot hold is text. */
export const storageOf = (type: ColumnType): Storage => {
  switch (type.kind) {
    case 'integer':
      return type.bits === 64 && type.unsigned ? 'TEXT' : 'INTEGER';
    case 'bit':
      return type.length > 63 ? 'TEXT' : 'INTEGER';
    case 'year':
      return 'INTEGER';
    case 'float':
    case 'double':
      return 'REAL';
    case 'binary':
    case 'geometry':
    case 'vector':
      return 'BLOB';
    case 'decimal':
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
    case 'text':
    case 'enum':
    case 'set':
    case 'json':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return 'TEXT';
  }
};

/** Whether values arrive as numbers but are kept as text. */
export const isNumberInText = (type: ColumnType): boolean =>
  (type.kind === 'integer' || type.kind === 'bit') && storageOf(type) === 'TEXT';
