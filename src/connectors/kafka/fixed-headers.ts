import { MillraceError } from '../../core/errors.ts';
import type { Table } from '../../core/table.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { KafkaConfig } from './config.ts';

/** The headers that every record of a table gets: Flink CDC's names of the table, and the user's own. */
export const fixedHeaders = (
  config: Pick<KafkaConfig, 'sink.add-tableId-to-header-enabled' | 'sink.custom-header'>,
): ((table: Table) => readonly RecordHeader[]) => {
  const custom = (config['sink.custom-header'] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const colon = part.indexOf(':');
      if (colon > 0) return header(part.slice(0, colon).trim(), part.slice(colon + 1).trim());
      const reason = 'write name:value, separated by commas';
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'sink.custom-header', reason });
    });
  if (!config['sink.add-tableId-to-header-enabled']) return () => custom;
  const byTable = new Map<string, readonly RecordHeader[]>();
  return (table) => {
    let headers = byTable.get(table.id);
    if (headers === undefined) {
      headers = [
        header('namespace', ''),
        header('schemaName', table.database),
        header('tableName', table.name),
        ...custom,
      ];
      byTable.set(table.id, headers);
    }
    return headers;
  };
};

const header = (name: string, value: string): RecordHeader => {
  const bytes = Buffer.from(value);
  return { name: Buffer.from(name), bytes, start: 0, end: bytes.length };
};
