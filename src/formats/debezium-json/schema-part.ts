import { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Value } from '../../core/value.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { adjustedSchemaName } from './adjusted-name.ts';
import { form, type TablePlan } from './column-plan.ts';
import { columnSchema } from './column-schema.ts';
import { arrayOf, field, plain, schemaText, struct } from './connect-schema-text.ts';
import type { DebeziumOptions } from './options.ts';
import { RowWriter } from './row-writer.ts';
import { defaultValue } from './schema-default.ts';

type Flavor = 'mysql' | 'mariadb';

/** What stands before the payloads of one kind of record, `{"schema":{…},"payload":`; a brace behind the payload closes it. */
export interface SchemaPart {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The schemas of a table version's keys and envelopes. */
export const tableSchemas = (plan: TablePlan, options: DebeziumOptions, flavor: Flavor): SchemaPart => {
  const { key, value } = tableSchemaTexts(plan, options, flavor);
  return { key: before(key), value: before(value) };
};

/** What stands before the two images alone, which are the data of a CloudEvent. */
export const dataSchema = (plan: TablePlan, options: DebeziumOptions, flavor: Flavor): Buffer =>
  before(tableSchemaTexts(plan, options, flavor).data);

/** Which columns have a default in their schema. */
export const columnsWithDefault = (plan: TablePlan, flavor: Flavor): readonly boolean[] =>
  defaultsOf(plan, flavor).map((byDefault) => byDefault !== null);

/** The schemas alone, as JsonConverter writes them; `data`: of the two images. */
export const tableSchemaTexts = (
  plan: TablePlan,
  options: DebeziumOptions,
  flavor: Flavor,
): { readonly key: string; readonly value: string; readonly data: string } => {
  const { table, keyColumns } = plan;
  const name = adjustedSchemaName(`${options.name}.${table.database}.${table.name}`, options.schemaNames ?? 'none');
  const defaults = defaultsOf(plan, flavor);
  const columns = table.columns.map((column, index) =>
    columnSchema(column, plan.forms[index]!, options, defaults[index]!),
  );
  const row = (image: string): string =>
    schemaText(struct(columns), { optional: true, name: `${name}.Value`, field: image });
  const envelope = [
    row('before'),
    row('after'),
    source(flavor),
    schemaText(
      struct([field('id', 'string'), field('total_order', 'int64'), field('data_collection_order', 'int64')]),
      {
        optional: true,
        name: 'event.block',
        version: 1,
        field: 'transaction',
      },
    ),
    field('op', 'string'),
    field('ts_ms', 'int64?'),
    field('ts_us', 'int64?'),
    field('ts_ns', 'int64?'),
  ];
  return {
    key: schemaText(struct(keyColumns.map((column) => columns[column]!)), { name: `${name}.Key` }),
    value: schemaText(struct(envelope), { name: `${name}.Envelope`, version: 2 }),
    data: schemaText(struct(envelope.slice(0, 2)), { name: `io.debezium.connector.${flavor}.Data` }),
  };
};

/** The schemas of the records in the topic of schema changes. */
export const schemaChangeSchemas = (flavor: Flavor): SchemaPart => {
  const connector = `io.debezium.connector.${flavor}`;
  const texts = arrayOf(schemaText(plain('string')));
  const column = schemaText(
    struct([
      field('name', 'string'),
      field('jdbcType', 'int32'),
      field('nativeType', 'int32?'),
      field('typeName', 'string'),
      field('typeExpression', 'string?'),
      field('charsetName', 'string?'),
      field('length', 'int32?'),
      field('scale', 'int32?'),
      field('position', 'int32'),
      field('optional', 'boolean?'),
      field('autoIncremented', 'boolean?'),
      field('generated', 'boolean?'),
      field('comment', 'string?'),
      field('defaultValueExpression', 'string?'),
      schemaText(texts, { optional: true, field: 'enumValues' }),
    ]),
    { name: 'io.debezium.connector.schema.Column', version: 1 },
  );
  const table = schemaText(
    struct([
      field('defaultCharsetName', 'string?'),
      schemaText(texts, { optional: true, field: 'primaryKeyColumnNames' }),
      schemaText(arrayOf(column), { field: 'columns' }),
      field('comment', 'string?'),
    ]),
    { optional: true, name: 'io.debezium.connector.schema.Table', version: 1, field: 'table' },
  );
  const change = schemaText(struct([field('type', 'string'), field('id', 'string'), table]), {
    name: 'io.debezium.connector.schema.Change',
    version: 1,
  });
  const value = [
    source(flavor),
    field('ts_ms', 'int64'),
    field('databaseName', 'string?'),
    field('schemaName', 'string?'),
    field('ddl', 'string?'),
    schemaText(arrayOf(change), { field: 'tableChanges' }),
  ];
  return {
    key: before(
      schemaText(struct([field('databaseName', 'string')]), { name: `${connector}.SchemaChangeKey`, version: 1 }),
    ),
    value: before(schemaText(struct(value), { name: `${connector}.SchemaChangeValue`, version: 1 })),
  };
};

/** The schemas of the records around transactions, as JsonConverter writes them. */
export const transactionSchemaTexts: { readonly key: string; readonly value: string } = (() => {
  const counts = schemaText(struct([field('data_collection', 'string'), field('event_count', 'int64')]), {
    optional: true,
    name: 'event.collection',
    version: 1,
  });
  const value = [
    field('status', 'string'),
    field('id', 'string'),
    field('event_count', 'int64?'),
    schemaText(arrayOf(counts), { optional: true, field: 'data_collections' }),
    field('ts_ms', 'int64'),
  ];
  const name = 'io.debezium.connector.common.TransactionMetadata';
  return {
    key: schemaText(struct([field('id', 'string')]), { name: `${name}Key`, version: 1 }),
    value: schemaText(struct(value), { name: `${name}Value`, version: 1 }),
  };
})();

export const transactionSchemas = (): SchemaPart => ({
  key: before(transactionSchemaTexts.key),
  value: before(transactionSchemaTexts.value),
});

const before = (schema: string): Buffer => Buffer.from(`{"schema":${schema},"payload":`);

const source = (flavor: Flavor): string =>
  schemaText(
    struct([
      field('version', 'string'),
      field('connector', 'string'),
      field('name', 'string'),
      field('ts_ms', 'int64'),
      schemaText(plain('string'), {
        optional: true,
        name: 'io.debezium.data.Enum',
        version: 1,
        parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
        default: '"false"',
        field: 'snapshot',
      }),
      field('db', 'string'),
      field('sequence', 'string?'),
      field('ts_us', 'int64?'),
      field('ts_ns', 'int64?'),
      field('table', 'string?'),
      field('server_id', 'int64'),
      field('gtid', 'string?'),
      field('file', 'string'),
      field('pos', 'int64'),
      field('row', 'int32'),
      field('thread', 'int64?'),
      field('query', 'string?'),
    ]),
    { name: `io.debezium.connector.${flavor}.Source`, version: 1, field: 'source' },
  );

/** Each column's default as JSON, in the very form its values have; null: it has none that the form can say. */
const defaultsOf = (plan: TablePlan, flavor: Flavor): readonly (string | null)[] => {
  const { table, forms } = plan;
  const values = table.columns.map((column, index): Value | undefined => {
    const value = defaultValue(column, flavor);
    // Where the values of rows wrap, Debezium cuts the default off.
    const cut = forms[index] === form.wrapped && typeof value === 'bigint' && value > longestLong;
    return cut ? longestLong : value;
  });
  const out = new OutputBuffer();
  const writer = new RowWriter(out, plan);
  const marks = new Int32Array(values.length + 1);
  writer.begin(marks);
  new ArrayRowImages(table, { before: null, after: [values] }).write(0, 'after', writer);
  writer.end();
  return values.map((value, index) => {
    if (value === undefined) return null;
    const text = out.bytes.toString('utf8', marks[index]! + plan.prefixLengths[index]!, marks[index + 1]);
    return text === 'null' ? null : text;
  });
};

const longestLong = 2n ** 63n - 1n;
