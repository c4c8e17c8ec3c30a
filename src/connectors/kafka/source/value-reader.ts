import type { Clock } from '../../../core/clock.ts';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { CanalMessages } from '../../../formats/json-rows/canal-messages.ts';
import type { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import { DebeziumMessages } from '../../../formats/json-rows/debezium-messages.ts';
import { MaxwellMessages } from '../../../formats/json-rows/maxwell-messages.ts';
import type { MessageReader } from '../../../formats/json-rows/message.ts';
import { MessageTables } from '../../../formats/json-rows/message-tables.ts';
import { PlainMessages } from '../../../formats/json-rows/plain-messages.ts';
import { canalModes, debeziumModes, plainModes, type ValueModes } from '../../../formats/json-rows/value-modes.ts';
import { declaredTables, readTypeName } from '../../../protocol/mysql/ddl/declared-tables.ts';
import type { RegistryConfig } from '../registry-config.ts';
import { SchemaRegistry } from '../schema-registry.ts';
import { AvroMessages, type KeyFormat } from './avro-messages.ts';
import type { KafkaSourceConfig } from './config.ts';

/** What turns values into changes of `changes`, as `value.format` asks. Throws CONFIG_WRONG_VALUE. */
export const valueReader = (config: KafkaSourceConfig, changes: ChangeCollector, clock: Clock): MessageReader => {
  const { schema } = config;
  const declared = schema === undefined ? null : declaredTables(schema, config.table?.split('.')[0] ?? 'kafka');
  expectWhole(config, declared ?? []);
  const tables = new MessageTables({
    declared,
    modes: modesOf(config),
    unknownFields: config['value.unknown-fields'],
    primaryKey: config['primary-key']?.split(',').map((name) => name.trim()) ?? null,
  });
  const keys = { format: config['key.format'] ?? null, fields: config['key.fields'] ?? null };
  return formatReader(config['value.format'], tables, changes, config, clock, keys);
};

/** How keys are written, null: as the values; and which columns are taken from them, null: those that rows lack. */
interface KeySettings {
  readonly format: KeyFormat | null;
  readonly fields: readonly string[] | null;
}

/** What turns values of a format into changes of `changes`. */
export const formatReader = (
  format: KafkaSourceConfig['value.format'],
  tables: MessageTables,
  changes: ChangeCollector,
  registry: RegistryConfig,
  clock: Clock,
  keys: KeySettings = { format: null, fields: null },
): MessageReader => {
  const rows = (): MessageReader =>
    new PlainMessages(tables, changes, { form: keys.format === 'raw' ? 'raw' : 'json', fields: keys.fields });
  switch (format) {
    case 'debezium-json':
      return new DebeziumMessages(tables, changes);
    case 'debezium-avro':
      return new AvroMessages(new DebeziumMessages(tables, changes), new SchemaRegistry(registry, clock), clock);
    case 'avro-confluent':
      return new AvroMessages(rows(), new SchemaRegistry(registry, clock), clock, keys.format ?? undefined);
    case 'canal-json':
      return new CanalMessages(tables, changes, readTypeName);
    case 'maxwell-json':
      return new MaxwellMessages(tables, changes);
    case 'json':
      return rows();
  }
};

type WrittenBy = Pick<
  KafkaSourceConfig,
  | 'value.format'
  | 'decimal.handling.mode'
  | 'bigint.unsigned.handling.mode'
  | 'time.precision.mode'
  | 'binary.handling.mode'
>;

/** How the writer of values wrote those of some types. */
export const modesOf = (config: WrittenBy): ValueModes => {
  const format = config['value.format'];
  if (format === 'canal-json') return canalModes;
  if (format === 'maxwell-json' || format === 'json') return plainModes;
  return {
    ...debeziumModes,
    decimals: config['decimal.handling.mode'] === 'precise' ? 'unscaled' : 'digits',
    unsignedBigints: config['bigint.unsigned.handling.mode'] === 'precise' ? 'unscaled' : 'wrapped',
    times: timeModes[config['time.precision.mode']],
    binaries: config['binary.handling.mode'] === 'hex' ? 'hex' : 'base64',
  };
};

const timeModes = {
  adaptive_time_microseconds: 'adaptive',
  adaptive: 'shortest',
  connect: 'millis',
  // Texts say all by themselves.
  isostring: 'adaptive',
  microseconds: 'micros',
  nanoseconds: 'nanos',
} as const;

/**
 * Refuses modes in which the writer has cut values that a declared column asks for whole: they would come back as others. Throws
 * CONFIG_WRONG_VALUE.
 */
const expectWhole = (config: KafkaSourceConfig, tables: readonly Table[]): void => {
  if (!config['value.format'].startsWith('debezium')) return;
  for (const table of tables) {
    for (const { name, type, declaration } of table.columns) {
      const refuse = (key: string, reason: string): never => {
        const what = `${qualifiedName(table)}.${name}, which is declared ${declaration}`;
        throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason: `${reason} in ${what}` });
      };
      if (config['decimal.handling.mode'] === 'double' && type.kind === 'decimal' && type.precision > exactDigits) {
        refuse('decimal.handling.mode', `double rounds what has more than ${exactDigits} digits, as may be`);
      }
      const isFine = (type.kind === 'datetime' || type.kind === 'time') && type.fsp > 3;
      if (config['time.precision.mode'] === 'connect' && isFine) {
        refuse('time.precision.mode', 'connect keeps milliseconds, and microseconds may be');
      }
    }
  }
};

/** Decimal digits that every double keeps. */
const exactDigits = 15;

/** Where rows belong whose message does not say: `shop.orders` of the topic `prod.shop.orders`. */
export const tableOfTopic = (
  topic: string,
  table: string | undefined,
): { readonly database: string; readonly table: string } => {
  const parts = (table ?? topic).split('.');
  return { database: parts.at(-2) ?? 'kafka', table: parts.at(-1)! };
};
