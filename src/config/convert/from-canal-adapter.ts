/** Mappings of Canal's client adapter (`conf/rdb/….yml`), with its application.yml where that is given. */
import { MillraceError } from '../../core/errors.ts';
import { Draft, type DraftSection } from './draft.ts';
import type { NamedText } from './named-text.ts';
import { fileInstead, type KnownSinks } from './target-sink.ts';
import { listIn, mapIn, type Plain, yamlMap } from './yaml-map.ts';

/** Each mapping is a table, or a database, that goes into a relational target. */
export const fromCanalAdapter = (files: readonly NamedText[], sinks: KnownSinks): Draft => {
  const read = files.map(({ name, text }) => ({ name, content: yamlMap(name, text) }));
  const application = mapIn(read.find(({ content }) => 'canal.conf' in content)?.content['canal.conf']);
  const mappings = read.filter(({ content }) => !('canal.conf' in content));
  const [first] = mappings;
  if (first === undefined) {
    const reason = 'it names no table: name the mappings, too, conf/rdb/*.yml';
    throw new MillraceError('CONVERT_INPUT', { file: files[0]!.name, reason });
  }
  const draft = new Draft(`Canal's client adapter ${files.map(({ name }) => name).join(', ')}`);
  sourceOf(draft, mapIn(application['srcDataSources']), first.content);
  sinkOf(draft, sinks, listIn(application['canalAdapters']), first.content);
  const tables = mappings.map(({ name, content }) => {
    const apart = ['dataSourceKey', 'outerAdapterKey'].find((key) => content[key] !== first.content[key]);
    if (apart === undefined) return mappingOf(draft, name, content);
    draft.left(name, `its ${apart} is another: one file reads one server and writes to one`);
    return [];
  });
  draft.source.set('tables', tables.flat().join(', '));
  for (const key of Object.keys(application)) {
    if (key !== 'srcDataSources' && key !== 'canalAdapters') draft.left(key, reasonOf(key));
  }
  const { database, table } = mapIn(first.content['dbMapping']);
  const name = mappings.length > 1 ? 'adapter' : String(table ?? database ?? 'adapter');
  draft.pipeline.set('name', `${String(first.content['destination'] ?? 'canal')}-${name}`);
  return draft;
};

const sourceOf = (draft: Draft, sources: Plain, mapping: Plain): void => {
  draft.source.set('type', 'mysql');
  const source = mapIn(sources[String(mapping['dataSourceKey'])]);
  const address = jdbcAddress(source['url']);
  const from = `srcDataSources.${String(mapping['dataSourceKey'])}`;
  if (address === null) {
    const comment = 'The mapping does not name its source; Canal’s instance does.';
    draft.variable(draft.source, 'hostname', 'SOURCE_HOST', '127.0.0.1', comment);
  } else setAddress(draft, draft.source, address);
  setUser(draft, draft.source, source['username'], 'SOURCE_USER');
  draft.secret(draft.source, 'password', 'SOURCE_PASSWORD', address ? `${from}.password` : 'canal.instance.dbPassword');
};

const sinkOf = (draft: Draft, sinks: KnownSinks, instances: readonly Plain[], mapping: Plain): void => {
  const adapters = instances.flatMap(({ groups }) => listIn(groups).flatMap((group) => listIn(group['outerAdapters'])));
  const own = adapters.find(({ name, key }) => name === 'rdb' && key === mapping['outerAdapterKey']);
  for (const adapter of adapters) {
    if (adapter === own || adapter['name'] === 'logger') continue;
    draft.left(`outerAdapters ${String(adapter['key'] ?? adapter['name'])}`, 'a pipeline of its own writes there');
  }
  const properties = mapIn(own?.['properties']);
  const url = properties['jdbc.url'];
  const address = jdbcAddress(url);
  if (!sinks.has('mysql')) {
    fileInstead(draft, 'dbMapping', 'this version has no MySQL sink');
    return;
  }
  if (url !== undefined && address === null) {
    fileInstead(draft, 'jdbc.url', 'only MySQL and MariaDB are written to; push to Kafka and load from there');
    return;
  }
  draft.sink.set('type', 'mysql');
  if (address === null) {
    const comment = 'The adapter’s application.yml has the target’s jdbc.url.';
    draft.variable(draft.sink, 'hostname', 'TARGET_HOST', '127.0.0.1', comment);
  } else setAddress(draft, draft.sink, address);
  setUser(draft, draft.sink, properties['jdbc.username'], 'TARGET_USER');
  draft.secret(draft.sink, 'password', 'TARGET_PASSWORD', 'jdbc.password');
  for (const key of Object.keys(properties)) {
    if (!/^jdbc\.(url|username|password|driverClassName)$/.test(key)) draft.left(key, reasonOf(key));
  }
};

/** The tables of one mapping, as `tables` names them. */
const mappingOf = (draft: Draft, file: string, { dbMapping, esMapping, hbaseMapping }: Plain): readonly string[] => {
  if (dbMapping === undefined || dbMapping === null) {
    const what = esMapping ? 'Elasticsearch' : hbaseMapping ? 'HBase' : null;
    const reason =
      what === null
        ? 'it has no dbMapping; name the adapter’s rdb/…yml'
        : `there is no sink for ${what}; push to Kafka and load from there`;
    throw new MillraceError('CONVERT_INPUT', { file, reason });
  }
  const rdb = mapIn(dbMapping);
  const database = String(rdb['database'] ?? '');
  const table = rdb['mirrorDb'] ? '\\.*' : String(rdb['table'] ?? '\\.*');
  const source = `${database}.${table}`;
  const renamed = new Map<string, string>();
  for (const [to, from] of [
    ...Object.entries(mapIn(rdb['targetColumns'])),
    ...Object.entries(mapIn(rdb['targetPk'])),
  ]) {
    if (from !== null && from !== to) renamed.set(String(from), to);
  }
  for (const [from, to] of renamed) draft.text(draft.source, `columns.rename.${source}.${from}`, to);
  if (rdb['targetColumns'] && !rdb['mapAll'])
    draft.changed('targetColumns', 'every column is written; leave others out by `columns.exclude`');
  if (rdb['etlCondition'] !== undefined)
    draft.left('etlCondition', 'a snapshot reads whole tables; `filter` in `transform` drops rows');
  const target = String(rdb['targetTable'] ?? source);
  if (!rdb['mirrorDb'] && target !== source) {
    const targetDatabase = String(rdb['targetDb'] ?? database);
    draft.routes.push({ source, target: target.includes('.') ? target : `${targetDatabase}.${target}` });
  }
  return [source];
};

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Of `jdbc:mysql://host:3306/database?…`; null: it is none of MySQL or MariaDB. */
const jdbcAddress = (url: unknown): Address | null => {
  const [, host, port] = /^jdbc:(?:mysql|mariadb):\/\/([^:/?]+)(?::(\d+))?(?:[/?]|$)/.exec(String(url)) ?? [];
  return host === undefined ? null : { host, port: Number(port ?? 3306) };
};

const setAddress = (draft: Draft, section: DraftSection, { host, port }: Address): void => {
  draft.text(section, 'hostname', host);
  section.set('port', port);
};

const setUser = (draft: Draft, section: DraftSection, user: unknown, variable: string): void => {
  if (user === undefined || user === null) draft.variable(section, 'username', variable, 'canal');
  else draft.text(section, 'username', String(user));
};

const reasonOf = (key: string): string => {
  if (/atchSize|commitSize/.test(key))
    return 'how rows are gathered is set by `commit.interval` and `commit.max-bytes`';
  if (/threads/.test(key)) return '`sink.parallelism` says how many writers there are';
  if (/retries|timeout/.test(key)) return 'a pipeline tries again by itself until it is told to end';
  return 'the binlog is read from MySQL itself: there is no Canal server, and no queue in between';
};
