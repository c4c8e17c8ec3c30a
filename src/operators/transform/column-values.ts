import { MillraceError } from '../../core/errors.ts';
import type { ColumnType } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';
import { decimalText, parseDecimal } from '../../sql/evaluate/decimal-arithmetic.ts';
import { jsonWriter } from '../../sql/evaluate/json-text.ts';
import type { EvaluationContext, SqlValue, Whole } from '../../sql/evaluate/sql-value.ts';
import { dateText, parseDate, parseTimestamp, timestampText, timeText } from '../../sql/evaluate/times.ts';
import { bytes, decimal, localTimestamp, plain, type SqlType, string, timestamp } from '../../sql/types/sql-type.ts';

/** A column's type in SQL, as Flink CDC maps MySQL's, and how its canonical values (core/value.ts) become SQL's. */
export interface ColumnReading {
  readonly type: SqlType;
  readonly read: (value: Exclude<Value, null>) => SqlValue;
}

const as = <From extends SqlValue>(value: unknown): From => value as From;

const whole = (kind: 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT'): ColumnReading => ({ type: plain(kind), read: as });
const text: ColumnReading = { type: string(), read: as };
const binary: ColumnReading = { type: bytes(), read: as };

export const columnReading = (type: ColumnType): ColumnReading => {
  switch (type.kind) {
    case 'integer':
      return integerReading(type.bits, type.unsigned);
    case 'year':
      return whole('INT');
    case 'bit':
      if (type.length === 1) return { type: plain('BOOLEAN'), read: (value) => value !== 0 };
      return type.length < 64 ? whole('BIGINT') : { type: decimal(20, 0), read: as };
    case 'decimal': {
      const { precision, scale } = type;
      // MySQL's DECIMAL has up to 65 digits, SQL's 38: a wider one is a text.
      if (precision > 38) return text;
      return { type: decimal(precision, scale), read: (value) => parseDecimal(value as string, scale) };
    }
    case 'float':
      return { type: plain('FLOAT'), read: as };
    case 'double':
      return { type: plain('DOUBLE'), read: as };
    case 'date':
      // A zero date is no day: NULL.
      return { type: { kind: 'DATE', nullable: true }, read: (value) => parseDate(value as string) };
    case 'time':
      // SQL's TIME has milliseconds: one with more digits is a text.
      return type.fsp > 3 ? text : { type: { kind: 'TIME', precision: type.fsp, nullable: true }, read: readTime };
    case 'datetime':
      return { type: timestamp(type.fsp), read: (value) => parseTimestamp(value as string) };
    case 'timestamp':
      return { type: localTimestamp(type.fsp), read: (value) => parseTimestamp(value as string) };
    case 'binary':
    case 'geometry':
    case 'vector':
      return binary;
    case 'text':
    case 'enum':
    case 'set':
    case 'json':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return text;
  }
};

const integerReading = (bits: number, unsigned: boolean): ColumnReading => {
  switch (bits) {
    case 8:
      return whole(unsigned ? 'SMALLINT' : 'TINYINT');
    case 16:
      return whole(unsigned ? 'INT' : 'SMALLINT');
    case 24:
      return whole('INT');
    case 32:
      return whole(unsigned ? 'BIGINT' : 'INT');
    default:
      return unsigned ? { type: decimal(20, 0), read: as } : whole('BIGINT');
  }
};

/** MySQL's TIME goes beyond a day and below zero; the milliseconds say it all. */
const readTime = (value: Exclude<Value, null>): SqlValue => {
  const match = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(value as string);
  if (match === null) return null;
  const millis = (Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4])) * 1000;
  const total = millis + Number((match[5] ?? '').padEnd(3, '0').slice(0, 3));
  return match[1] === '-' ? -total : total;
};

/** A computed column's type in a table, and how SQL's values become canonical ones. */
export interface ColumnWriting {
  readonly type: ColumnType;
  readonly declaration: string;
  readonly write: (value: Exclude<SqlValue, null>, context: EvaluationContext) => Value;
}

const charset = { charset: 'utf8mb4', collation: null };
const MAX_TEXT = 4_294_967_295;

/** Null: the type cannot be a column's. */
export const columnWriting = (type: SqlType): ColumnWriting | null => {
  const same = (value: unknown): Value => value as Value;
  switch (type.kind) {
    case 'BOOLEAN':
      return {
        type: { kind: 'integer', bits: 8, unsigned: false },
        declaration: 'tinyint(1)',
        write: (value) => (value === true ? 1 : 0),
      };
    case 'TINYINT':
      return { type: { kind: 'integer', bits: 8, unsigned: false }, declaration: 'tinyint', write: same };
    case 'SMALLINT':
      return { type: { kind: 'integer', bits: 16, unsigned: false }, declaration: 'smallint', write: same };
    case 'INT':
      return { type: { kind: 'integer', bits: 32, unsigned: false }, declaration: 'int', write: same };
    case 'BIGINT':
      return { type: { kind: 'integer', bits: 64, unsigned: false }, declaration: 'bigint', write: same };
    case 'DECIMAL': {
      const { precision, scale } = type;
      return {
        type: { kind: 'decimal', precision, scale, unsigned: false },
        declaration: `decimal(${precision},${scale})`,
        write: (value) => decimalText(value as Whole, scale),
      };
    }
    case 'FLOAT':
      return { type: { kind: 'float', unsigned: false }, declaration: 'float', write: finite };
    case 'DOUBLE':
      return { type: { kind: 'double', unsigned: false }, declaration: 'double', write: finite };
    case 'CHAR':
    case 'VARCHAR': {
      const maxBytes = Math.min(type.length * 4, MAX_TEXT);
      const declaration = type.length > 16_383 ? 'longtext' : `varchar(${type.length})`;
      return { type: { kind: 'text', fixed: false, maxBytes, ...charset }, declaration, write: same };
    }
    case 'BINARY':
    case 'VARBINARY': {
      const declaration = type.length > 65_532 ? 'longblob' : `varbinary(${type.length})`;
      const maxBytes = Math.min(type.length, MAX_TEXT);
      return { type: { kind: 'binary', fixed: false, maxBytes }, declaration, write: same };
    }
    case 'DATE':
      return { type: { kind: 'date' }, declaration: 'date', write: (value) => dateText(value as number) };
    case 'TIME': {
      const fsp = Math.min(type.precision, 3);
      const write = (value: unknown): Value => {
        const millis = value as number;
        return millis < 0 ? `-${timeText(-millis, fsp)}` : timeText(millis, fsp);
      };
      return { type: { kind: 'time', fsp }, declaration: `time(${fsp})`, write };
    }
    case 'TIMESTAMP': {
      const { precision } = type;
      const write = (value: unknown): Value => timestampText(value as Whole, precision);
      return { type: { kind: 'datetime', fsp: precision }, declaration: `datetime(${precision})`, write };
    }
    case 'TIMESTAMP_LTZ': {
      const { precision } = type;
      const write = (value: unknown): Value => timestampText(value as Whole, precision);
      return { type: { kind: 'timestamp', fsp: precision }, declaration: `timestamp(${precision})`, write };
    }
    case 'ARRAY':
    case 'MAP':
    case 'ROW': {
      const json = jsonWriter(type);
      return json === null
        ? null
        : { type: { kind: 'json' }, declaration: 'json', write: (value, context) => json(value, context) };
    }
    case 'NULL':
    case 'MONTHS':
    case 'MILLIS':
    case 'MULTISET':
      return null;
  }
};

/** No target of a column's double holds these, so they are not handed on as something else. */
const finite = (value: unknown): Value => {
  const number = value as number;
  if (Number.isFinite(number)) return number;
  throw new MillraceError('SQL_FUNCTION_FAILED', {
    name: 'the projection',
    reason: `${number} fits no column; guard it with CASE`,
  });
};
