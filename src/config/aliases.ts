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

const startupFile = 'scan.startup.specific-offset.file';
const startupPosition = 'scan.startup.specific-offset.pos';
const startupMode = 'scan.startup.mode';

export const aliases: readonly Alias[] = [
  same('Debezium', 'database.hostname', 'hostname'),
  same('Debezium', 'database.port', 'port'),
  same('Debezium', 'database.user', 'username'),
  same('Debezium', 'database.password', 'password'),
  same('Debezium', 'database.server.id', 'server-id'),
  same('Debezium', 'database.ssl.mode', 'ssl.mode'),
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
  milliseconds('Debezium', 'heartbeat.interval.ms', 'heartbeat.interval'),
  milliseconds('Debezium', 'connect.timeout.ms', 'connect.timeout'),

  same('Maxwell', 'host', 'hostname'),
  same('Maxwell', 'user', 'username'),
  same('Maxwell', 'replica_server_id', 'server-id'),
  same('Maxwell', 'ssl', 'ssl.mode'),
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
  same('Canal', 'canal.instance.master.gtid', 'scan.startup.specific-offset.gtid-set'),
];

export const withoutCounterpart: readonly WithoutCounterpart[] = [
  { tool: 'Debezium', name: 'connector.class', reason: '`type` names the connector' },
  { tool: 'Debezium', name: 'tasks.max', reason: 'one server has one log, read by one reader' },
  { tool: 'Debezium', name: 'database.server.name', reason: '`pipeline.name` is what positions are kept under' },
  { tool: 'Debezium', name: 'schema.history.internal.', reason: 'schema versions are kept with the position' },
  { tool: 'Debezium', name: 'include.schema.changes', reason: 'schema changes are always followed' },
  { tool: 'Debezium', name: 'gtid.source.includes', reason: 'the position remembers every server by its uuid' },
  { tool: 'Maxwell', name: 'gtid_mode', reason: 'GTIDs are used where the server has them' },
  { tool: 'Maxwell', name: 'schema_database', reason: 'nothing is written to the source' },
  { tool: 'Maxwell', name: 'client_id', reason: '`pipeline.name` is what positions are kept under' },
  { tool: 'Canal', name: 'canal.instance.gtidon', reason: 'GTIDs are used where the server has them' },
  { tool: 'Canal', name: 'canal.instance.tsdb.', reason: 'schema versions are kept with the position' },
  { tool: 'Canal', name: 'canal.instance.detecting.', reason: '`heartbeat.interval` does this' },
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
  const firstExclude = rest.findIndex((rule) => rule.kind === 'exclude');
  const orderMatters = firstExclude >= 0 && rest.slice(firstExclude).some((rule) => rule.kind === 'include');
  if (orderMatters || rest.some((rule) => rule.kind === 'blacklist') || (closed && rest.length === 0))
    return { refused: 'what it means depends on the order of its rules' };
  const excluded = of('exclude');
  return { tables: closed ? of('include') : '\\.*.\\.*', ...(excluded === '' ? {} : { 'tables.exclude': excluded }) };
};

/** One of Maxwell's names, as `database.table`: `*`, a literal, or a regular expression between slashes. */
const maxwellPattern = (rule: string): string | null => {
  const match = /^(\/.+?\/|[^./]+)\.(\/.+?\/|[^./]+)$/.exec(rule);
  if (!match) return null;
  const part = (name: string): string =>
    name === '*' ? '\\.*' : name.startsWith('/') ? name.slice(1, -1).replace(/(?<!\\)\./g, '\\.') : name;
  return `${part(match[1]!)}.${part(match[2]!)}`;
};
