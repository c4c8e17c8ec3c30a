/** Redis Data Integration's config.yaml and its job files. */
import { stringify } from 'yaml';
import { MillraceError } from '../../core/errors.ts';
import { Draft, type DraftSection, holdsSecret } from './draft.ts';
import type { NamedText } from './named-text.ts';
import { type RdiJob, rdiJob } from './rdi-job.ts';
import { takeOver } from './take-over.ts';
import { mapIn, type Plain, yamlMap } from './yaml-map.ts';

/** The pipeline's file, and any of its jobs, in any order. */
export const fromRdi = (files: readonly NamedText[]): Draft => {
  const read = files.map(({ name, text }) => ({ name, content: yamlMap(name, text) }));
  const config = read.find(({ content }) => 'sources' in content);
  if (config === undefined) {
    throw new MillraceError('CONVERT_INPUT', {
      file: files[0]!.name,
      reason: 'it has no `sources`: name config.yaml, too',
    });
  }
  const draft = new Draft(`Redis Data Integration's ${files.map(({ name }) => name).join(', ')}`);
  const source = sourceOf(draft, config.name, mapIn(config.content['sources']));
  const tables = sourceTables(draft, source);
  targetOf(draft, mapIn(config.content['targets']));
  processorsOf(draft, mapIn(config.content['processors']));
  for (const key of Object.keys(config.content)) {
    if (!['sources', 'targets', 'processors'].includes(key)) draft.left(key, 'secrets come from variables and files');
  }
  const jobs = read
    .filter((file) => file !== config)
    .map(({ name, content }) => rdiJob(draft, name, content, jobTable(draft, name, mapIn(content['source']), tables)));
  takeJobs(draft, jobs, tables);
  return draft;
};

interface Tables {
  /** `database.table`, as `tables` lists them; empty: all. */
  readonly listed: readonly string[];
  /** What a table without one is of; null: not known. */
  readonly database: string | null;
  /** Columns that are read, by table. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

const sourceOf = (draft: Draft, file: string, sources: Plain): Plain => {
  const [[name, value] = ['sources', null], ...others] = Object.entries(sources);
  for (const [other] of others) draft.left(`sources.${other}`, 'one file reads one server; make a file of each');
  const source = mapIn(value);
  const connection = mapIn(source['connection']);
  const type = String(connection['type']);
  if (type !== 'mysql' && type !== 'mariadb') {
    throw new MillraceError('CONVERT_INPUT', {
      file,
      reason: `its source is ${type}: only MySQL and MariaDB are read`,
    });
  }
  draft.source.set('type', 'mysql');
  setConnection(draft, draft.source, connection, `sources.${name}.connection`, 'MYSQL_PASSWORD');
  const advanced = mapIn(source['advanced']);
  for (const [key, setting] of Object.entries(mapIn(advanced['source']))) {
    if (!takeOver(draft, draft.source, 'Debezium', key, String(setting))) draft.left(key, 'there is no such setting');
  }
  for (const part of ['sink', 'quarkus', 'flink', 'java_options', 'resources']) {
    if (part in advanced) draft.left(`advanced.${part}`, 'there is no collector of its own: one process does all');
  }
  return source;
};

const sourceTables = (draft: Draft, source: Plain): Tables => {
  const databases = Array.isArray(source['databases']) ? source['databases'].map(String) : [];
  const own = mapIn(source['connection'])['database'];
  const database = databases.length === 1 ? databases[0]! : typeof own === 'string' ? own : null;
  const columns = new Map<string, readonly string[]>();
  const listed = Object.entries(mapIn(source['tables'])).map(([name, settings]) => {
    const table = name.includes('.') || database === null ? name : `${database}.${name}`;
    const chosen = mapIn(settings)['columns'];
    if (Array.isArray(chosen)) columns.set(table, chosen.map(String));
    for (const key of ['snapshot_sql', 'keys']) {
      if (key in mapIn(settings)) draft.left(`${name}.${key}`, leftOfTable[key]!);
    }
    return table;
  });
  const every = databases.length > 0 ? databases : database === null ? ['\\.*'] : [database];
  draft.source.set('tables', (listed.length > 0 ? listed : every.map((each) => `${each}.\\.*`)).join(', '));
  draft.source.set('scan.startup.mode', 'initial');
  return { listed, database, columns };
};

const leftOfTable: Readonly<Record<string, string>> = {
  snapshot_sql: 'a snapshot reads whole tables; `filter` in `transform` drops rows',
  keys: 'a table without a primary key gets one by `primary-keys` in `transform`',
};

const targetOf = (draft: Draft, targets: Plain): void => {
  const [[name, value] = ['target', null], ...others] = Object.entries(targets);
  for (const [other] of others) draft.left(`targets.${other}`, 'a pipeline of its own writes to another Redis');
  draft.sink.set('type', 'redis');
  setConnection(draft, draft.sink, mapIn(mapIn(value)['connection']), `targets.${name}.connection`, 'REDIS_PASSWORD');
};

const setConnection = (
  draft: Draft,
  section: DraftSection,
  connection: Plain,
  from: string,
  variable: string,
): void => {
  for (const [key, value] of Object.entries(connection)) {
    if (key === 'type' || key === 'database') continue;
    const ours = connectionKeys[key];
    if (ours === undefined) draft.left(`${from}.${key}`, 'there is no such setting');
    else if (holdsSecret(key) && !isReference(value)) draft.secret(section, ours, variable, `${from}.${key}`);
    else if (isReference(value)) {
      section.set(ours, value);
      // RDI has it in its own store of secrets.
      draft.secrets.set(value.slice(2, -1), { key: `${from}.${key}`, value: null });
    } else if (typeof value === 'number') section.set(ours, value);
    else draft.text(section, ours, String(value));
  }
  if (section.has('ssl.ca')) section.set('ssl.mode', 'verify-ca');
};

const connectionKeys: Readonly<Record<string, string>> = {
  host: 'hostname',
  port: 'port',
  user: 'username',
  password: 'password',
  cacert: 'ssl.ca',
  cert: 'ssl.cert',
  key: 'ssl.key',
};

const isReference = (value: unknown): value is string => typeof value === 'string' && /^\$\{\w+\}$/.test(value);

const processorsOf = (draft: Draft, processors: Plain): void => {
  for (const [key, value] of Object.entries(processors)) {
    if (key === 'target_data_type') draft.sink.set('value', value === 'json' ? 'redis-json' : 'hash');
    else if (key === 'error_handling' && value === 'dlq') {
      draft.pipeline.set('errors.tolerance', 'all');
      draft.pipeline.set('errors.deadletterqueue.path', 'dead-letters.ndjson');
    } else if (key === 'error_handling') {
      draft.left(key, 'a row is never dropped unseen: the pipeline stops, or keeps it among its dead letters');
    } else if (key === 'json_update_strategy' && value === 'merge') {
      draft.left(key, 'JSON is written as a whole; rows of other tables go into it by nest');
    } else if (key === 'json_update_strategy') draft.changed(key, 'it is the only one there is');
    else draft.left(key, 'how rows are gathered is set by `commit.interval` and `commit.max-bytes` under `pipeline`');
  }
};

/** `database.table`; null: the default job. */
const jobTable = (draft: Draft, file: string, source: Plain, { listed, database }: Tables): string | null => {
  const table = String(source['table'] ?? '*');
  if (table === '*') return null;
  const known = listed.find((each) => each.slice(each.indexOf('.') + 1) === table);
  const own = source['db'] ?? known?.slice(0, known.indexOf('.')) ?? database ?? source['schema'];
  if (own === undefined) draft.left(`${file}: source`, 'it does not say of which database the table is');
  return `${String(own ?? 'DATABASE')}.${table}`;
};

const takeJobs = (draft: Draft, jobs: readonly RdiJob[], { columns }: Tables): void => {
  const mapping = (key: string, entries: ReadonlyMap<string, string>): void => {
    if (entries.size > 0)
      draft.text(draft.sink, key, [...entries].map(([table, text]) => `${table}=${text}`).join('; '));
  };
  const all = jobs.find(({ table }) => table === null);
  const keys = new Map<string, string>();
  const values = new Map<string, string>();
  const nests = new Map<string, string>();
  const expiries = new Map<string, string>();
  const excluded: string[] = [];
  const transforms: Record<string, string>[] = [];
  for (const { table, ...job } of jobs) {
    const pattern = table ?? '\\.*.\\.*';
    for (const [from, to] of job.columnsRenamed) {
      if (table === null) draft.left(`rename_field ${from}`, 'columns are renamed table by table');
      else draft.text(draft.source, `columns.rename.${table}.${from}`, to);
    }
    excluded.push(...job.columnsExcluded.map((column) => `${pattern}.${column}`));
    const projection = job.projection ?? (table === null ? null : (columns.get(table)?.join(', ') ?? null));
    if (projection !== null || job.filter !== null) {
      const rule = { ...(projection !== null && { projection }), ...(job.filter !== null && { filter: job.filter }) };
      transforms.push({ 'source-table': pattern, ...rule });
    }
    if (table === null) {
      if (job.value !== null) draft.text(draft.sink, 'value', job.value);
      if (job.key !== null) draft.text(draft.sink, 'key', job.key);
      continue;
    }
    if (job.key !== null) keys.set(table, job.key);
    if (job.value !== null && job.value !== draft.sink.get('value')) values.set(table, job.value);
    if (job.expiry !== null) expiries.set(table, job.expiry);
    if (job.nest === null) continue;
    const { parentTable, parentKey, childKey, name } = job.nest;
    const parent = `${table.slice(0, table.indexOf('.'))}.${parentTable}`;
    nests.set(table, `${parent}(${parentKey}=${childKey}) as ${name}`);
    values.set(parent, 'redis-json');
    if (!keys.has(parent)) keys.set(parent, `${parentTable}:${parentKey}:%{${parentKey}}`);
    draft.changed(
      `nest ${name}`,
      `rows within leave out ${childKey}, which is their parent's key; say \`cascade\` behind the name where MySQL deletes them with it`,
    );
  }
  for (const [table, chosen] of columns) {
    if (!jobs.some((job) => job.table === table))
      transforms.push({ 'source-table': table, projection: chosen.join(', ') });
  }
  if (!draft.sink.has('key')) {
    draft.sink.set('key', '%{table}:%{key}');
    draft.changed(
      'keys',
      'RDI names the columns in them, `orders:id:7`; here they are `orders:7`, unless `sink.tableId-to-key.mapping` says `shop.orders=orders:id:%{id}`',
    );
  }
  if (all !== undefined && all.expiry !== null) draft.left('expire', '`sink.tableId-to-expiry.mapping` names tables');
  if (excluded.length > 0) draft.source.set('columns.exclude', excluded.join(', '));
  mapping('sink.tableId-to-key.mapping', keys);
  mapping('sink.tableId-to-value.mapping', values);
  mapping('sink.tableId-to-nest.mapping', nests);
  mapping('sink.tableId-to-expiry.mapping', expiries);
  if (transforms.length > 0)
    draft.taken.push(stringify({ transform: transforms }, { lineWidth: 0, singleQuote: true }));
  draft.pipeline.set('name', 'rdi');
};
