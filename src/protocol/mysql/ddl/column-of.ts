import type { Column, ColumnType } from '../../../core/table.ts';
import { quotedText, resolveType, type TypeSurroundings } from './declared-type.ts';
import type { ColumnDefinition, DefaultValue } from './effect.ts';

/** The column a definition makes in a table; null when no server would have taken its type. */
export const columnOf = (
  definition: ColumnDefinition,
  around: TypeSurroundings,
  explicitTimestampDefaults: boolean,
): Column | null => {
  const resolved = resolveType(definition.type, around);
  if (resolved === null) return null;
  const implicitlyNotNull = resolved.type.kind === 'timestamp' && !explicitTimestampDefaults;
  return {
    name: definition.name,
    type: around.flavor === 'mariadb' && definition.jsonCheck ? { kind: 'json' } : resolved.type,
    nullable: definition.primaryKey ? false : (definition.nullable ?? !implicitlyNotNull),
    declaration: resolved.declaration,
    defaultExpression: catalogueDefault(definition.default, resolved.type, around.flavor),
    generated: definition.generated,
    invisible: definition.invisible,
    autoIncrement: definition.autoIncrement,
    comment: definition.comment === '' ? null : definition.comment,
  };
};

/**
 * A default as information_schema.COLUMNS.COLUMN_DEFAULT words it: MySQL prints texts bare, MariaDB in quotes. Expressions stay as
 * written, where the servers print their own wording.
 */
export const catalogueDefault = (
  value: DefaultValue | null,
  type: ColumnType,
  flavor: 'mysql' | 'mariadb',
): string | null => {
  switch (value?.kind) {
    case undefined:
    case 'null':
      return null;
    case 'text':
      return literal(value.text, Buffer.from(value.text, 'utf8'), type, flavor);
    case 'number':
      return literal(value.text, Buffer.from(value.text, 'latin1'), type, flavor);
    case 'hex': {
      const digits = /^[0-9a-f]+$/i.test(value.digits) ? value.digits : '0';
      const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
      const number = (): bigint => BigInt(`0x${digits}`);
      if (type.kind === 'bit') return `b'${number().toString(2)}'`;
      return literal(isNumeric(type) ? String(number()) : bytes.toString('utf8'), bytes, type, flavor);
    }
    case 'bit':
      return `b'${value.digits.replace(/^0+(?=.)/, '')}'`;
    case 'now': {
      const fsp = value.fsp === 0 ? '' : `(${value.fsp})`;
      return flavor === 'mysql' ? `CURRENT_TIMESTAMP${fsp}` : `current_timestamp(${value.fsp === 0 ? '' : value.fsp})`;
    }
    case 'expression':
      return value.text;
  }
};

const literal = (text: string, bytes: Buffer, type: ColumnType, flavor: 'mysql' | 'mariadb'): string => {
  if (isNumeric(type)) return scaled(text, type);
  if (type.kind === 'bit') return /^\d+$/.test(text) ? `b'${BigInt(text).toString(2)}'` : text;
  if (type.kind !== 'binary' || bytes.length === 0) return flavor === 'mysql' ? text : quotedText(text);
  const padded = Buffer.alloc(type.fixed ? Math.max(type.maxBytes, bytes.length) : bytes.length);
  bytes.copy(padded);
  const hex = padded.toString('hex');
  // MySQL leaves the padding out again.
  return flavor === 'mysql' ? `0x${hex.replace(/(00)+$/, '').toUpperCase()}` : `x'${hex}'`;
};

const isNumeric = (type: ColumnType): boolean => ['integer', 'decimal', 'float', 'double', 'year'].includes(type.kind);

/** A plain decimal number with all digits of its column's scale: 1 in a DECIMAL(5,2) is 1.00. */
const scaled = (text: string, type: ColumnType): string => {
  if (type.kind !== 'decimal' || !/^-?\d+(\.\d*)?$/.test(text)) return text;
  const [whole = '0', fraction = ''] = text.split('.');
  if (type.scale === 0) return whole;
  return fraction.length > type.scale ? text : `${whole}.${fraction.padEnd(type.scale, '0')}`;
};
