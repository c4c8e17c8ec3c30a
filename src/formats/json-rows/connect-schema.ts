/**
 * Kafka Connect's schemas as JsonConverter writes them beside a payload, with the semantic types of Connect and Debezium:
 *
 *     {"type":"int64","optional":false,"name":"io.debezium.time.MicroTimestamp","version":1,"field":"updated_at"}
 */
import { plainColumn } from '../../core/plain-column.ts';
import type { Column, ColumnType } from '../../core/table.ts';
import { unreadable } from './json-scanner.ts';
import { type Description, longestBytes } from './message-tables.ts';
import type { ValueModes } from './value-modes.ts';

export interface ConnectField {
  readonly type: string;
  readonly optional?: boolean;
  readonly name?: string;
  readonly field?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly fields?: readonly ConnectField[];
}

/** The field called `name` of a struct; null: it has none. */
export const fieldOf = (struct: ConnectField, name: string): ConnectField | null =>
  struct.fields?.find(({ field }) => field === name) ?? null;

/** A table whose rows are the struct's values. */
export const describeStruct = (struct: ConnectField | null, key: readonly string[]): Description => {
  if (struct?.fields === undefined) return unreadable('its schema does not say what a row is');
  const { fields } = struct;
  const modes = new Map<string, Partial<ValueModes>>();
  const columns = fields.map((field): Column => {
    const name = field.field ?? unreadable('its schema has a field without a name');
    const times = units[field.name ?? ''];
    if (times !== undefined) modes.set(name, { times });
    // Whatever the handling modes of the other columns are: Connect writes bytes in one way only.
    else if (field.type === 'bytes') modes.set(name, { decimals: 'unscaled', binaries: 'base64' });
    return plainColumn(name, semanticType(field) ?? plainType(field), { nullable: field.optional === true });
  });
  return { columns, key, uniqueKeys: [], charset: 'utf8mb4', comment: null, modes };
};

const textType: ColumnType = {
  kind: 'text',
  fixed: false,
  maxBytes: longestBytes,
  charset: 'utf8mb4',
  collation: 'utf8mb4_bin',
};

const semanticType = ({ name = '', parameters = {} }: ConnectField): ColumnType | null => {
  const charset = 'utf8mb4';
  const values = (parameters['allowed'] ?? '').split(',');
  switch (name) {
    case 'org.apache.kafka.connect.data.Decimal': {
      const scale = Number(parameters['scale'] ?? 0);
      const precision = Number(parameters['connect.decimal.precision'] ?? 65);
      return { kind: 'decimal', precision, scale, unsigned: false };
    }
    case 'org.apache.kafka.connect.data.Date':
    case 'io.debezium.time.Date':
    case 'io.debezium.time.IsoDate':
      return { kind: 'date' };
    case 'org.apache.kafka.connect.data.Time':
    case 'io.debezium.time.Time':
      return { kind: 'time', fsp: 3 };
    case 'io.debezium.time.MicroTime':
    case 'io.debezium.time.NanoTime':
    case 'io.debezium.time.IsoTime':
      return { kind: 'time', fsp: 6 };
    case 'org.apache.kafka.connect.data.Timestamp':
    case 'io.debezium.time.Timestamp':
      return { kind: 'datetime', fsp: 3 };
    case 'io.debezium.time.MicroTimestamp':
    case 'io.debezium.time.NanoTimestamp':
    case 'io.debezium.time.IsoTimestamp':
      return { kind: 'datetime', fsp: 6 };
    case 'io.debezium.time.ZonedTimestamp':
      return { kind: 'timestamp', fsp: 6 };
    case 'io.debezium.time.Year':
      return { kind: 'year' };
    case 'io.debezium.data.Json':
      return { kind: 'json' };
    case 'io.debezium.data.Enum':
      return { kind: 'enum', values, charset };
    case 'io.debezium.data.EnumSet':
      return { kind: 'set', values, charset };
    case 'io.debezium.data.Bits':
      return { kind: 'bit', length: Number(parameters['length'] ?? 64) };
    case 'io.debezium.data.geometry.Geometry':
      return { kind: 'geometry', shape: 0 };
    case 'io.debezium.data.geometry.Point':
      return { kind: 'geometry', shape: 1 };
    case 'io.debezium.data.FloatVector':
      return { kind: 'vector', dimensions: null };
    default:
      return null;
  }
};

const plainType = ({ type }: ConnectField): ColumnType => {
  switch (type) {
    case 'boolean':
    case 'int8':
      return { kind: 'integer', bits: 8, unsigned: false };
    case 'int16':
      return { kind: 'integer', bits: 16, unsigned: false };
    case 'int32':
      return { kind: 'integer', bits: 32, unsigned: false };
    case 'int64':
      return { kind: 'integer', bits: 64, unsigned: false };
    case 'float':
    case 'float32':
      return { kind: 'float', unsigned: false };
    case 'double':
    case 'float64':
      return { kind: 'double', unsigned: false };
    case 'string':
      return textType;
    case 'bytes':
      return { kind: 'binary', fixed: false, maxBytes: longestBytes };
    case 'struct':
    case 'array':
    case 'map':
      return { kind: 'json' };
    default:
      return unreadable(`its schema has the type ${type}, which Kafka Connect does not know`);
  }
};

/** What the numbers of a semantic type count, whatever the handling modes say. */
const units: Readonly<Record<string, ValueModes['times']>> = {
  'org.apache.kafka.connect.data.Time': 'millis',
  'org.apache.kafka.connect.data.Timestamp': 'millis',
  'io.debezium.time.Time': 'millis',
  'io.debezium.time.Timestamp': 'millis',
  'io.debezium.time.MicroTime': 'micros',
  'io.debezium.time.MicroTimestamp': 'micros',
  'io.debezium.time.NanoTime': 'nanos',
  'io.debezium.time.NanoTimestamp': 'nanos',
};
