/** Canal's instance.properties and canal.properties. */
import { Draft, holdsSecret } from './draft.ts';
import { fromCanalAdapter } from './from-canal-adapter.ts';
import { javaProperties } from './java-properties.ts';
import type { NamedText } from './named-text.ts';
import { takeOver } from './take-over.ts';
import { fileInstead, type KnownSinks, kafkaSink, sinkSetting } from './target-sink.ts';

type Settings = ReadonlyMap<string, string>;

/** One instance, with the server's file where it is given: properties of the instance go first, as in Canal. */
export const fromCanal = (files: readonly NamedText[], sinks: KnownSinks): Draft => {
  const [first] = files;
  if (/\.ya?ml$/.test(first!.name)) return fromCanalAdapter(files, sinks);
  const draft = new Draft(`Canal's ${files.map(({ name }) => name).join(' and ')}`);
  const settings = new Map(
    files.toReversed().flatMap(({ name, text }) => [...javaProperties(name, text)].filter(([, value]) => value !== '')),
  );
  draft.source.set('type', 'mysql');
  for (const [key, value] of settings) if (!handled(key)) sourceSetting(draft, key, value);
  if (!draft.source.has('hostname')) draft.source.set('hostname', '127.0.0.1', 'The files named no master.');
  if (!draft.source.has('username')) draft.source.set('username', 'canal');
  draft.secret(draft.source, 'password', 'MYSQL_PASSWORD', 'canal.instance.dbPassword');
  if (!draft.source.has('tables')) draft.source.set('tables', '\\.*.\\.*');
  const gtid =
    settings.get('canal.instance.gtidon') === 'true' ? settings.get('canal.instance.master.gtid') : undefined;
  if (gtid !== undefined) {
    for (const part of ['file', 'pos']) draft.source.delete(`scan.startup.specific-offset.${part}`);
    draft.source.set('scan.startup.mode', 'specific-offset');
    draft.source.set('scan.startup.specific-offset.gtid-set', gtid);
  } else draft.source.delete('scan.startup.specific-offset.gtid-set');
  if (!draft.source.has('scan.startup.mode'))
    draft.source.set('scan.startup.mode', 'latest-offset', 'As Canal begins; `initial` would take a snapshot first.');
  target(draft, settings, sinks);
  fieldFilters(draft, settings);
  const name = settings.get('canal.destinations')?.split(',')[0];
  if (name !== undefined) draft.text(draft.pipeline, 'name', name);
  return draft;
};

const handled = (key: string): boolean =>
  /^canal\.(destinations|serverMode)$/.test(key) ||
  /^canal\.instance\.(dbPassword|gtidon|filter\.(black\.)?field)$/.test(key) ||
  /^canal\.mq\./.test(key) ||
  /^(kafka|rocketmq|rabbitmq|pulsarmq)\./.test(key);

const sourceSetting = (draft: Draft, key: string, value: string): void => {
  if (key === 'canal.instance.mysql.slaveId' && value === '0') return;
  if (takeOver(draft, draft.source, 'Canal', key, value)) return;
  draft.left(key, otherReason(key));
};

const target = (draft: Draft, settings: Settings, sinks: KnownSinks): void => {
  const mode = settings.get('canal.serverMode') ?? (settings.has('canal.mq.topic') ? 'kafka' : 'tcp');
  if (mode === 'kafka') {
    kafkaTarget(draft, settings, sinks);
    return;
  }
  if (mode === 'tcp') {
    draft.sink.set(
      'type',
      'file',
      'Canal’s clients fetched rows from its port; here a sink pushes them. This one prints.',
    );
    draft.sink.set('path', '-');
    draft.left('canal.serverMode', 'there is no server that clients fetch from: choose a sink');
  } else
    fileInstead(draft, 'canal.serverMode', `there is no sink for ${mode}; write to Kafka, or keep Canal for this one`);
  if (sinks.offers('file', 'value.format', 'canal-json')) draft.sink.set('value.format', 'canal-json');
};

const kafkaTarget = (draft: Draft, settings: Settings, sinks: KnownSinks): void => {
  const brokers = settings.get('kafka.bootstrap.servers') ?? settings.get('canal.mq.servers') ?? null;
  if (!kafkaSink(draft, sinks, brokers, 'canal.mq.topic')) {
    if (sinks.offers('file', 'value.format', 'canal-json')) draft.sink.set('value.format', 'canal-json');
    return;
  }
  const topic = settings.get('canal.mq.topic');
  const dynamic = settings.get('canal.mq.dynamicTopic');
  if (dynamic !== undefined && /^\.\*(\\\\?\.\.\*)?$/.test(dynamic.trim())) {
    // Canal joins the names by an underscore.
    draft.sink.set('topic', /\./.test(dynamic.replace(/^\.\*/, '')) ? '%{database}_%{table}' : '%{database}');
  } else {
    if (topic !== undefined) draft.text(draft.sink, 'topic', topic);
    if (dynamic !== undefined) mapped(draft, sinks, dynamic);
  }
  if (settings.get('canal.mq.flatMessage') === 'false')
    draft.left('canal.mq.flatMessage', 'messages are never protocol buffers: canal-json is the flat message');
  else if (sinks.offers('kafka', 'value.format', 'canal-json')) draft.sink.set('value.format', 'canal-json');
  else draft.changed('canal.mq.flatMessage', "values are in Debezium's JSON, not in Canal's flat message");
  for (const [key, value] of settings) {
    if (
      [
        'canal.mq.topic',
        'canal.mq.dynamicTopic',
        'canal.mq.flatMessage',
        'canal.mq.servers',
        'kafka.bootstrap.servers',
      ].includes(key)
    )
      continue;
    if (key === 'canal.mq.partitionHash') {
      takeOver(draft, draft.sink, 'Canal', key, value);
      if (!sinks.takes('kafka', 'partition.strategy')) draft.sink.delete('partition.strategy');
    } else if (key.startsWith('kafka.') && holdsSecret(key))
      draft.left(key, 'give the sink its credentials by a variable, under `properties.`');
    else if (/^kafka\.(kerberos|parameter)/.test(key)) draft.left(key, 'give the sink the same under `properties.`');
    else if (key.startsWith('kafka.')) {
      const ours = `properties.${key.slice('kafka.'.length)}`;
      sinkSetting(draft, sinks, { from: key, key: ours, value, otherwise: 'the sink has no such option' });
    } else if (key.startsWith('canal.mq.')) draft.left(key, mqReason(key));
    else if (/^(rocketmq|rabbitmq|pulsarmq)\./.test(key)) draft.left(key, 'the file writes to Kafka');
  }
};

/** `topic:db.table,db2\\..*`: named topics for single tables become the sink's mapping. */
const mapped = (draft: Draft, sinks: KnownSinks, dynamic: string): void => {
  const entries = dynamic.split(/[,;]/).map((part) => part.trim());
  const mapping = entries.flatMap((entry) => {
    const [, topic, table] = /^([\w-]+):([\w$]+\.[\w$]+)$/.exec(entry) ?? [];
    if (topic !== undefined && table !== undefined) return [`${table}:${topic}`];
    const [, database, name] = /^([\w$]+)\\{0,2}\.([\w$]+)$/.exec(entry) ?? [];
    return database === undefined || name === undefined ? [] : [`${database}.${name}:${database}_${name}`];
  });
  if (mapping.length === entries.length && sinks.takes('kafka', 'sink.tableId-to-topic.mapping'))
    draft.sink.set('sink.tableId-to-topic.mapping', mapping.join(';'));
  else
    draft.left(
      'canal.mq.dynamicTopic',
      'name topics by the sink’s `topic` with %{database} and %{table}, or table by table in its mapping',
    );
};

const mqReason = (key: string): string => {
  if (/partition$|partitionsNum|PartitionNum/.test(key))
    return 'the topic has as many partitions as it was made with; `partition.strategy` chooses among them';
  if (/aliyun|accessChannel/.test(key)) return 'it is Aliyun’s own';
  return 'how messages are gathered is set by `commit.interval` and `commit.max-bytes` under `pipeline`';
};

/** `schema.table:a/b,schema.other:c`: fields that are left out. */
const fieldFilters = (draft: Draft, settings: Settings): void => {
  const black = settings.get('canal.instance.filter.black.field');
  if (black !== undefined) {
    const columns = black.split(',').flatMap((entry) => {
      const [table = '', fields = ''] = entry.trim().split(':');
      return fields.split('/').map((field) => `${table}.${field}`);
    });
    draft.source.set('columns.exclude', columns.join(', '));
  }
  if (settings.has('canal.instance.filter.field'))
    draft.left(
      'canal.instance.filter.field',
      'columns are named by what is left out (`columns.exclude`), or chosen by `projection` in `transform`',
    );
};

const otherReason = (key: string): string => {
  if (/standby/.test(key)) return 'with GTIDs, point `hostname` at the server that took over; nothing else changes';
  if (/^canal\.(zk|zookeeper|id$|admin|register|auto|conf|file|ip$|port$|metrics|withoutNetty|user$|passwd$)/.test(key))
    return 'there is no Canal server; `millrace serve` runs many pipelines';
  if (/filter\.(dml|query|rows|transaction|druid|table)/.test(key))
    return 'row changes and schema changes are always read; drop rows by `filter` in `transform`';
  if (/rds|aliyun/.test(key))
    return 'binlogs that a cloud archived are read by `binlog.files`, once they are downloaded';
  if (/enableDruid|pwdPublicKey/.test(key)) return 'the password comes from a variable or a file';
  if (/transaction\.size/.test(key)) return '`scan.transaction.max.size` says when a transaction is handed on in parts';
  if (/fallbackInterval/.test(key)) return 'GTIDs find the exact place on another server';
  if (/get\.ddl\.isolation/.test(key)) return 'a schema change is always a batch of its own';
  return 'there is no such setting';
};
