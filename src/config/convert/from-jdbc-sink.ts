/** Kafka Connect's JDBC sinks (Confluent's, Aiven's fork of it, and Debezium's) that write to MySQL or MariaDB, as a pipeline from Kafka. */
import { MillraceError } from '../../core/errors.ts';
import type { Draft } from './draft.ts';
import { fileInstead, type KnownSinks } from './target-sink.ts';

type Settings = ReadonlyMap<string, string>;

/** The two families word the same things otherwise, and differ in what they write without being told. */
interface Words {
  readonly key: 'pk.mode' | 'primary.key.mode';
  readonly fields: 'pk.fields' | 'primary.key.fields';
  readonly names: readonly string[];
}
const confluent: Words = { key: 'pk.mode', fields: 'pk.fields', names: ['table.name.format'] };
const debezium: Words = {
  key: 'primary.key.mode',
  fields: 'primary.key.fields',
  names: ['collection.name.format', 'table.name.format'],
};

export const fromJdbcSink = (draft: Draft, settings: Settings, sinks: KnownSinks): Draft => {
  const isDebezium = /debezium/.test(settings.get('connector.class') ?? '');
  const words = isDebezium ? debezium : confluent;
  const target = targetOf(draft, settings);
  const format = readTopics(draft, settings, isDebezium);
  writeTables(draft, settings, sinks, target);
  nameTables(draft, settings, {
    words,
    isDebezium,
    hasEnvelope: format.startsWith('debezium'),
    database: target.database,
  });
  nameRows(draft, settings, words, format);
  const evolves = ['auto.evolve', 'auto.create'].some((key) => settings.get(key) === 'true');
  draft.pipeline.set(
    'schema.change.behavior',
    evolves || settings.get('schema.evolution') === 'basic' ? 'evolve' : 'exception',
  );
  if (settings.get('auto.create') === 'false' || (!settings.has('auto.create') && !isDebezium))
    draft.changed('auto.create', 'a table that is missing is made here; give the account no CREATE to refuse that');
  for (const [key, value] of settings) takeOther(draft, key, value, words);
  const name = settings.get('name');
  if (name !== undefined) draft.text(draft.pipeline, 'name', name);
  return draft;
};

interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly parameters: URLSearchParams;
}

/** Throws CONVERT_INPUT for another system than MySQL and MariaDB. */
const targetOf = (draft: Draft, settings: Settings): Target => {
  const url = settings.get('connection.url') ?? '';
  const match =
    /^jdbc:(?:mysql|mariadb)(?:\+\w+)?:(?:\w+:)?\/\/([^:/?,]*)(?::(\d+))?(,[^/?]*)?\/?([^?]*)(?:\?(.*))?$/.exec(url);
  if (!match) {
    const reason = `only MySQL and MariaDB are written to; this is ${url.split(':').slice(0, 2).join(':')}`;
    throw new MillraceError('CONVERT_INPUT', { file: draft.from, reason });
  }
  const [, host, port, others, database, parameters] = match;
  if (others !== undefined) draft.left('connection.url', `only its first host is taken: a sink writes to one server`);
  return {
    host: host || 'localhost',
    port: Number(port ?? 3306),
    database: database ?? '',
    parameters: new URLSearchParams(parameters ?? ''),
  };
};

/** Sets the source, and gives its `value.format`. */
const readTopics = (draft: Draft, settings: Settings, isDebezium: boolean): string => {
  const { source } = draft;
  source.set('type', 'kafka');
  const brokers = settings.get('consumer.override.bootstrap.servers');
  if (brokers === undefined)
    draft.variable(
      source,
      'properties.bootstrap.servers',
      'KAFKA_BROKERS',
      'localhost:9092',
      "The brokers of Connect's worker.",
    );
  else draft.text(source, 'properties.bootstrap.servers', brokers);
  const topics = topicsOf(settings);
  if (topics.length > 0) draft.text(source, 'topic', topics.join(';'));
  else draft.text(source, 'topic-pattern', settings.get('topics.regex') ?? '.*');
  const name = settings.get('name') ?? 'jdbc-sink';
  const group = settings.get('consumer.override.group.id') ?? `connect-${name}`;
  draft.text(
    source,
    'properties.group.id',
    group,
    'Goes on where the group of the connector stands. End the connector first.',
  );
  const unwraps = transformsOf(settings).some(({ type }) => /ExtractNewRecordState|UnwrapFromEnvelope/.test(type));
  const hasEnvelope = isDebezium || unwraps;
  const converter = settings.get('value.converter') ?? '';
  const isAvro = /AvroConverter/.test(converter);
  if (converter === '') draft.changed('value.converter', "not named, so the worker's counts: taken for JSON");
  else if (!isAvro && !/JsonConverter/.test(converter))
    draft.left('value.converter', `${converter} has no counterpart; values are taken for JSON`);
  if (isDebezium && !unwraps)
    draft.changed(
      'value.converter',
      "values are taken for Debezium's envelope; for rows themselves set value.format to json",
    );
  const format = isAvro ? (hasEnvelope ? 'debezium-avro' : 'avro-confluent') : hasEnvelope ? 'debezium-json' : 'json';
  source.set('value.format', format);
  if (!hasEnvelope) readKeys(draft, settings, isAvro);
  const registry = settings.get('value.converter.schema.registry.url');
  if (isAvro && registry !== undefined) draft.text(source, 'schema.registry.url', registry);
  const login = settings.get('value.converter.basic.auth.user.info');
  if (isAvro && login !== undefined)
    draft.secret(
      source,
      'schema.registry.basic.auth.user.info',
      'REGISTRY_LOGIN',
      'value.converter.basic.auth.user.info',
      login,
    );
  return format;
};

/** Keys of rows that stand by themselves may be written in another way than the values. */
const readKeys = (draft: Draft, settings: Settings, isAvro: boolean): void => {
  const converter = settings.get('key.converter') ?? '';
  if (/StringConverter/.test(converter)) draft.source.set('key.format', 'raw');
  else if (/JsonConverter/.test(converter) && isAvro) draft.source.set('key.format', 'json');
  else if (!/^$|JsonConverter|AvroConverter/.test(converter) || (/AvroConverter/.test(converter) && !isAvro)) {
    draft.left('key.converter', `${converter} has no counterpart beside these values; keys are taken for JSON`);
  }
};

const writeTables = (draft: Draft, settings: Settings, sinks: KnownSinks, target: Target): void => {
  const { sink } = draft;
  if (!sinks.has('mysql')) {
    fileInstead(draft, 'connection.url', 'this version has no MySQL sink');
    return;
  }
  const { host, port, parameters } = target;
  sink.set('type', 'mysql');
  draft.text(sink, 'hostname', host);
  sink.set('port', port);
  const user = settings.get('connection.username') ?? settings.get('connection.user') ?? parameters.get('user');
  if (user !== null) draft.text(sink, 'username', user);
  const password = settings.get('connection.password') ?? parameters.get('password');
  if (password !== null) draft.secret(sink, 'password', 'TARGET_PASSWORD', 'connection.password', password);
  const mode = parameters.get('sslMode');
  if (mode !== null) draft.text(sink, 'ssl.mode', mode.toLowerCase().replaceAll('_', '-'));
  for (const key of parameters.keys()) {
    if (!['user', 'password', 'sslMode'].includes(key))
      draft.left(`connection.url (${key})`, 'it is a setting of the JDBC driver');
  }
  sink.set('insert.mode', settings.get('insert.mode') ?? 'insert');
  sink.set('delete.enabled', settings.get('delete.enabled') === 'true');
};

/** Which table each topic's rows go to. */
const nameTables = (
  draft: Draft,
  settings: Settings,
  {
    words,
    isDebezium,
    hasEnvelope,
    database,
  }: { readonly words: Words; readonly isDebezium: boolean; readonly hasEnvelope: boolean; readonly database: string },
): void => {
  const format =
    words.names.map((key) => settings.get(key)).find((value) => value !== undefined) ?? placeholder('topic');
  const routers = transformsOf(settings).filter(({ type }) => /RegexRouter/.test(type));
  const topics = topicsOf(settings);
  for (const topic of topics) {
    const parts = topic.split('.');
    // Rows themselves belong to the topic's last two parts, as an envelope from there usually says too.
    const read = hasEnvelope || parts.length > 1 ? parts.slice(-2) : ['kafka', topic];
    const source = read.length === 2 ? read : ['\\.*', topic];
    const routed = routers.reduce((name, { of }) => replaced(name, of('regex'), of('replacement')), topic);
    const named = format
      .replaceAll(placeholder('topic'), routed)
      .replaceAll(placeholder('source.db'), source[0]!)
      .replaceAll(placeholder('source.table'), source[1]!);
    draft.routes.push({ source: source.join('.'), target: targetName(named, database, isDebezium) });
  }
  if (topics.length > 0) return;
  const named = format
    .replaceAll(placeholder('source.db'), '%{database}')
    .replaceAll(placeholder('source.table'), '%{table}');
  if (named.includes(placeholder('topic')))
    draft.changed(words.names[0]!, 'tables are named by their last part alone: a route knows no topic');
  const table = named.replaceAll(placeholder('topic'), '%{table}');
  draft.routes.push({ source: '\\.*.\\.*', target: targetName(table, database, isDebezium) });
};

/** As both write what stands for a name in the formats of names. */
const placeholder = (name: string): string => `\${${name}}`;

/** Confluent's takes dots for the database; Debezium's makes them part of the name. */
const targetName = (name: string, database: string, isDebezium: boolean): string => {
  if (isDebezium) return `${database}.${name.replaceAll('.', '_')}`;
  const parts = name.replaceAll(/[`"]/g, '').split('.');
  return parts.length > 1 ? parts.slice(-2).join('.') : `${database}.${name}`;
};

/** As Java's `Matcher.replaceFirst`, where the whole topic matches. */
const replaced = (topic: string, regex: string, replacement: string): string => {
  try {
    const whole = new RegExp(`^(?:${regex})$`);
    return whole.test(topic) ? topic.replace(whole, replacement) : topic;
  } catch {
    return topic;
  }
};

const nameRows = (draft: Draft, settings: Settings, words: Words, format: string): void => {
  const mode = settings.get(words.key) ?? 'none';
  const fields = listOf(settings.get(words.fields));
  if (mode === 'record_value') {
    if (fields.length > 0) draft.source.set('primary-key', fields.join(', '));
    else draft.changed(words.key, "the message's key names the row; all fields of a value together are no key here");
  } else if (mode === 'record_key') {
    if (fields.length > 0)
      draft.source.set(format.startsWith('debezium') ? 'primary-key' : 'key.fields', fields.join(', '));
    else draft.changed(words.key, 'the fields of the key are columns where the value lacks them');
  } else if (mode === 'none')
    draft.changed(words.key, "a message's key names its row where it has one; without keys each message is a row more");
  else draft.left(words.key, `${mode}: topic, partition, offset and headers are no columns here`);
};

/** The settings that are taken over, beside those that say what tables and rows are called. */
export const jdbcSinkKeys: readonly string[] = [
  'topics',
  'topics.regex',
  'transforms',
  'insert.mode',
  'delete.enabled',
  'auto.create',
  'auto.evolve',
  'schema.evolution',
  'connection.url',
  'connection.user',
  'connection.username',
  'connection.password',
  'value.converter',
  'value.converter.schema.registry.url',
  'value.converter.basic.auth.user.info',
  'value.converter.basic.auth.credentials.source',
  'consumer.override.bootstrap.servers',
  'consumer.override.group.id',
];
const handled: ReadonlySet<string> = new Set(['connector.class', 'name', 'tasks.max', ...jdbcSinkKeys]);

const takeOther = (draft: Draft, key: string, value: string, words: Words): void => {
  if (handled.has(key) || key === words.key || key === words.fields || words.names.includes(key)) return;
  // A schema in a value is seen by itself.
  if (/^(key|value)\.converter(\.schemas\.enable)?$/.test(key)) return;
  const alias = /^transforms\.([^.]+)\.type$/.exec(key)?.[1];
  if (alias !== undefined) {
    const type = value.split('.').at(-1)!.split('$')[0]!;
    if (/ExtractNewRecordState|UnwrapFromEnvelope/.test(value))
      draft.changed(`transforms.${alias} (${type})`, 'the envelope is read as it is');
    else if (!/RegexRouter/.test(value))
      draft.left(`transforms.${alias} (${type})`, 'the class is Java and is not run here');
  } else if (key.startsWith('transforms.') || key.startsWith('predicates')) return;
  else if (key === 'errors.tolerance') {
    draft.text(draft.pipeline, key, value);
    if (value === 'all')
      draft.pipeline.set(
        'errors.deadletterqueue.path',
        'dead-letters.ndjson',
        'Refused rows and messages are kept, not lost.',
      );
  } else if (/^(db\.timezone|database\.time_zone|use\.time\.zone)$/.test(key)) {
    if (value !== 'UTC') draft.left(key, 'moments are written in UTC, and shown in the zone of whoever reads them');
  } else draft.left(key, otherReason(key));
};

const otherReason = (key: string): string => {
  if (/^(fields\.whitelist|field\.(include|exclude)\.list)$/.test(key))
    return 'name the columns in `projection` of `transform`, those of the key among them';
  if (/^(batch\.size|use\.reduction\.buffer|buffer\.)/.test(key))
    return 'rows are gathered for `commit.interval`, and of each key only the outcome is written';
  if (/^(max\.retries|retry\.|connection\.(attempts|backoff)|flush\.)/.test(key))
    return '`sink.max-retries` and the retries of the pipeline say it';
  if (key.startsWith('connection.')) return 'it is a setting of the JDBC driver or its pool';
  if (/^errors\.deadletterqueue\./.test(key)) return 'dead letters are kept in a file (`errors.deadletterqueue.path`)';
  if (/^(dialect\.name|quote\.|table\.types|truncate\.enabled)/.test(key))
    return 'the sink knows its system, and quotes every name';
  if (/\.converter\./.test(key)) return 'the converter it belongs to has no counterpart';
  if (key.startsWith('consumer.override.')) return 'give the Kafka source the same under `properties.`';
  return 'there is no such setting';
};

const topicsOf = (settings: Settings): readonly string[] => listOf(settings.get('topics'));

interface Transform {
  readonly type: string;
  readonly of: (key: string) => string;
}

const transformsOf = (settings: Settings): readonly Transform[] =>
  listOf(settings.get('transforms')).map((alias) => {
    const of = (key: string): string => settings.get(`transforms.${alias}.${key}`) ?? '';
    return { type: of('type'), of };
  });

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
