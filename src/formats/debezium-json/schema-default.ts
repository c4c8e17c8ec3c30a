import { Buffer } from 'node:buffer';
import type { Column } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';

/**
 * The default that a column's schema names, as a value of its type; undefined: none. What the server computes anew for each row has
 * none, but for the moment of writing: there Debezium says 1970.
 */
export const defaultValue = (column: Column, flavor: 'mysql' | 'mariadb'): Value | undefined => {
  const { type, defaultExpression: expression } = column;
  if (expression === null || column.generated || column.autoIncrement) return undefined;
  switch (type.kind) {
    case 'integer':
    case 'year':
      return /^[-+]?\d+$/.test(expression) ? BigInt(expression) : undefined;
    case 'decimal':
      return isNumber(expression) ? expression : undefined;
    case 'float':
    case 'double':
      return isNumber(expression) ? Number(expression) : undefined;
    case 'bit': {
      const digits = /^b'([01]+)'$/i.exec(expression)?.[1];
      return digits === undefined ? undefined : BigInt(`0b${digits}`);
    }
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return moment(column, expression);
    case 'binary': {
      if (flavor === 'mysql' && /blob/i.test(column.declaration ?? '')) return undefined;
      if (expression === '' || expression === "''") return Buffer.alloc(type.fixed ? type.maxBytes : 0);
      const digits = /^(?:0x|x')([\da-f]*)'?$/i.exec(expression)?.[1];
      if (digits === undefined) return undefined;
      const bytes = Buffer.from(digits, 'hex');
      return Buffer.concat([bytes], type.fixed ? type.maxBytes : bytes.length);
    }
    case 'text':
    case 'enum':
    case 'set': {
      const text = literalText(column, expression, flavor);
      if (type.kind === 'enum' && !type.values.includes(text ?? '')) return undefined;
      return text;
    }
    default:
      return undefined;
  }
};

const isNumber = (expression: string): boolean => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(expression);

const moment = ({ type, nullable }: Column, expression: string): string | undefined => {
  if (/^(current_timestamp|now|localtime|localtimestamp)\b/i.test(expression)) {
    if (type.kind === 'datetime') return epoch;
    return type.kind === 'timestamp' && !nullable ? epoch : undefined;
  }
  const text = /^'?(-?\d[-\d:. ]*)'?$/.exec(expression)?.[1];
  const isDate = text?.length === 10;
  return isDate && (type.kind === 'datetime' || type.kind === 'timestamp') ? `${text} 00:00:00` : text;
};

const epoch = '1970-01-01 00:00:00';

/**
 * MySQL's catalogue prints texts bare, and TEXT columns have expressions only; MariaDB prints them in quotes. What may be an expression
 * counts as one.
 */
const literalText = ({ declaration }: Column, expression: string, flavor: 'mysql' | 'mariadb'): string | undefined => {
  const quoted = /^'(.*)'$/s.exec(expression);
  if (flavor === 'mariadb') return quoted?.[1]?.replaceAll("''", "'").replaceAll('\\\\', '\\');
  const isExpression = quoted !== null || /\)\s*$/.test(expression) || /text/i.test(declaration ?? '');
  return isExpression ? undefined : expression;
};
