import type { Connector, Ends } from '../core/connector.ts';

/** A connector by name. Its code is loaded when a pipeline names it, so that nothing else pays for it. */
export interface RegisteredConnector {
  readonly type: string;
  readonly roles: readonly ('source' | 'sink')[];
  /** One sentence for lists and docs. */
  readonly summary: string;
  load(): Promise<Connector>;
}

/** One that can be opened without its settings' schema, by a process that is told settings that were checked. */
export interface OpenableConnector extends RegisteredConnector {
  ends(): Promise<Ends>;
}

export const connectors: readonly OpenableConnector[] = [
  {
    type: 'mysql',
    roles: ['source'],
    summary: 'Reads MySQL and MariaDB: a snapshot of the tables, then the binlog; or archived binlog files.',
    load: async () => (await import('./mysql/connector.ts')).mysql,
    ends: async () => (await import('./mysql/ends.ts')).mysqlEnds,
  },
  {
    type: 'mysql',
    roles: ['sink'],
    summary:
      'Writes tables of MySQL and MariaDB, exactly once: the position is in the transaction that writes the rows.',
    load: async () => (await import('./mysql/sink/connector.ts')).mysqlSink,
    ends: async () => (await import('./mysql/sink/ends.ts')).mysqlSinkEnds,
  },
  {
    type: 'kafka',
    roles: ['source'],
    summary: "Reads topics of Debezium's, Canal's, Maxwell's or plain JSON as changes of tables.",
    load: async () => (await import('./kafka/source/connector.ts')).kafkaSource,
    ends: async () => (await import('./kafka/source/ends.ts')).kafkaSourceEnds,
  },
  {
    type: 'blackhole',
    roles: ['sink'],
    summary: 'Takes everything and keeps nothing: for measuring what comes before it.',
    load: async () => (await import('./blackhole/connector.ts')).blackhole,
    ends: async () => (await import('./blackhole/ends.ts')).blackholeEnds,
  },
  {
    type: 'file',
    roles: ['sink'],
    summary: "Appends each change as a line of Debezium's JSON to a file, or prints it.",
    load: async () => (await import('./file/connector.ts')).file,
    ends: async () => (await import('./file/ends.ts')).fileEnds,
  },
  {
    type: 'kafka',
    roles: ['sink'],
    summary: "Writes each change as a record to Kafka topics, in Debezium's formats, exactly once.",
    load: async () => (await import('./kafka/connector.ts')).kafka,
    ends: async () => (await import('./kafka/ends.ts')).kafkaEnds,
  },
  {
    type: 'redis',
    roles: ['source'],
    summary:
      'Reads hashes of Redis or Valkey as rows of tables, as a replica of the server: all of them, then what changes.',
    load: async () => (await import('./redis/source/connector.ts')).redisSource,
    ends: async () => (await import('./redis/source/ends.ts')).redisSourceEnds,
  },
  {
    type: 'redis',
    roles: ['sink'],
    summary:
      'Keeps rows as hashes in Redis or Valkey, exactly once: the position is in the MULTI that writes the rows.',
    load: async () => (await import('./redis/sink/connector.ts')).redisSink,
    ends: async () => (await import('./redis/sink/ends.ts')).redisSinkEnds,
  },
  {
    type: 'sqlite',
    roles: ['sink'],
    summary:
      "Mirrors tables in a SQLite file, schema changes included, with the position in the rows' own transaction.",
    load: async () => (await import('./sqlite/connector.ts')).sqlite,
    ends: async () => (await import('./sqlite/ends.ts')).sqliteEnds,
  },
  {
    type: 'webhook',
    roles: ['sink'],
    summary: 'Posts each change to a URL as JSON, signed and in the order of its key, at least once.',
    load: async () => (await import('./webhook/connector.ts')).webhook,
    ends: async () => (await import('./webhook/ends.ts')).webhookEnds,
  },
];
