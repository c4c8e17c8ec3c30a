import { CanalMessages } from '../../../formats/json-rows/canal-messages.ts';
import type { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import { DebeziumMessages } from '../../../formats/json-rows/debezium-messages.ts';
import { MaxwellMessages } from '../../../formats/json-rows/maxwell-messages.ts';
import type { MessageReader } from '../../../formats/json-rows/message.ts';
import { MessageTables } from '../../../formats/json-rows/message-tables.ts';
import { PlainMessages } from '../../../formats/json-rows/plain-messages.ts';
import { canalModes, debeziumModes, plainModes, type ValueModes } from '../../../formats/json-rows/value-modes.ts';
import type { KafkaSourceConfig } from './config.ts';
import { declaredTables, readTypeName } from './declared-tables.ts';

/** What turns values into changes of `changes`, as `value.format` asks. */
export const valueReader = (config: KafkaSourceConfig, changes: ChangeCollector): MessageReader => {
  const { schema } = config;
  const tables = new MessageTables({
    declared: schema === undefined ? null : declaredTables(schema, config.table?.split('.')[0] ?? 'kafka'),
    modes: modesOf(config),
    unknownFields: config['value.unknown-fields'],
    primaryKey: config['primary-key']?.split(',').map((name) => name.trim()) ?? null,
  });
  switch (config['value.format']) {
    case 'debezium-json':
      return new DebeziumMessages(tables, changes);
    case 'canal-json':
      return new CanalMessages(tables, changes, readTypeName);
    case 'maxwell-json':
      return new MaxwellMessages(tables, changes);
    case 'json':
      return new PlainMessages(tables, changes);
  }
};

const modesOf = (config: KafkaSourceConfig): ValueModes => {
  const format = config['value.format'];
  if (format === 'canal-json') return canalModes;
  if (format !== 'debezium-json') return plainModes;
  return {
    ...debeziumModes,
    decimals: config['decimal.handling.mode'] === 'precise' ? 'unscaled' : 'digits',
    unsignedBigints: config['bigint.unsigned.handling.mode'] === 'precise' ? 'unscaled' : 'wrapped',
    times: config['time.precision.mode'] === 'connect' ? 'millis' : 'adaptive',
    binaries: config['binary.handling.mode'] === 'hex' ? 'hex' : 'base64',
  };
};

/** Where rows belong whose message does not say: `shop.orders` of the topic `prod.shop.orders`. */
export const tableOfTopic = (
  topic: string,
  table: string | undefined,
): { readonly database: string; readonly table: string } => {
  const parts = (table ?? topic).split('.');
  return { database: parts.at(-2) ?? 'kafka', table: parts.at(-1)! };
};
