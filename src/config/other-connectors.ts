/**
 * Connectors that other tools' files name and that are not here: what takes their place. Sinks and sources of Flink CDC's own
 * list, and what its users write most.
 */
const byTopic = 'push to `type: kafka` and let it load from the topic';
const lakehouse = (loader: string): string =>
  `push to \`type: kafka\` with debezium-json, and write the table with ${loader}`;

const sinks: Readonly<Record<string, string>> = {
  values: 'it prints rows to see them; `type: file` with `path: "-"` prints each change as a line',
  print: 'it prints rows to see them; `type: file` with `path: "-"` prints each change as a line',
  doris: `${byTopic} (Routine Load, format json)`,
  starrocks: `${byTopic} (Routine Load, format json)`,
  clickhouse: `${byTopic} (the Kafka table engine)`,
  elasticsearch: `${byTopic} (Kafka Connect's Elasticsearch sink)`,
  paimon: lakehouse("Paimon's Kafka CDC action"),
  iceberg: lakehouse("Iceberg's Kafka Connect sink or Flink SQL"),
  hudi: lakehouse("Hudi's streamer"),
  fluss: lakehouse('Flink SQL into Fluss'),
  oceanbase:
    'it speaks the protocol of MySQL: `type: mysql` writes to it as far as its SQL is the same; nobody has tried it here',
  maxcompute: `${byTopic} (DataHub or Kafka tunnel)`,
  hologres: byTopic,
  jdbc: '`type: mysql` writes to MySQL and MariaDB; there is no sink for other databases',
  upsert_kafka: '`type: kafka` writes a key and tombstones too',
};

const onlyMysql = 'only MySQL and MariaDB are read; keep the other tool for this one';
const sources: Readonly<Record<string, string>> = {
  postgres: onlyMysql,
  oracle: onlyMysql,
  sqlserver: onlyMysql,
  mongodb: onlyMysql,
  db2: onlyMysql,
  tidb: onlyMysql,
  vitess: onlyMysql,
  oceanbase: onlyMysql,
  values: 'it makes up rows for tests; `millrace test` takes rows from the file, without any source',
};

/** What takes the place of another tool's connector; null: not one that is known. */
export const insteadOf = (role: 'source' | 'sink', type: string): string | null => {
  const known = role === 'source' ? sources : sinks;
  const name = type.toLowerCase().replaceAll('-', '_');
  return Object.hasOwn(known, name) ? known[name]! : null;
};
