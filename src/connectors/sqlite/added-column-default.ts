import type { Column, ColumnType } from '../../core/table.ts';
import { storageOf } from './column-storage.ts';
import { withScale } from './decimal-text.ts';
import { withFraction } from './temporal-text.ts';

/** What the rows that are there hold in a column that ALTER TABLE ... ADD made: the server fills it in and logs no row. */
export interface AddedColumnDefault {
  /** An SQL literal. */
  readonly literal: string;
  /** False: the server computed it (a generated column, CURRENT_TIMESTAMP, any expression), and the log does not say what came out. */
  readonly known: boolean;
}

const unknown: AddedColumnDefault = { literal: 'NULL', known: false };

export const addedColumnDefault = (column: Column): AddedColumnDefault => {
  const { type, nullable, defaultExpression: expression } = column;
  if (column.generated || column.autoIncrement) return unknown;
  if (expression === null) return known(nullable ? null : implicitDefault(type), type);
  if (/^null$/i.test(expression)) return known(null, type);
  const quoted = /^'(.*)'$/s.exec(expression);
  const text = quoted ? quoted[1]!.replaceAll("''", "'").replaceAll('\\\\', '\\') : expression;
  if (!quoted && isComputed(expression, type)) return unknown;
  return known(text, type);
};

/** The catalogue prints text defaults bare on MySQL and quoted on MariaDB, and expressions bare on both. */
const isComputed = (expression: string, type: ColumnType): boolean =>
  /\)\s*$/.test(expression) ||
  /^(current_timestamp|now|localtime|localtimestamp|curdate|current_date|curtime|current_time)\b/i.test(expression) ||
  (storageOf(type) !== 'TEXT' && !/^([-+]?[\d.]+(e[-+]?\d+)?|b'[01]*'|0x[\da-f]*|x'[\da-f]*')$/i.test(expression));

/** What a NOT NULL column without a default starts with. */
const implicitDefault = (type: ColumnType): string => {
  switch (type.kind) {
    case 'date':
      return '0000-00-00';
    case 'datetime':
    case 'timestamp':
      return '0000-00-00 00:00:00';
    case 'time':
      return '00:00:00';
    case 'enum':
      return type.values[0] ?? '';
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return '0';
    case 'json':
      return 'null';
    default:
      return '';
  }
};

const known = (text: string | null, type: ColumnType): AddedColumnDefault => ({
  literal: text === null ? 'NULL' : literalOf(text, type),
  known: true,
});

const literalOf = (text: string, type: ColumnType): string => {
  const bits = /^b'([01]*)'$/i.exec(text);
  switch (type.kind) {
    case 'decimal':
      return quoteText(withScale(text, type.scale));
    case 'time':
      return quoteText(withFraction(text, type.fsp, false));
    case 'datetime':
    case 'timestamp':
      return quoteText(withFraction(text.length === 10 ? `${text} 00:00:00` : text, type.fsp, false));
    case 'binary': {
      const hex = /^(?:0x|x')([\da-f]*)'?$/i.exec(text)?.[1];
      const bytes = hex === undefined ? Buffer.from(text, 'utf8') : Buffer.from(hex, 'hex');
      return `X'${Buffer.concat([bytes], type.fixed ? type.maxBytes : bytes.length).toString('hex')}'`;
    }
    case 'geometry':
    case 'vector':
      return `X''`;
    case 'float':
      return String(Math.fround(Number(text)));
    default: {
      const storage = storageOf(type);
      const number = bits ? String(BigInt(`0b0${bits[1]}`)) : text;
      return storage === 'INTEGER' || storage === 'REAL' ? number.replace(/^0+(?=\d)/, '') : quoteText(number);
    }
  }
};

const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
