import { z } from 'zod';
import { kafkaConfig } from '../../connectors/kafka/config.ts';
import { kafkaSourceConfig } from '../../connectors/kafka/source/config.ts';
import { withoutEffect } from '../../core/settings.ts';
import { localTimestamp, plain, string } from '../../sql/types/sql-type.ts';
import type { Settings } from '../connected-table.ts';
import { type Connection, type Declared, defineSqlConnector, OptionConflict } from './sql-connector.ts';
import { settled, takenFrom } from './taken-from.ts';

/** Settings of both ends that a declaration says otherwise, or has no use for. */
const { topic, 'value.format': format, schema, table, 'primary-key': key, ...sourceShape } = kafkaSourceConfig.shape;
const {
  topic: sinkTopic,
  'value.format': sinkFormat,
  'sink.tableId-to-topic.mapping': mapping,
  ...sinkShape
} = kafkaConfig.shape;

const shared = {
  ...sinkShape,
  ...sourceShape,
  topic: z.string().min(1),
  table: z
    .string()
    .regex(/^[^.]+\.[^.]+$/, 'write database.table')
    .optional(),
};

const changelogFormats = ['debezium-json', 'canal-json', 'maxwell-json'] as const;

/** A topic of rows that are added, or of a changelog in another tool's format. */
export const kafkaTopic = defineSqlConnector({
  name: 'kafka',
  options: z.strictObject({
    ...shared,
    format: z.enum(['json', ...changelogFormats]).optional(),
    'value.format': z.enum(['json', ...changelogFormats]).optional(),
  }),
  connect: (given, declared) => {
    const format = given['value.format'] ?? given.format;
    if (format === undefined) throw new OptionConflict("'kafka' needs 'format'");
    const appends = format === 'json';
    const flow = appends ? 'appends' : 'changes';
    return { ...connection(given, format, declared), reads: flow, writes: flow };
  },
});

/** A topic in which a record replaces the earlier one with its key, and one without a value takes it away. */
export const upsertKafkaTopic = defineSqlConnector({
  name: 'upsert-kafka',
  options: z.strictObject({
    ...shared,
    'key.format': z.enum(['json']),
    'value.format': z.enum(['json']),
    'value.fields-include': withoutEffect('the key columns are in the value too'),
  }),
  connect: (given, declared) => {
    if (!declared.hasKey)
      throw new OptionConflict("'upsert-kafka' needs PRIMARY KEY (...) NOT ENFORCED: the key of its records");
    return { ...connection(given, 'json', declared), reads: 'upserts', writes: 'upserts' };
  },
});

const connection = (
  given: Settings & { readonly topic: string; readonly table?: string | undefined },
  format: string,
  { hasKey, given: options }: Declared,
): Omit<Connection, 'reads' | 'writes'> => {
  const { topic: name, table: declaredTable = tableOf(name) } = given;
  const [database = '', written = ''] = declaredTable.split('.');
  const source = {
    'scan.startup.mode': 'earliest-offset',
    'decimal.handling.mode': 'string',
    ...takenFrom(options, sourceShape),
    topic: name,
    'value.format': format,
    'value.unknown-fields': 'ignore',
  };
  return {
    bounded: given['scan.bounded.mode'] === 'latest-offset',
    store: `kafka://${String(given['properties.bootstrap.servers'])}/${name}`,
    source: {
      kind: 'kafka',
      settings: settled(kafkaSourceConfig, source),
      table: declaredTable,
      appends: format === 'json' && !hasKey,
    },
    sink: {
      kind: 'kafka',
      settings: {
        'decimal.handling.mode': 'string',
        ...takenFrom(options, sinkShape),
        topic: topicOf(name, declaredTable),
        'value.format': format,
      },
      // Changelogs name the table they are of, by which they can be read again.
      database,
      table: written,
    },
    metadata: new Map([
      ['topic', string(false)],
      ['partition', plain('INT', false)],
      ['offset', plain('BIGINT', false)],
      ['timestamp', localTimestamp(3, false)],
    ]),
  };
};

/** What messages of a topic are of when neither they nor the declaration say it: as the source has it. */
const tableOf = (topic: string): string => {
  const parts = topic.split('.').filter((part) => part !== '');
  return parts.length < 2 ? `kafka.${topic.replaceAll('.', '')}` : parts.slice(-2).join('.');
};

/** As a template where that gives the same, so that topics that begin alike are written in one transaction. */
const topicOf = (name: string, table: string): string => {
  if (name === table.replace(/^kafka\./, '')) return '%{table}';
  return name === table || name.endsWith(`.${table}`)
    ? `${name.slice(0, name.length - table.length)}%{database}.%{table}`
    : name;
};
