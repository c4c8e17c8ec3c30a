import { exactPattern } from '../scan-config.ts';
import type { FedTable } from './flink-table.ts';

/** A pipeline that brings one table into its topic. */
export interface FeedPipeline {
  /** Made of the topic's name: whoever feeds a topic has this name, so that two cannot feed it side by side. */
  readonly name: string;
  readonly topic: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly sink: Readonly<Record<string, unknown>>;
}

/** What stood in `${...}` in the statements stands there still, so no password is in it. */
export const feedPipelines = (fed: readonly FedTable[], brokers: string): readonly FeedPipeline[] =>
  fed.map(({ topic, format, source }) => ({
    name: `${topic}-feed`,
    topic,
    source: {
      type: 'mysql',
      ...serverOf(source),
      tables: `${exactPattern(source['database-name']!)}.${exactPattern(source['table-name']!)}`,
    },
    sink: {
      type: 'kafka',
      'properties.bootstrap.servers': brokers,
      topic,
      'value.format': format,
      ...(format === 'debezium-json' ? { 'decimal.handling.mode': 'string', 'tombstones.on.delete': false } : {}),
    },
  }));

/** Pipelines in one file, for `millrace run`: as JSON, which is YAML. */
export const feedFile = (pipelines: readonly FeedPipeline[]): string =>
  `${JSON.stringify({ pipelines: pipelines.map(({ name, source, sink }) => ({ name, source, sink })) }, null, 2)}\n`;

/** One pipeline alone in a file, for `millrace serve`. */
export const servedFile = ({ name, source, sink }: FeedPipeline): string =>
  `${JSON.stringify({ pipeline: { name }, source, sink }, null, 2)}\n`;

/** How the server is reached. */
const serverOf = (source: FedTable['source']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(source).filter(
      ([key]) => !['connector', 'database-name', 'table-name', 'scan.startup.mode'].includes(key),
    ),
  );
