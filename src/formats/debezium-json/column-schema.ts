import type { Column } from '../../core/table.ts';
import { adjustedFieldName } from './adjusted-name.ts';
import { form } from './column-plan.ts';
import { arrayOf, field, plain, type SchemaFacts, schemaText, struct } from './connect-schema-text.ts';
import type { DebeziumOptions } from './options.ts';

/** A column's schema, after `how` its values are written (`form`). `byDefault`: its default as JSON; null: it has none. */
export const columnSchema = (
  column: Column,
  how: number,
  options: DebeziumOptions,
  byDefault: string | null,
): string => {
  const { type, facts } = shapeOf(column, how, options);
  const more = byDefault === null ? {} : { default: byDefault };
  return schemaText(type, {
    optional: column.nullable,
    ...facts,
    ...more,
    field: adjustedFieldName(column.name, options.fieldNames ?? 'none'),
  });
};

interface Shape {
  readonly type: string;
  readonly facts?: SchemaFacts;
}

const shapeOf = ({ type }: Column, how: number, { times, binaries = 'bytes' }: DebeziumOptions): Shape => {
  switch (type.kind) {
    case 'integer':
      if (how === form.boolean) return { type: plain('boolean') };
      return how === form.unscaled ? decimal(0, longestUnsigned) : { type: plain(integerType(type)) };
    case 'decimal':
      if (how === form.unscaled) return decimal(type.scale, type.precision);
      return { type: plain(how === form.text ? 'string' : 'double') };
    case 'float':
    case 'double':
      return { type: plain(type.kind) };
    case 'bit':
      if (how === form.boolean) return { type: plain('boolean') };
      return named('bytes', 'io.debezium.data.Bits', { parameters: { length: String(type.length) } });
    case 'year':
      return named('int32', 'io.debezium.time.Year');
    case 'date':
      if (how === form.iso) return named('string', 'io.debezium.time.IsoDate');
      return named('int32', times === 'connect' ? 'org.apache.kafka.connect.data.Date' : 'io.debezium.time.Date');
    case 'time':
      if (how === form.iso) return named('string', 'io.debezium.time.IsoTime');
      if (how === form.millis) return named('int32', 'org.apache.kafka.connect.data.Time');
      return named('int64', how === form.nanos ? 'io.debezium.time.NanoTime' : 'io.debezium.time.MicroTime');
    case 'datetime':
      if (how === form.iso) return named('string', 'io.debezium.time.IsoTimestamp');
      if (times === 'connect') return named('int64', 'org.apache.kafka.connect.data.Timestamp');
      if (how === form.nanos) return named('int64', 'io.debezium.time.NanoTimestamp');
      return named('int64', how === form.millis ? 'io.debezium.time.Timestamp' : 'io.debezium.time.MicroTimestamp');
    case 'timestamp':
      return named('string', 'io.debezium.time.ZonedTimestamp');
    case 'binary':
      return { type: plain(binaries === 'bytes' ? 'bytes' : 'string') };
    case 'enum':
      return named('string', 'io.debezium.data.Enum', { parameters: { allowed: type.values.join(',') } });
    case 'set':
      return named('string', 'io.debezium.data.EnumSet', { parameters: { allowed: type.values.join(',') } });
    case 'json':
      return how === form.text ? { type: plain('string') } : named('string', 'io.debezium.data.Json');
    case 'geometry':
      return how === form.point ? point : geometry;
    case 'vector':
      return {
        type: arrayOf(schemaText(plain('float'))),
        facts: { name: 'io.debezium.data.FloatVector', version: 1 },
      };
    case 'text':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return { type: plain('string') };
  }
};

/** The smallest of Connect's integers that Debezium takes: it has no use for int8. */
const integerType = ({ bits, unsigned }: { readonly bits: number; readonly unsigned: boolean }): string => {
  if (bits === 64 || (bits === 32 && unsigned)) return 'int64';
  if (bits === 32 || bits === 24 || (bits === 16 && unsigned)) return 'int32';
  return 'int16';
};

/** The digits of 2^64 - 1. */
const longestUnsigned = 20;

const named = (type: string, name: string, more: SchemaFacts = {}): Shape => ({
  type: plain(type),
  facts: { name, version: 1, ...more },
});

const decimal = (scale: number, precision: number): Shape =>
  named('bytes', 'org.apache.kafka.connect.data.Decimal', {
    parameters: { scale: String(scale), 'connect.decimal.precision': String(precision) },
  });

const point: Shape = {
  type: struct([field('x', 'double'), field('y', 'double'), field('wkb', 'bytes?'), field('srid', 'int32?')]),
  facts: { name: 'io.debezium.data.geometry.Point', version: 1, doc: 'Geometry (POINT)' },
};

const geometry: Shape = {
  type: struct([field('wkb', 'bytes'), field('srid', 'int32?')]),
  facts: { name: 'io.debezium.data.geometry.Geometry', version: 1, doc: 'Geometry' },
};
