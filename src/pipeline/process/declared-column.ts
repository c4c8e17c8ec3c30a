import { plainColumn } from '../../core/plain-column.ts';
import type { Column, ColumnType } from '../../core/table.ts';

/** The column that a type as SQL writes it stands for; null: no such type. */
export const declaredColumn = (name: string, declaration: string): Column | null => {
  const type = typeOf(declaration.trim().toLowerCase());
  if (type === null) return null;
  return plainColumn(name, type, { declaration: declaration.trim().toLowerCase() });
};

const bits = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, integer: 32, bigint: 64 } as const;
const text = (maxBytes: number): ColumnType => ({
  kind: 'text',
  fixed: false,
  maxBytes,
  charset: 'utf8mb4',
  collation: null,
});
const longest = 4_294_967_295;

const typeOf = (declaration: string): ColumnType | null => {
  const match = /^(\w+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?(\s+unsigned)?$/.exec(declaration);
  if (match === null) return null;
  const [, word = '', first, second, unsignedWord] = match;
  const unsigned = unsignedWord !== undefined;
  const size = first === undefined ? null : Number(first);
  switch (word) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'integer':
    case 'bigint':
      return { kind: 'integer', bits: bits[word], unsigned };
    case 'decimal':
      return { kind: 'decimal', precision: size ?? 10, scale: Number(second ?? 0), unsigned };
    case 'float':
    case 'double':
      return { kind: word, unsigned };
    case 'varchar':
      return size === null ? null : text(size * 4);
    case 'text':
      return text(longest);
    case 'varbinary':
      return size === null ? null : { kind: 'binary', fixed: false, maxBytes: size };
    case 'blob':
      return { kind: 'binary', fixed: false, maxBytes: longest };
    case 'date':
      return { kind: 'date' };
    case 'time':
    case 'datetime':
    case 'timestamp':
      return { kind: word, fsp: size ?? 0 };
    case 'json':
      return { kind: 'json' };
    default:
      return null;
  }
};

/** What is wrong with a value for a type, as "holds …" says it; null: it fits. */
export const misfit = (value: unknown, type: ColumnType): string | null => {
  if (value === null) return null;
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      if (typeof value === 'bigint' || Number.isSafeInteger(value)) return inRange(BigInt(value as number), type);
      return 'is no integer';
    case 'float':
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'is no finite number';
    case 'decimal':
      return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? null : 'is no decimal as text, such as 12.50';
    case 'binary':
    case 'geometry':
    case 'vector':
      return value instanceof Uint8Array ? null : 'is no Uint8Array';
    case 'date':
      return matches(value, /^\d{4}-\d\d-\d\d$/, 'is no date as text, such as 2024-02-29');
    case 'time':
      return matches(value, /^-?\d{2,3}:\d\d:\d\d(\.\d+)?$/, 'is no time as text, such as 12:30:00');
    case 'datetime':
    case 'timestamp':
      return matches(
        value,
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/,
        'is no moment as text, such as 2024-02-29 12:30:00',
      );
    default:
      return typeof value === 'string' ? null : 'is no text';
  }
};

const matches = (value: unknown, form: RegExp, otherwise: string): string | null =>
  typeof value === 'string' && form.test(value) ? null : otherwise;

const inRange = (value: bigint, type: ColumnType): string | null => {
  if (type.kind !== 'integer') return null;
  const size = BigInt(type.bits);
  const [least, most] = type.unsigned ? [0n, (1n << size) - 1n] : [-(1n << (size - 1n)), (1n << (size - 1n)) - 1n];
  return value >= least && value <= most ? null : 'is out of range';
};
