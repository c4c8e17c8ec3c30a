import { exactPattern } from '../scan-config.ts';
import type { FedTable } from './flink-table.ts';

/**
 * The pipeline file that brings the tables of a job into their topics, as JSON, which is YAML: a pipeline for each server and format. What
 * stood in `${...}` in the statements stands there still, so no password is in it.
 */
export const feedFile = (
  fed: readonly FedTable[],
  { name, brokers, topicPrefix }: { readonly name: string; readonly brokers: string; readonly topicPrefix: string },
): string => {
  const groups = Map.groupBy(fed, ({ format, source }) => JSON.stringify([format, serverOf(source)]));
  const pipelines = [...groups.values()].map((group, at) => {
    const { format, source } = group[0]!;
    return {
      name: at === 0 ? `${name}-feed` : `${name}-feed-${at + 1}`,
      source: {
        type: 'mysql',
        ...serverOf(source),
        tables: group.map(
          (table) => `${exactPattern(table.source['database-name']!)}.${exactPattern(table.source['table-name']!)}`,
        ),
      },
      sink: {
        type: 'kafka',
        'properties.bootstrap.servers': brokers,
        topic: `${topicPrefix}.%{database}.%{table}`,
        'value.format': format,
        ...(format === 'debezium-json' ? { 'decimal.handling.mode': 'string', 'tombstones.on.delete': false } : {}),
      },
    };
  });
  return `${JSON.stringify({ pipelines }, null, 2)}\n`;
};

/** How the server is reached. */
const serverOf = (source: FedTable['source']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(source).filter(
      ([key]) => !['connector', 'database-name', 'table-name', 'scan.startup.mode'].includes(key),
    ),
  );
