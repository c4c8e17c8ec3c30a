/** Debezium's MySQL and MariaDB connectors, and JDBC sinks, as JSON for Kafka Connect or as properties. */
import { MillraceError } from '../../core/errors.ts';
import { Draft } from './draft.ts';
import { fromJdbcSink } from './from-jdbc-sink.ts';
import { javaProperties } from './java-properties.ts';
import { takeOver } from './take-over.ts';
import { type KnownSinks, kafkaSink, sinkSetting } from './target-sink.ts';

type Settings = ReadonlyMap<string, string>;

export const fromDebezium = (file: string, text: string, sinks: KnownSinks): Draft => {
  const settings = readConnector(file, text);
  const kind = settings.get('connector.class') ?? '';
  const draft = new Draft(`Debezium's ${file}`);
  if (/mysql\.MySqlConnector|mariadb\.MariaDbConnector/.test(kind)) return fromSource(draft, settings, sinks);
  if (/JdbcSinkConnector/.test(kind)) return fromJdbcSink(draft, settings, sinks);
  const reason =
    kind === ''
      ? 'it has no connector.class'
      : `connector.class is ${kind}; only the MySQL and MariaDB sources and the JDBC sink have a counterpart`;
  throw new MillraceError('CONVERT_INPUT', { file, reason });
};

/** What a connector's offsets are kept under; null: it has no such name. */
export const offsetServer = (file: string, text: string): string | null => {
  const settings = readConnector(file, text);
  return settings.get('topic.prefix') ?? settings.get('database.server.name') ?? null;
};

/** `{"name", "config": {…}}`, the config alone, or properties (Debezium Server's `debezium.source.` prefix is taken off). */
const readConnector = (file: string, text: string): Settings => {
  if (!text.trimStart().startsWith('{')) {
    const properties = javaProperties(file, text);
    const server = [...properties].filter(([key]) => key.startsWith('debezium.source.'));
    if (server.length === 0) return properties;
    return new Map([
      ...[...properties].filter(([key]) => !key.startsWith('debezium.source.')),
      ...server.map(([key, value]): [string, string] => [key.slice('debezium.source.'.length), value]),
    ]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new MillraceError('CONVERT_INPUT', { file, reason: `it is no JSON: ${(error as Error).message}` });
  }
  const { name, config } = json as { readonly name?: unknown; readonly config?: unknown };
  const own = (typeof config === 'object' && config !== null ? config : json) as Readonly<Record<string, unknown>>;
  const settings = new Map(Object.entries(own).map(([key, value]) => [key, String(value)]));
  if (typeof name === 'string' && !settings.has('name')) settings.set('name', name);
  return settings;
};

/** Formats that every sink writing Debezium's envelope has under the same names. */
const formatKeys = [
  'decimal.handling.mode',
  'time.precision.mode',
  'bigint.unsigned.handling.mode',
  'binary.handling.mode',
  'skipped.operations',
  'include.query',
  'tombstones.on.delete',
  'provide.transaction.metadata',
  'topic.transaction',
  'schema.name.adjustment.mode',
  'field.name.adjustment.mode',
];
const pipelineKeys: ReadonlySet<string> = new Set(['errors.tolerance', 'errors.deadletterqueue.topic.name']);

const fromSource = (draft: Draft, settings: Settings, sinks: KnownSinks): Draft => {
  draft.source.set('type', 'mysql');
  const brokers =
    settings.get('schema.history.internal.kafka.bootstrap.servers') ??
    settings.get('database.history.kafka.bootstrap.servers') ??
    null;
  const isKafka = kafkaSink(draft, sinks, brokers, 'the topics');
  if (isKafka && brokers !== null)
    draft.changed(
      'bootstrap.servers',
      "taken from the schema history's; a connector's file does not name its own brokers",
    );
  const prefix = settings.get('topic.prefix') ?? settings.get('database.server.name') ?? null;
  if (isKafka && prefix !== null) draft.text(draft.sink, 'topic', `${prefix}.%{database}.%{table}`);
  else if (prefix !== null && sinks.takes('file', 'topic.prefix')) draft.text(draft.sink, 'topic.prefix', prefix);

  const handled = new Set(['connector.class', 'topic.prefix', 'database.server.name', 'tasks.max', 'name']);
  const transforms = listOf(settings.get('transforms'));
  const name = settings.get('name');
  for (const [key, value] of settings) {
    if (handled.has(key) || /^(schema\.history|database\.history)\./.test(key)) continue;
    if (/^(transforms|predicates)(\.|$)/.test(key) || /^(key|value)\.converter(\.|$)/.test(key)) continue;
    if (key.startsWith('signal.')) continue;
    if (key === 'database.password') draft.secret(draft.source, 'password', 'MYSQL_PASSWORD', key, value);
    else if (/^database\.(include\.list|whitelist)$/.test(key) && hasTables(settings)) continue;
    else if (formatKeys.includes(key)) {
      if (key !== 'skipped.operations' || isKafka || value === 't' || value === 'none')
        sinkSetting(draft, sinks, { from: key, key, value, otherwise: 'this sink always writes them its own way' });
      else draft.left(key, `only t and none are known; drop other operations with a filter in \`transform\``);
    } else if (pipelineKeys.has(key)) draft.text(draft.pipeline, key, value);
    else if (!columnSetting(draft, key, value) && !takeOver(draft, draft.source, 'Debezium', key, value))
      draft.left(key, otherReason(key));
  }
  if (hasTables(settings) && (settings.has('database.include.list') || settings.has('database.whitelist')))
    draft.changed('database.include.list', 'the tables named by `tables` say it already');
  if (!draft.source.has('tables'))
    draft.source.set('tables', '\\.*.\\.*', 'The file named no tables: all of them, as Debezium takes it.');
  if (draft.pipeline.get('errors.tolerance') === 'all') needsDeadLetters(draft);
  signals(draft, settings, isKafka, name ?? null);
  if (isKafka) converters(draft, settings, sinks);
  for (const each of transforms) transform(draft, each, settings, { isKafka, prefix });
  if (name !== undefined) draft.text(draft.pipeline, 'name', name);
  return draft;
};

/** Debezium's channels of signals, of which a Kafka topic is one here too. */
const signals = (draft: Draft, settings: Settings, isKafka: boolean, name: string | null): void => {
  const channels = listOf(settings.get('signal.enabled.channels'));
  const topic = settings.get('signal.kafka.topic');
  const servers = settings.get('signal.kafka.bootstrap.servers');
  const isTaken = channels.includes('kafka') && topic !== undefined && (servers !== undefined || isKafka);
  for (const key of settings.keys()) {
    if (!key.startsWith('signal.') || key === 'signal.enabled.channels') continue;
    if (key === 'signal.data.collection') {
      draft.left(
        key,
        'no table is watched for signals: they come from a Kafka topic, `millrace snapshot` or the HTTP API',
      );
    } else if (key === 'signal.kafka.topic' || key === 'signal.kafka.bootstrap.servers') {
      if (isTaken) draft.text(draft.pipeline, key, settings.get(key)!);
      else if (!channels.includes('kafka'))
        draft.left(key, '`signal.enabled.channels` has no kafka, so it had no effect');
      else draft.left(key, 'a topic of signals needs both its name and its brokers');
    } else if (key.startsWith('signal.consumer.')) {
      draft.left(key, 'the topic of signals is reached with the login and TLS of the Kafka sink');
    } else draft.left(key, 'there is no such setting');
  }
  const others = channels.filter((channel) => channel !== 'kafka' || !isTaken);
  if (others.length > 0) {
    draft.left(
      'signal.enabled.channels',
      `${others.join(', ')}: signals are taken from a Kafka topic that \`signal.kafka.topic\` names, and \`millrace snapshot\` and the HTTP API do the same`,
    );
  }
  const prefix = settings.get('topic.prefix') ?? settings.get('database.server.name');
  if (isTaken && prefix !== undefined && prefix !== name) {
    const key = name === null ? 'the name of the pipeline' : `${name}, the name of the pipeline`;
    draft.changed('signal.kafka.topic', `the key of a signal is ${key}, where Debezium has topic.prefix, ${prefix}`);
  }
};

const hasTables = (settings: Settings): boolean =>
  settings.has('table.include.list') || settings.has('table.whitelist');

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const otherReason = (key: string): string => {
  if (key.startsWith('debezium.sink.') || key.startsWith('quarkus.'))
    return 'it is Debezium Server’s; the sink here is set by `sink`';
  if (key.startsWith('offset.')) return 'the sink keeps the position, with the rows';
  if (key.startsWith('database.ssl.'))
    return 'TLS is set by `ssl.mode`, `ssl.ca`, `ssl.cert` and `ssl.key` with PEM files, not Java key stores';
  if (key.startsWith('producer.override.')) return 'give the Kafka sink the same under `properties.`';
  if (key.startsWith('heartbeat.'))
    return '`heartbeat.interval` moves the position; heartbeat records are the Kafka sink’s `heartbeat.interval.ms`';
  if (key === 'message.key.columns') return 'the primary key is the message key';
  if (key.startsWith('topic.creation.')) return 'create topics with the number of partitions that you want';
  if (key === 'topic.naming.strategy' || key === 'topic.delimiter')
    return 'the sink’s `topic` names topics, with %{database} and %{table}';
  if (key.startsWith('snapshot.')) return 'a snapshot reads every row of the captured tables in chunks';
  if (key === 'converters' || /\.type$|converter/i.test(key)) return 'Java classes are not run here';
  return 'there is no such setting';
};

/** Column lists, masks and hashes; false: another key. */
const columnSetting = (draft: Draft, key: string, value: string): boolean => {
  const mask = /^column\.mask\.with\.(\d+)\.chars$/.exec(key);
  const hash = /^column\.mask\.hash(?:\.v2)?\.([^.]+)\.with\.salt\.(.+)$/.exec(key);
  if (mask) {
    draft.text(draft.source, 'columns.mask', value);
    draft.source.set('columns.mask.text', '*'.repeat(Number(mask[1])));
  } else if (hash) {
    draft.text(draft.source, 'columns.hash', value);
    draft.secret(draft.source, 'columns.hash.salt', 'HASH_SALT', 'column.mask.hash', hash[2]!);
    draft.changed(
      'column.mask.hash',
      `the salt stands in its key; hashes are SHA-256 over the salt and the text, which differ from Debezium's ${hash[1]}`,
    );
  } else if (/^column\.(include\.list|whitelist)$/.test(key))
    draft.left(
      key,
      'columns are named by what is left out (`columns.exclude`), or chosen by `projection` in `transform`',
    );
  else if (/^column\.truncate\.to\./.test(key)) draft.left(key, 'SUBSTRING in a `transform` cuts texts');
  else if (/^column\.(mask|propagate)|^datatype\.propagate/.test(key)) draft.left(key, 'there is no such setting');
  else return false;
  return true;
};

const converters = (draft: Draft, settings: Settings, sinks: KnownSinks): void => {
  const value = settings.get('value.converter') ?? '';
  const own = ['key.converter', 'value.converter', 'key.converter.schemas.enable'];
  if (/io\.confluent\.connect\.avro\.AvroConverter/.test(value)) {
    const url = settings.get('value.converter.schema.registry.url');
    if (sinks.offers('kafka', 'value.format', 'debezium-avro')) {
      draft.sink.set('value.format', 'debezium-avro');
      if (url !== undefined) {
        const from = 'value.converter.schema.registry.url';
        const key = 'schema.registry.url';
        sinkSetting(draft, sinks, { from, key, value: url, otherwise: 'the sink names its registry itself' });
      }
    } else draft.left('value.converter', 'this version writes no Avro; consumers must read JSON');
  } else if (value !== '' && !/JsonConverter/.test(value))
    draft.left('value.converter', `${value} has no counterpart; values are Debezium's JSON`);
  if (settings.get('value.converter.schemas.enable') === 'true') {
    const from = 'value.converter.schemas.enable';
    const key = 'debezium-json.schema-include';
    sinkSetting(draft, sinks, { from, key, value: 'true', otherwise: 'values are written without their schema' });
    if (settings.get('key.converter.schemas.enable') === 'false') {
      draft.left('key.converter.schemas.enable', 'keys have their schemas where values have them');
    }
  } else if (settings.get('key.converter.schemas.enable') === 'true') {
    draft.left('key.converter.schemas.enable', 'keys have their schemas where values have them, and values go without');
  }
  for (const key of settings.keys())
    if (
      /^(key|value)\.converter\./.test(key) &&
      !/schema\.registry\.url$|schemas\.enable$/.test(key) &&
      !own.includes(key)
    )
      draft.left(key, 'the converter it belongs to has no counterpart');
};

interface Target {
  readonly isKafka: boolean;
  readonly prefix: string | null;
}

/** A single message transform by its class. */
const transform = (draft: Draft, alias: string, settings: Settings, { isKafka }: Target): void => {
  const of = (key: string): string => settings.get(`transforms.${alias}.${key}`) ?? '';
  const type = of('type');
  const name = `transforms.${alias} (${type.split('.').at(-1)?.split('$')[0]})`;
  if (/ExtractNewRecordState|UnwrapFromEnvelope/.test(type)) {
    draft.left(
      name,
      'consumers get Debezium’s envelope here, and take the row from its `after`; Flink and Spark read it as it is (debezium-json)',
    );
  } else if (/ByLogicalTableRouter/.test(type)) {
    const route = logicalRoute(of('topic.regex'), of('topic.replacement'));
    if (route === null)
      draft.left(
        name,
        `write it as \`route\`: \`source-table\` for ${of('topic.regex')}, \`sink-table\` for ${of('topic.replacement')}`,
      );
    else {
      draft.routes.push(route);
      draft.changed(name, 'a route merges the tables; the key is the primary key alone, so shards must not share keys');
    }
  } else if (/RegexRouter/.test(type)) {
    const topic = regexTopic(of('regex'), of('replacement'));
    if (topic !== null && isKafka) draft.text(draft.sink, 'topic', topic);
    else draft.left(name, 'name topics by the sink’s `topic`, with %{database} and %{table}');
  } else if (/outbox\.EventRouter/.test(type)) {
    draft.left(
      name,
      'name the outbox table as `outbox.tables` of the Kafka sink; the router’s settings go there behind `outbox.`',
    );
  } else if (/Filter|ContentBasedRouter/.test(type)) {
    draft.left(name, 'its script is not run here; `filter` in `transform` drops rows by an SQL condition');
  } else if (/MaskField|ReplaceField/.test(type)) {
    draft.left(
      name,
      'columns are left out, renamed and masked by `columns.exclude`, `columns.rename` and `columns.mask`',
    );
  } else draft.left(name, 'the class is Java and is not run here');
};

/** `(.*)customers_shard(.*)` → `$1customers_all`, where it names one table by a pattern and one target. */
const logicalRoute = (regex: string, replacement: string): Draft['routes'][number] | null => {
  const shard = /^\(\.\*\)([\w-]+)\(\.\*\)$/.exec(regex);
  const target = /^\$1([\w-]+)$/.exec(replacement);
  if (!shard || !target) return null;
  return { source: `\\.*.\\.*${shard[1]}\\.*`, target: `%{database}.${target[1]}` };
};

/** A replacement over Debezium's `prefix.database.table`, as a template. */
const regexTopic = (regex: string, replacement: string): string | null => {
  const three =
    /^\(\[\^\.\]\+\)\\\.\(\[\^\.\]\+\)\\\.\(\[\^\.\]\+\)$/.test(regex) ||
    /^\(\.\*\)\\?\.\(\.\*\)\\?\.\(\.\*\)$/.test(regex);
  if (!three || /\$1/.test(replacement)) return null;
  return replacement.replaceAll('$2', '%{database}').replaceAll('$3', '%{table}');
};

const needsDeadLetters = (draft: Draft): void => {
  if (draft.pipeline.has('errors.deadletterqueue.path') || draft.pipeline.has('errors.deadletterqueue.topic.name'))
    return;
  draft.pipeline.set('errors.deadletterqueue.path', 'dead-letters.ndjson', 'Refused rows are kept, not lost.');
};
