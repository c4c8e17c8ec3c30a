import { Buffer } from 'node:buffer';

/** A Connect schema as JsonConverter writes it; numbers are kept as their digits. */
interface ConnectSchema {
  readonly type: string;
  readonly fields?: readonly ConnectSchema[];
  readonly items?: ConnectSchema;
  readonly optional: boolean;
  readonly name?: string;
  readonly version?: unknown;
  readonly doc?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly default?: unknown;
  readonly field?: string;
}

/**
 * The Avro schema that Confluent's AvroConverter makes of a Connect schema (its `AvroData`), as JSON. What Avro has no word for goes
 * into properties: `connect.version`, `connect.parameters`, `connect.default`, `connect.name`, `connect.type`. What may be NULL is a
 * union with null: first, or last where there is another default. Names are made Avro's as Debezium's
 * `schema.name.adjustment.mode=avro` does.
 */
export const avroSchema = (connectSchema: string): string => {
  const named = new Set<string>();
  return JSON.stringify(avroOf(parse(connectSchema), '', named));
};

/** The same of the record that a row is: the schema of the envelope's `after`. */
export const avroRowSchema = (connectSchema: string): string => {
  const row = parse(connectSchema).fields!.find(({ field }) => field === 'after')!;
  return JSON.stringify(avroOf({ ...row, optional: false }, '', new Set()));
};

/** Debezium's `avro` adjustment of a schema's or field's name. */
const avroName = (name: string): string => name.replace(/^\d/, '_$&').replaceAll(/[^\w.]/g, '_');

const avroFieldName = (name: string): string => avroName(name).replaceAll('.', '_');

/** Numbers as written: a default of 2^63 - 1 has more digits than a double. */
const parse = (text: string): ConnectSchema =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? rawJson(context.source) : value,
  ) as ConnectSchema;

const rawJson = (JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown }).rawJSON;

const avroOf = (schema: ConnectSchema, namespace: string, named: Set<string>): unknown => {
  const type = typeOf(schema, namespace, named);
  if (!schema.optional) return type;
  return schema.default === undefined ? ['null', type] : [type, 'null'];
};

const typeOf = (schema: ConnectSchema, namespace: string, named: Set<string>): unknown => {
  const { type, name } = schema;
  if (type === 'struct') return recordOf(schema, namespace, named);
  const properties = propertiesOf(schema);
  if (type === 'array') return { type: 'array', items: avroOf(schema.items!, namespace, named), ...properties };
  const plain = avroTypes[type]!;
  const decimal = name === decimalName ? decimalSizes(schema) : {};
  const logical = logicalTypes[name ?? ''];
  const all = { ...decimal, ...properties, ...(logical === undefined ? {} : { logicalType: logical }) };
  return Object.keys(all).length === 0 ? plain : { type: plain, ...all };
};

/** A record is told once; where it comes again, its name stands for it. */
const recordOf = (schema: ConnectSchema, namespace: string, named: Set<string>): unknown => {
  const fullName = avroName(schema.name!);
  const dot = fullName.lastIndexOf('.');
  const own = fullName.slice(0, Math.max(dot, 0));
  const name = fullName.slice(dot + 1);
  if (named.has(fullName)) return own === namespace ? name : fullName;
  named.add(fullName);
  const fields = schema.fields!.map((field) => ({
    name: avroFieldName(field.field!),
    type: avroOf(field, own, named),
    ...defaultOf(field),
  }));
  return {
    type: 'record',
    name,
    ...(own === namespace ? {} : { namespace: own }),
    fields,
    ...propertiesOf(schema),
  };
};

const defaultOf = (field: ConnectSchema): object => {
  if (field.default !== undefined) return { default: defaultValue(field) };
  return field.optional ? { default: null } : {};
};

/** Bytes are text in Avro's defaults, a character for each. */
const defaultValue = ({ type, default: value }: ConnectSchema): unknown =>
  type === 'bytes' ? Buffer.from(value as string, 'base64').toString('latin1') : value;

const propertiesOf = (schema: ConnectSchema): Record<string, unknown> => ({
  ...(schema.doc === undefined ? {} : { 'connect.doc': schema.doc }),
  ...(schema.version === undefined ? {} : { 'connect.version': schema.version }),
  ...(schema.parameters === undefined ? {} : { 'connect.parameters': schema.parameters }),
  ...(schema.default === undefined ? {} : { 'connect.default': defaultValue(schema) }),
  ...(schema.name === undefined
    ? {}
    : { 'connect.name': schema.type === 'struct' ? avroName(schema.name) : schema.name }),
  ...(schema.type === 'int16' ? { 'connect.type': 'int16' } : {}),
});

const decimalSizes = ({ parameters }: ConnectSchema): object => ({
  scale: Number(parameters!['scale']),
  precision: Number(parameters!['connect.decimal.precision']),
});

const avroTypes: Readonly<Record<string, string>> = {
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float: 'float',
  double: 'double',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
};

const decimalName = 'org.apache.kafka.connect.data.Decimal';

const logicalTypes: Readonly<Record<string, string>> = {
  [decimalName]: 'decimal',
  'org.apache.kafka.connect.data.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time-millis',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp-millis',
};
