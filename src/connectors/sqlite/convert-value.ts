import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { ColumnType } from '../../core/table.ts';
import { isNumberInText, storageOf } from './column-storage.ts';
import { withScale } from './decimal-text.ts';
import { withFraction } from './temporal-text.ts';

/** What ALTER TABLE ... MODIFY does to the values that are there: the server converts them and logs no row. */
export interface Conversion {
  apply(value: SQLOutputValue): SQLInputValue;
  /** The server may have made something else of some values. */
  readonly uncertain: boolean;
}

/**
 * How stored values of one type become those of another; null: they stay as they are. `rounds`: a time with too many digits is
 * rounded, as on MySQL (unless sql_mode has TIME_TRUNCATE_FRACTIONAL); MariaDB cuts them off (unless TIME_ROUND_FRACTIONAL).
 */
export const conversionOf = (from: ColumnType, to: ColumnType, rounds: boolean): Conversion | null => {
  const certain = certainConversion(from, to, rounds);
  if (certain === 'same') return null;
  if (certain !== null) return { apply: keepingNull(certain), uncertain: false };
  return { apply: keepingNull((value) => cast(value, to)), uncertain: true };
};

type Convert = (value: Exclude<SQLOutputValue, null>) => SQLInputValue;

const isWhole = (type: ColumnType): boolean => type.kind === 'integer' || type.kind === 'year' || type.kind === 'bit';

const isTextual = (type: ColumnType): boolean =>
  ['text', 'enum', 'set', 'json', 'uuid', 'inet4', 'inet6'].includes(type.kind);

const certainConversion = (from: ColumnType, to: ColumnType, rounds: boolean): Convert | 'same' | null => {
  if (isWhole(from) && isWhole(to)) {
    if (isNumberInText(from) === isNumberInText(to)) return 'same';
    return isNumberInText(to) ? String : (value) => BigInt(value as string);
  }
  if (isWhole(from) && to.kind === 'decimal') return (value) => withScale(String(value), to.scale);
  if (isWhole(from) && (to.kind === 'double' || to.kind === 'float')) return Number;
  if (isWhole(from) && to.kind === 'text') return String;
  if (from.kind === 'decimal' && to.kind === 'decimal') {
    return from.scale === to.scale ? 'same' : (value) => withScale(value as string, to.scale);
  }
  if (from.kind === 'decimal' && to.kind === 'double') return Number;
  if (from.kind === 'decimal' && to.kind === 'text') return 'same';
  if (from.kind === 'decimal' && isWhole(to)) {
    const whole: Convert = (value) => withScale(value as string, 0);
    return isNumberInText(to) ? whole : (value) => BigInt(whole(value) as string);
  }
  if ((from.kind === 'float' && to.kind === 'double') || (from.kind === 'double' && to.kind === 'double'))
    return 'same';
  if (from.kind === 'float' && to.kind === 'float') return 'same';
  if (from.kind === to.kind && 'fsp' in from && 'fsp' in to) {
    return from.fsp === to.fsp ? 'same' : (value) => withFraction(value as string, to.fsp, rounds);
  }
  if (from.kind === 'date' && to.kind === 'datetime') {
    return (value) => withFraction(`${value} 00:00:00`, to.fsp, rounds);
  }
  if ((from.kind === 'date' || from.kind === 'time' || from.kind === 'datetime') && to.kind === 'text') return 'same';
  // The server refuses to make text shorter than its values, in strict mode; a longer CHAR or another charset is the same text.
  if (isTextual(from) && (to.kind === 'text' || to.kind === from.kind)) return 'same';
  if (from.kind === 'text' && (to.kind === 'enum' || to.kind === 'set')) return 'same';
  if (from.kind === 'binary' && to.kind === 'binary' && from.fixed === to.fixed && from.maxBytes === to.maxBytes)
    return 'same';
  if (from.kind === 'binary' && to.kind === 'binary' && !to.fixed) return 'same';
  if (from.kind === to.kind && storageOf(from) === 'BLOB') return from.kind === 'binary' ? null : 'same';
  return from.kind === to.kind ? 'same' : null;
};

const keepingNull =
  (convert: Convert) =>
  (value: SQLOutputValue): SQLInputValue =>
    value === null ? null : convert(value);

/** Best effort: what SQLite's own CAST would make of it. */
const cast = (value: Exclude<SQLOutputValue, null>, to: ColumnType): SQLInputValue => {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
  switch (storageOf(to)) {
    case 'TEXT':
      return text;
    case 'BLOB':
      return value instanceof Uint8Array ? value : Buffer.from(text, 'utf8');
    case 'REAL':
      return Number.parseFloat(text) || 0;
    case 'INTEGER':
      return Math.round(Number.parseFloat(text)) || 0;
  }
};
