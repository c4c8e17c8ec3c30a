/**
 * Other tools' names for millrace's keys. Each is accepted with one warning that names ours. A name applies to a connector when
 * that connector has the key it stands for and does not itself use the name.
 *
 * Sources: Debezium's MySQL connector properties, Maxwell's config.md, canal.properties and instance.properties of Alibaba Canal.
 */

type OtherTool = 'Debezium' | 'Maxwell' | 'Canal' | 'Flink CDC';

export interface Alias {
  readonly tool: OtherTool;
  readonly name: string;
  /** The keys it sets here. */
  readonly keys: readonly string[];
  /** What each of `keys` is set to, or why the value cannot be taken over. Left out: the same text for its one key. */
  readonly convert?: (text: string) => Readonly<Record<string, string>> | { readonly refused: string };
}

/** Names that other tools' files carry and that have no counterpart here, with the reason. */
export interface WithoutCounterpart {
  readonly tool: OtherTool;
  /** A name, or a prefix that ends in a dot. */
  readonly name: string;
  readonly reason: string;
}

const same = (tool: OtherTool, name: string, key: string): Alias => ({ tool, name, keys: [key] });

/** An alias whose values are words that are called differently here. */
const words = (tool: OtherTool, name: string, key: string, table: Readonly<Record<string, string>>): Alias => ({
  tool,
  name,
  keys: [key],
  convert: (text) => {
    const value = table[text.trim().toLowerCase()];
    return value === undefined ? { refused: `its values are ${Object.keys(table).join(', ')}` } : { [key]: value };
  },
});

const milliseconds = (tool: OtherTool, name: string, key: string): Alias => ({
  tool,
  name,
  keys: [key],
  convert: (text) => ({ [key]: /^\s*\d+\s*$/.test(text) ? `${text.trim()}ms` : text }),
});

const sslMode = (tool: OtherTool, name: string): Alias => ({
  tool,
  name,
  keys: ['ssl.mode'],
  convert: (text) => ({ 'ssl.mode': text.trim().toLowerCase().replaceAll('_', '-') }),
});

const startupFile = 'scan.startup.specific-offset.file';
const startupPosition = 'scan.startup.specific-offset.pos';
const startupMode = 'scan.startup.mode';

export const aliases: readonly Alias[] = [
  same('Debezium', 'database.hostname', 'hostname'),
  same('Debezium', 'database.port', 'port'),
  same('Debezium', 'database.user', 'username'),
  same('Debezium', 'database.password', 'password'),
  same('Debezium', 'database.server.id', 'server-id'),
  sslMode('Debezium', 'database.ssl.mode'),
  same('Debezium', 'table.include.list', 'tables'),
  same('Debezium', 'table.exclude.list', 'tables.exclude'),
  {
    tool: 'Debezium',
    name: 'database.include.list',
    keys: ['tables'],
    convert: (text) => ({ tables: everyTableOf(text) }),
  },
  same('Debezium', 'column.exclude.list', 'columns.exclude'),
  words('Debezium', 'snapshot.mode', startupMode, {
    initial: 'initial',
    when_needed: 'initial',
    initial_only: 'snapshot',
    no_data: 'latest-offset',
    schema_only: 'latest-offset',
    never: 'earliest-offset',
  }),
  same('Debezium', 'incremental.snapshot.chunk.size', 'scan.incremental.snapshot.chunk.size'),
  // Names of Debezium 1.x.
  same('Debezium', 'table.whitelist', 'tables'),
  same('Debezium', 'table.blacklist', 'tables.exclude'),
  {
    tool: 'Debezium',
    name: 'database.whitelist',
    keys: ['tables'],
    convert: (text) => ({ tables: everyTableOf(text) }),
  },
  same('Debezium', 'column.blacklist', 'columns.exclude'),
  {
    tool: 'Debezium',
    name: 'database.exclude.list',
    keys: ['tables.exclude'],
    convert: (text) => ({ 'tables.exclude': everyTableOf(text) }),
  },
  words('Debezium', 'event.processing.failure.handling.mode', 'errors.tolerance', {
    fail: 'none',
    warn: 'all',
    skip: 'all',
    ignore: 'all',
  }),
  milliseconds('Debezium', 'errors.retry.delay.initial.ms', 'retry.initial-delay'),
  milliseconds('Debezium', 'errors.retry.delay.max.ms', 'retry.max-delay'),
  milliseconds('Debezium', 'heartbeat.interval.ms', 'heartbeat.interval'),
  milliseconds('Debezium', 'connect.timeout.ms', 'connect.timeout'),
  same('Debezium', 'value.converter.schemas.enable', 'debezium-json.schema-include'),

  same('Flink CDC', 'debezium-json.include-schema.enabled', 'debezium-json.schema-include'),

  same('Maxwell', 'host', 'hostname'),
  same('Maxwell', 'user', 'username'),
  same('Maxwell', 'replica_server_id', 'server-id'),
  sslMode('Maxwell', 'ssl'),
  { tool: 'Maxwell', name: 'filter', keys: ['tables', 'tables.exclude'], convert: (text) => maxwellFilter(text) },
  {
    tool: 'Maxwell',
    name: 'init_position',
    keys: [startupMode, startupFile, startupPosition],
    convert: (text) => {
      const match = /^([^:]+):(\d+)(?::\d+)?$/.exec(text.trim());
      if (!match) return { refused: 'it is written FILE:POSITION' };
      return { [startupMode]: 'specific-offset', [startupFile]: match[1]!, [startupPosition]: match[2]! };
    },
  },

  same('Maxwell', 'replication_host', 'hostname'),
  same('Maxwell', 'replication_port', 'port'),
  same('Maxwell', 'replication_user', 'username'),
  same('Maxwell', 'replication_password', 'password'),
  sslMode('Maxwell', 'replication_ssl'),
  same('Maxwell', 'kafka_topic', 'topic'),
  words('Maxwell', 'producer_partition_by', 'partition.strategy', { primary_key: 'hash-by-key' }),
  words('Maxwell', 'ignore_producer_error', 'errors.tolerance', { true: 'all', false: 'none' }),
  same('Maxwell', 'output_file', 'path'),

  {
    tool: 'Canal',
    name: 'canal.instance.master.address',
    keys: ['hostname', 'port'],
    convert: (text) => {
      const [hostname = '', port = '3306'] = text.trim().split(':');
      return { hostname, port };
    },
  },
  same('Canal', 'canal.instance.dbUsername', 'username'),
  same('Canal', 'canal.instance.dbPassword', 'password'),
  same('Canal', 'canal.instance.mysql.slaveId', 'server-id'),
  {
    tool: 'Canal',
    name: 'canal.instance.filter.regex',
    keys: ['tables'],
    convert: (text) => ({ tables: unescaped(text) }),
  },
  {
    tool: 'Canal',
    name: 'canal.instance.filter.black.regex',
    keys: ['tables.exclude'],
    convert: (text) => ({ 'tables.exclude': unescaped(text) }),
  },
  {
    tool: 'Canal',
    name: 'canal.instance.master.journal.name',
    keys: [startupMode, startupFile],
    convert: (text) => ({ [startupMode]: 'specific-offset', [startupFile]: text }),
  },
  same('Canal', 'canal.instance.master.position', startupPosition),
  {
    tool: 'Canal',
    name: 'canal.instance.master.timestamp',
    keys: [startupMode, 'scan.startup.timestamp-millis'],
    convert: (text) => ({ [startupMode]: 'timestamp', 'scan.startup.timestamp-millis': text }),
  },
  same('Canal', 'canal.mq.topic', 'topic'),
  words('Canal', 'canal.mq.flatMessage', 'value.format', { true: 'canal-json' }),
  {
    tool: 'Canal',
    name: 'canal.mq.partitionHash',
    keys: ['partition.strategy'],
    convert: (text) =>
      /^\.\*\\{1,2}\.\.\*(:\$pk\$)?$/.test(text.trim())
        ? { 'partition.strategy': 'hash-by-key' }
        : { refused: 'only the primary key of every table (`.*\\\\..*:$pk$`) can decide the partition' },
  },
  same('Canal', 'canal.instance.master.gtid', 'scan.startup.specific-offset.gtid-set'),
];

export const withoutCounterpart: readonly WithoutCounterpart[] = [
  {
    tool: 'Debezium',
    name: 'key.converter.schemas.enable',
    reason: '`debezium-json.schema-include` decides for keys and values at once',
  },
  { tool: 'Debezium', name: 'connector.class', reason: '`type` names the connector' },
  { tool: 'Debezium', name: 'tasks.max', reason: 'one server has one log, read by one reader' },
  { tool: 'Debezium', name: 'database.server.name', reason: '`pipeline.name` is what positions are kept under' },
  { tool: 'Debezium', name: 'schema.history.internal.', reason: 'schema versions are kept with the position' },
  { tool: 'Debezium', name: 'include.schema.changes', reason: 'schema changes are always followed' },
  { tool: 'Debezium', name: 'gtid.source.includes', reason: 'the position remembers every server by its uuid' },
  { tool: 'Debezium', name: 'database.history.', reason: 'schema versions are kept with the position' },
  { tool: 'Debezium', name: 'name', reason: '`pipeline.name` is what positions are kept under' },
  { tool: 'Debezium', name: 'gtid.source.excludes', reason: 'the position remembers every server by its uuid' },
  {
    tool: 'Debezium',
    name: 'gtid.source.filter.dml.events',
    reason: 'every transaction is read once, whoever wrote it',
  },
  { tool: 'Debezium', name: 'gtid.new.channel.position', reason: 'the position remembers every server by its uuid' },
  { tool: 'Debezium', name: 'include.schema.comments', reason: 'comments are always read' },
  {
    tool: 'Debezium',
    name: 'database.connectionTimeZone',
    reason: 'times are handed on as the server stores them, TIMESTAMP in UTC',
  },
  { tool: 'Debezium', name: 'connect.keep.alive', reason: 'a silent connection is noticed by heartbeats' },
  { tool: 'Debezium', name: 'connect.keep.alive.interval.ms', reason: 'a silent connection is noticed by heartbeats' },
  {
    tool: 'Debezium',
    name: 'max.batch.size',
    reason: '`pipeline` groups by time and bytes: `commit.interval`, `commit.max-bytes`',
  },
  { tool: 'Debezium', name: 'max.queue.size', reason: '`commit.max-bytes` bounds what waits for a sink' },
  { tool: 'Debezium', name: 'max.queue.size.in.bytes', reason: '`commit.max-bytes` bounds what waits for a sink' },
  { tool: 'Debezium', name: 'poll.interval.ms', reason: 'events are handled as they come' },
  {
    tool: 'Debezium',
    name: 'snapshot.locking.mode',
    reason: 'a snapshot holds no lock while it reads; `scan.watermark` says how',
  },
  { tool: 'Debezium', name: 'snapshot.fetch.size', reason: 'rows are read off the socket as they come' },
  {
    tool: 'Debezium',
    name: 'snapshot.max.threads',
    reason: '`scan.snapshot.parallelism` sets how many tables are read side by side',
  },
  { tool: 'Debezium', name: 'snapshot.delay.ms', reason: 'a snapshot begins at once' },
  { tool: 'Debezium', name: 'min.row.count.to.stream.results', reason: 'rows are always read as they come' },
  { tool: 'Debezium', name: 'binlog.buffer.size', reason: 'transactions that are rolled back are never logged' },
  { tool: 'Debezium', name: 'enable.time.adjuster', reason: 'years are what the server says they are' },
  {
    tool: 'Debezium',
    name: 'inconsistent.schema.handling.mode',
    reason: 'rows that fit no definition stop the pipeline',
  },
  {
    tool: 'Debezium',
    name: 'event.deserialization.failure.handling.mode',
    reason: 'an event that cannot be read stops the pipeline',
  },
  {
    tool: 'Debezium',
    name: 'signal.',
    reason:
      'signals are taken from the topic that `pipeline` names as `signal.kafka.topic`; `millrace snapshot` and the HTTP API do the same',
  },
  { tool: 'Debezium', name: 'notification.', reason: 'events come from the HTTP API' },
  { tool: 'Debezium', name: 'incremental.snapshot.allow.schema.changes', reason: 'a snapshot survives schema changes' },
  {
    tool: 'Maxwell',
    name: 'bootstrapper',
    reason: '`scan.startup.mode: initial` takes a snapshot, and `millrace snapshot` one of a table',
  },
  { tool: 'Maxwell', name: 'jdbc_options', reason: 'no JDBC driver is used; TLS is set by `ssl.mode`' },
  { tool: 'Maxwell', name: 'replication_jdbc_options', reason: 'no JDBC driver is used; TLS is set by `ssl.mode`' },
  { tool: 'Maxwell', name: 'schema_jdbc_options', reason: 'no JDBC driver is used; TLS is set by `ssl.mode`' },
  { tool: 'Maxwell', name: 'binlog_heartbeat', reason: '`heartbeat.interval` notices dead connections' },
  { tool: 'Maxwell', name: 'master_recovery', reason: 'GTIDs find the place on another server' },
  { tool: 'Maxwell', name: 'recapture_schema', reason: 'schema versions are kept with the position' },
  { tool: 'Maxwell', name: 'max_schemas', reason: 'schema versions are kept with the position' },
  { tool: 'Maxwell', name: 'buffer_memory_usage', reason: '`commit.max-bytes` bounds what waits for a sink' },
  { tool: 'Maxwell', name: 'binlog_event_queue_size', reason: 'events are handled as they come' },
  { tool: 'Maxwell', name: 'gtid_mode', reason: 'GTIDs are used where the server has them' },
  { tool: 'Maxwell', name: 'schema_database', reason: 'nothing is written to the source' },
  { tool: 'Maxwell', name: 'client_id', reason: '`pipeline.name` is what positions are kept under' },
  { tool: 'Canal', name: 'canal.instance.gtidon', reason: 'GTIDs are used where the server has them' },
  { tool: 'Canal', name: 'canal.instance.tsdb.', reason: 'schema versions are kept with the position' },
  { tool: 'Canal', name: 'canal.instance.detecting.', reason: '`heartbeat.interval` does this' },
  { tool: 'Canal', name: 'canal.instance.defaultDatabaseName', reason: 'the log names the database of every table' },
  { tool: 'Canal', name: 'canal.instance.memory.', reason: '`commit.max-bytes` bounds what waits for a sink' },
  { tool: 'Canal', name: 'canal.instance.parser.', reason: 'decoding is one pass over the bytes' },
  {
    tool: 'Canal',
    name: 'canal.instance.network.',
    reason: '`connect.timeout` and `heartbeat.interval` bound waiting',
  },
  {
    tool: 'Canal',
    name: 'canal.instance.binlog.',
    reason: 'the log must be ROW with full images, which `millrace doctor` checks',
  },
  { tool: 'Canal', name: 'canal.instance.connectionCharset', reason: 'each column is decoded by its own charset' },
  { tool: 'Flink CDC', name: 'jdbc.properties.', reason: 'no JDBC driver is used; TLS is set by `ssl.mode`' },
  { tool: 'Flink CDC', name: 'debezium.', reason: 'no Debezium engine is used' },
];

/** Debezium's list of databases as table patterns. */
const everyTableOf = (databases: string): string =>
  databases
    .split(',')
    .map((database) => `${database.trim().replace(/(?<!\\)\./g, '\\.')}.\\.*`)
    .join(', ');

/** Canal's patterns stand in Java properties files, where each backslash is written twice. */
const unescaped = (text: string): string => text.replaceAll('\\\\', '\\');

/** Maxwell's `exclude: *.*, include: shop.orders, exclude: shop./tmp_.+/`, as far as it says the same in any order of its rules. */
const maxwellFilter = (text: string): Record<string, string> | { refused: string } => {
  const rules = Array.from(text.matchAll(/\s*(include|exclude|blacklist)\s*:\s*([^,]+?)\s*(?:,|$)/gy));
  if (rules.map((rule) => rule[0]).join('') !== text)
    return { refused: 'only `include: db.table` and `exclude: db.table` are understood' };
  const patterns = rules.map((rule) => ({ kind: rule[1]!, pattern: maxwellPattern(rule[2]!) }));
  if (patterns.some(({ pattern }) => pattern === null))
    return { refused: 'only rules of the form db.table are understood' };
  const closed = patterns[0]?.kind === 'exclude' && patterns[0].pattern === '\\.*.\\.*';
  const rest = closed ? patterns.slice(1) : patterns;
  const of = (kind: string): string =>
    rest
      .filter((rule) => rule.kind === kind)
      .map((rule) => rule.pattern)
      .join(', ');
  // The last rule that matches a table decides. An include behind an exclude takes its tables out of it where both name one database.
  const excludes: string[] = [];
  for (const [at, rule] of rest.entries()) {
    if (rule.kind !== 'exclude') continue;
    const [database, table] = partsOf(rule.pattern!);
    const later = rest.slice(at + 1).filter(({ kind }) => kind === 'include');
    const kept = later.map(({ pattern }) => partsOf(pattern!)).filter(([other]) => other === database);
    if (kept.length < later.length) return { refused: 'what it means depends on the order of its rules' };
    if (kept.some(([, other]) => other === '\\.*')) continue;
    const except = kept.map(([, other]) => other).join('|');
    excludes.push(except === '' ? rule.pattern! : `${database}.(?!(?:${except})$)${table}`);
  }
  if (rest.some((rule) => rule.kind === 'blacklist')) return { refused: 'a blacklist has no counterpart; use exclude' };
  if (closed && rest.length === 0) return { refused: 'it excludes every table' };
  return {
    tables: closed ? of('include') : '\\.*.\\.*',
    ...(excludes.length === 0 ? {} : { 'tables.exclude': excludes.join(', ') }),
  };
};

const partsOf = (pattern: string): readonly [database: string, table: string] => {
  const [database = '', ...table] = pattern.split(/(?<!\\)\./);
  return [database, table.join('.')];
};

/** One of Maxwell's names, as `database.table`: `*`, a literal, or a regular expression between slashes. */
const maxwellPattern = (rule: string): string | null => {
  const match = /^(\/.+?\/|[^./]+)\.(\/.+?\/|[^./]+)$/.exec(rule);
  if (!match) return null;
  const part = (name: string): string =>
    name === '*' ? '\\.*' : name.startsWith('/') ? name.slice(1, -1).replace(/(?<!\\)\./g, '\\.') : name;
  return `${part(match[1]!)}.${part(match[2]!)}`;
};
