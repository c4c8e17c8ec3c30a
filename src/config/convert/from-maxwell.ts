/** Maxwell's config.properties. */
import { MillraceError } from '../../core/errors.ts';
import { Draft, holdsSecret } from './draft.ts';
import { javaProperties } from './java-properties.ts';
import { takeOver } from './take-over.ts';
import { fileInstead, type KnownSinks, kafkaSink, sinkSetting } from './target-sink.ts';

export const fromMaxwell = (file: string, text: string, sinks: KnownSinks): Draft => {
  const settings = javaProperties(file, text);
  if (!settings.keys().some((key) => handled(key, settings) || key === 'init_position'))
    throw new MillraceError('CONVERT_INPUT', { file, reason: 'it sets nothing that Maxwell has' });
  const draft = new Draft(`Maxwell's ${file}`);
  draft.source.set('type', 'mysql');
  const split = settings.has('replication_host');
  for (const part of ['host', 'port', 'user', 'ssl']) {
    const key = split ? `replication_${part}` : part;
    const value = settings.get(key);
    if (value !== undefined)
      takeOver(draft, draft.source, 'Maxwell', key, value) || draft.text(draft.source, part, value);
  }
  if (!draft.source.has('hostname')) draft.source.set('hostname', 'localhost');
  draft.secret(draft.source, 'password', 'MYSQL_PASSWORD', split ? 'replication_password' : 'password');
  // Maxwell begins with the log; its bootstraps are asked for one by one.
  draft.source.set('tables', '\\.*.\\.*');
  draft.source.set('scan.startup.mode', 'latest-offset', 'As Maxwell begins; `initial` would take a snapshot first.');
  producer(draft, settings, sinks);
  const legacy = legacyFilter(settings);
  const filter = settings.get('filter') ?? legacy;
  if (filter !== null) takeOver(draft, draft.source, 'Maxwell', 'filter', filter);
  for (const [key, value] of settings) {
    if (handled(key, settings)) continue;
    if (key === 'init_position') takeOver(draft, draft.source, 'Maxwell', key, value);
    else if (key === 'ignore_producer_error') {
      if (value === 'true') {
        draft.pipeline.set('errors.tolerance', 'all');
        draft.pipeline.set('errors.deadletterqueue.path', 'dead-letters.ndjson', 'Refused rows are kept, not lost.');
      }
    } else if (!takeOver(draft, draft.source, 'Maxwell', key, value)) draft.left(key, otherReason(key));
  }
  const id = settings.get('client_id');
  if (id !== undefined) draft.text(draft.pipeline, 'name', id);
  return draft;
};

const own = [
  'host',
  'port',
  'user',
  'password',
  'ssl',
  'producer',
  'filter',
  'client_id',
  'output_file',
  'replica_server_id',
];
const legacyKeys = /^(include|exclude|blacklist)_(dbs|tables|columns|column_values)$/;

const handled = (key: string, settings: ReadonlyMap<string, string>): boolean =>
  (own.includes(key) && key !== 'replica_server_id') ||
  key.startsWith('replication_') ||
  key === 'log_level' ||
  key === 'env_config_prefix' ||
  (legacyKeys.test(key) && /_(dbs|tables)$/.test(key) && !key.startsWith('blacklist')) ||
  (settings.get('producer') === 'kafka' &&
    (key.startsWith('kafka.') || key.startsWith('kafka_') || key.startsWith('producer_partition')));

const producer = (draft: Draft, settings: ReadonlyMap<string, string>, sinks: KnownSinks): void => {
  const kind = settings.get('producer') ?? 'stdout';
  if (kind === 'kafka') {
    kafkaProducer(draft, settings, sinks);
    return;
  }
  draft.sink.set('type', 'file');
  if (kind === 'stdout' || kind === 'none') draft.sink.set('path', '-');
  else if (kind === 'file') draft.text(draft.sink, 'path', settings.get('output_file') ?? '-');
  else fileInstead(draft, 'producer', elsewhere[kind] ?? `there is no sink for ${kind}`);
  if (sinks.offers('file', 'value.format', 'maxwell-json')) draft.sink.set('value.format', 'maxwell-json');
  else draft.changed('producer', "lines are in Debezium's JSON, which tells before and after apart, not in Maxwell's");
};

const elsewhere: Readonly<Record<string, string>> = {
  kinesis: 'there is no Kinesis sink; write to Kafka, or keep Maxwell for this one',
  sqs: 'there is no SQS sink; write to Kafka, or keep Maxwell for this one',
  sns: 'there is no SNS sink; write to Kafka, or keep Maxwell for this one',
  pubsub: 'there is no Pub/Sub sink; write to Kafka, or keep Maxwell for this one',
  bigquery: 'there is no BigQuery sink; write to Kafka, and load from there',
  rabbitmq: 'there is no RabbitMQ sink; write to Kafka, or keep Maxwell for this one',
  nats: 'there is no NATS sink; write to Kafka, or keep Maxwell for this one',
  redis:
    'Maxwell pushes messages to a channel, list or stream of Redis; a Redis sink here keeps keys in step with rows',
};

/** Kafka producer options that say how messages are written, and not what. */
const passedOn = /^kafka\.(?!schema\.registry|key\.serializer|value\.serializer)/;

const kafkaProducer = (draft: Draft, settings: ReadonlyMap<string, string>, sinks: KnownSinks): void => {
  if (!kafkaSink(draft, sinks, settings.get('kafka.bootstrap.servers') ?? null, 'producer')) {
    draft.changed('producer', "lines are in Debezium's JSON, not in Maxwell's");
    return;
  }
  draft.text(draft.sink, 'topic', settings.get('kafka_topic') ?? 'maxwell');
  if (sinks.offers('kafka', 'value.format', 'maxwell-json')) draft.sink.set('value.format', 'maxwell-json');
  else draft.changed('producer', "values are in Debezium's JSON, not in Maxwell's");
  for (const [key, value] of settings) {
    if (key === 'kafka.bootstrap.servers' || key === 'kafka_topic') continue;
    if (holdsSecret(key) && key.startsWith('kafka.'))
      draft.secret(draft.sink, `properties.${key.slice(6)}`, 'KAFKA_SECRET', key);
    else if (passedOn.test(key)) {
      const ours = `properties.${key.slice('kafka.'.length)}`;
      sinkSetting(draft, sinks, { from: key, key: ours, value, otherwise: 'the sink has no such option' });
    } else if (key === 'producer_partition_by') {
      if (value === 'primary_key' && sinks.takes('kafka', 'partition.strategy'))
        draft.sink.set('partition.strategy', 'hash-by-key');
      else draft.left(key, `partitions are chosen by the primary key, or all rows go to the first; not by ${value}`);
    } else if (key.startsWith('kafka.')) draft.left(key, 'values are JSON; Avro is asked for by `value.format`');
    else if (key.startsWith('kafka_') || key.startsWith('producer_partition')) draft.left(key, otherReason(key));
  }
};

/** The filters of Maxwell 1.17 and before, as one filter of today's; null: there is none. */
const legacyFilter = (settings: ReadonlyMap<string, string>): string | null => {
  const names = (key: string): readonly string[] =>
    (settings.get(key) ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const databases = names('include_dbs');
  const tables = names('include_tables');
  const rules = [
    ...(databases.length + tables.length > 0 ? ['exclude: *.*'] : []),
    ...(databases.length > 0 ? databases : tables.length > 0 ? ['*'] : []).flatMap((database) =>
      (tables.length > 0 ? tables : ['*']).map((table) => `include: ${database}.${table}`),
    ),
    ...names('exclude_dbs').map((database) => `exclude: ${database}.*`),
    ...names('exclude_tables').map((table) => `exclude: *.${table}`),
  ];
  return rules.length === 0 ? null : rules.join(', ');
};

const otherReason = (key: string): string => {
  if (key.startsWith('output_')) return 'the envelope has its own fields, which cannot be chosen one by one';
  if (key === 'javascript')
    return 'Maxwell’s script is not run here; `filter` and `projection` in `transform` take its place';
  if (key === 'encrypt' || key === 'secret_key') return 'messages are not encrypted; use TLS to the target';
  if (key.startsWith('metrics_') || key.startsWith('http_') || key.startsWith('custom_health'))
    return 'figures and health come from `millrace serve` over HTTP';
  if (key === 'ha' || key.startsWith('jgroups') || key.startsWith('raft'))
    return 'run a second `millrace`: a writer that was replaced cannot write any more';
  if (key.startsWith('ddl_kafka_topic')) return 'schema changes are followed; there is no topic of statements';
  if (key === 'kafka_version' || key === 'kafka_partition_hash')
    return 'there is one client, which hashes as Kafka’s own does';
  if (key === 'kafka_key_format') return 'keys are JSON objects of the primary key';
  if (key.startsWith('schema_')) return 'the schema is read from the server itself and kept with the position';
  if (legacyKeys.test(key)) return 'columns are left out by `columns.exclude`, rows by `filter` in `transform`';
  if (/^(kinesis|sqs|sns|nats|pubsub|ddl_pubsub|bigquery|rabbitmq|redis)_/.test(key))
    return 'it belongs to a producer that has no counterpart';
  if (key === 'dead_letter_topic') return '`errors.deadletterqueue.path` keeps refused rows in a file';
  return 'there is no such setting';
};
