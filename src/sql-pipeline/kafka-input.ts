import { kafkaSourceConfig } from '../connectors/kafka/source/config.ts';
import { kafkaSource } from '../connectors/kafka/source/connector.ts';
import { declaredTables } from '../protocol/mysql/ddl/declared-tables.ts';
import type { TableSource } from './connected-table.ts';
import { declaredRows } from './declared-rows.ts';
import type { Input } from './input.ts';
import type { InputsOptions, Scan } from './open-inputs.ts';
import { placeRead } from './place-read.ts';
import type { QueryTable } from './query-tables.ts';
import { ScannedTable } from './scanned-table.ts';
import { SourceInput } from './source-input.ts';

/** Reads a topic as the table that the declaration says its messages are of. */
export const openKafkaInput = async (
  { name: scanName, table, input }: Scan,
  { settings, table: name, appends }: Extract<TableSource, { kind: 'kafka' }>,
  { evaluation, context }: InputsOptions,
): Promise<Input> => {
  const config = kafkaTableConfig(table, { settings, table: name });
  const [expected] = declaredTables(config.schema!, '');
  const scanned = new ScannedTable(expected!, table.columns(expected!, evaluation), input, {
    name: scanName,
    appends,
    upserts: table.declared!.binding.reads === 'upserts',
    absentIsNull: config['value.format'] === 'json',
  });
  const source = await kafkaSource.openSource!(config, context);
  const identity = placeRead({ ...settings, schema: config.schema });
  return new SourceInput({ identity, source, tables: new Map([[name, [scanned]]]), snapshots: false });
};

/** The settings of a source that takes the topic's messages as those of the declared table. Throws SQL_TYPE_MISMATCH at a column. */
export const kafkaTableConfig = (
  table: QueryTable,
  { settings, table: name }: Pick<Extract<TableSource, { kind: 'kafka' }>, 'settings' | 'table'>,
) => kafkaSourceConfig.parse({ ...settings, table: name, schema: declaredRows(table, name) });
