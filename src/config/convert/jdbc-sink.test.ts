/** JDBC sinks as the documentation of Confluent, Aiven and Debezium writes them, as pipelines from Kafka, and where they go on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { connectors } from '../../connectors/registry.ts';
import { loadPipelineFile } from '../pipeline-file.ts';
import { convertFile } from './convert-file.ts';

const testdata = (path: string): { name: string; text: string } => ({
  name: path.split('/').at(-1)!,
  text: readFileSync(new URL(`../testdata/${path}`, import.meta.url), 'utf8'),
});

interface Pipeline {
  readonly source: Readonly<Record<string, unknown>>;
  readonly sink: Readonly<Record<string, unknown>>;
  readonly routes: readonly string[];
  readonly behavior: string;
  readonly left: readonly string[];
}

/** What the converted file runs, once it has been linted. */
const converted = async (path: string, offsets: string | null = null): Promise<Pipeline> => {
  const given = offsets === null ? null : { name: 'offsets', text: offsets };
  const draft = await convertFile('debezium', [testdata(path)], { connectors, offsets: given });
  const text = draft.toYaml();
  assert.doesNotMatch(text, /Geheim/, 'a secret was copied');
  const names = [...draft.secrets.keys(), 'TARGET_DB_PASSWORD'];
  const env = Object.fromEntries(names.map((name) => [name, 'set']));
  const loaded = await loadPipelineFile('out.yaml', {
    env,
    overrides: [],
    version: '0',
    connectors,
    readText: () => text,
  });
  assert.deepEqual(
    loaded.diagnostics.map(({ severity, error }) => `${severity} ${error.code} ${error.message}`),
    [],
    text,
  );
  const [{ sources, sinks, routes, settings }] = loaded.pipelines as [(typeof loaded.pipelines)[0]];
  return {
    source: { type: sources[0]!.connector.type, ...(sources[0]!.config as object) },
    sink: { type: sinks[0]!.connector.type, ...(sinks[0]!.config as object) },
    routes: routes.map((route) => `${route['source-table']} -> ${route['sink-table']}`),
    behavior: settings['schema.change.behavior'],
    left: draft.findings.filter(({ kind }) => kind === 'left').map(({ key }) => key),
  };
};

const holds = (all: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): void => {
  for (const [key, value] of Object.entries(wanted)) assert.deepEqual(all[key], value, key);
};

describe('a JDBC sink', () => {
  test("Confluent's with Avro: its group, its registry with the login as a secret, the fields of the value as the key", async () => {
    const { source, sink, routes, behavior, left } = await converted('jdbc-sink/confluent-avro.json');
    holds(source, {
      type: 'kafka',
      topic: 'orders',
      'properties.group.id': 'connect-orders-to-mysql',
      'scan.startup.mode': 'group-offsets',
      'value.format': 'avro-confluent',
      'schema.registry.url': ['http://registry:8081'],
      'schema.registry.basic.auth.user.info': 'set',
      'primary-key': 'id, region',
    });
    holds(sink, {
      type: 'mysql',
      hostname: 'db1',
      port: 3307,
      username: 'connect_user',
      password: 'set',
      'insert.mode': 'upsert',
      'delete.enabled': false,
    });
    assert.deepEqual(routes, ['kafka.orders -> demo.orders']);
    assert.equal(behavior, 'evolve');
    assert.deepEqual(left, [
      'connection.url (useSSL)',
      'connection.url (serverTimezone)',
      'batch.size',
      'fields.whitelist',
    ]);
  });

  test('what is not said is what the connector does without being told: insert, no deletes, no changed tables', async () => {
    const { source, sink, routes, behavior } = await converted('jdbc-sink/confluent-defaults.properties');
    holds(source, { topic: 'orders;shop.payments', 'value.format': 'json' });
    holds(sink, {
      hostname: 'localhost',
      port: 3306,
      username: 'writer',
      'insert.mode': 'insert',
      'delete.enabled': false,
    });
    assert.deepEqual(routes, ['kafka.orders -> test.orders', 'shop.payments -> shop.payments']);
    assert.equal(behavior, 'exception');
  });

  test("behind Debezium's unwrapping the topics hold envelopes, and a router over topics names tables", async () => {
    const { source, sink, routes, left } = await converted('jdbc-sink/confluent-unwrap.json');
    holds(source, { 'value.format': 'debezium-json', 'primary-key': 'id' });
    holds(sink, { hostname: 'target', password: 'set', 'insert.mode': 'upsert', 'delete.enabled': true });
    assert.deepEqual(routes, ['inventory.customers -> inventory.customers', 'inventory.orders -> inventory.orders']);
    assert.deepEqual(left, ['errors.deadletterqueue.topic.name']);
  });

  test('a key that is a bare text is the column that pk.fields names', async () => {
    const { source, left } = await converted('jdbc-sink/confluent-record-key.json');
    holds(source, { 'value.format': 'json', 'key.format': 'raw', 'key.fields': ['sku'] });
    assert.deepEqual(left, []);
  });

  test("Aiven's over a pattern, with what has no counterpart by name", async () => {
    const { source, sink, routes, left } = await converted('jdbc-sink/aiven.json');
    holds(source, {
      'topic-pattern': 'shop\\..*',
      'properties.bootstrap.servers': ['k1:9092', 'k2:9092'],
      'properties.group.id': 'warehouse-group',
    });
    holds(sink, { hostname: 'db1', 'ssl.mode': 'verify-ca', 'insert.mode': 'update' });
    assert.deepEqual(routes, ['\\.*.\\.* -> warehouse.kafka_%{table}']);
    assert.deepEqual(left, ['connection.url', 'pk.mode', 'transforms.mask (MaskField)']);
  });

  test("Debezium's reads envelopes as they are, and makes dots of topics part of the table's name", async () => {
    const listed = await converted('debezium/jdbc-sink.json');
    holds(listed.source, { topic: 'shop.shop.customers;shop.shop.orders', 'value.format': 'debezium-json' });
    holds(listed.sink, { hostname: 'replica.internal', 'delete.enabled': true });
    assert.deepEqual(listed.routes, [
      'shop.customers -> reporting.shop_shop_customers',
      'shop.orders -> reporting.shop_shop_orders',
    ]);
    assert.equal(listed.behavior, 'evolve');
    const { source, routes, left, behavior } = await converted('jdbc-sink/debezium-regex.json');
    holds(source, { 'topic-pattern': 'dbz\\.shop\\..*', 'value.format': 'debezium-avro' });
    assert.deepEqual(routes, ['\\.*.\\.* -> shop_copy.%{database}_%{table}']);
    assert.equal(behavior, 'exception');
    assert.deepEqual(left, ['connection.pool.max_size', 'truncate.enabled', 'field.include.list']);
  });

  test('offsets that are given take the place of the group, for one topic', async () => {
    const offset = (topic: string, partition: number, at: number) =>
      JSON.stringify({ partition: { kafka_topic: topic, kafka_partition: partition }, offset: { kafka_offset: at } });
    const { source } = await converted(
      'jdbc-sink/confluent-avro.json',
      `{"offsets":[${offset('orders', 1, 7)},${offset('orders', 0, 42)}]}`,
    );
    holds(source, {
      'scan.startup.mode': 'specific-offsets',
      'scan.startup.specific-offsets': 'partition:0,offset:42;partition:1,offset:7',
    });
    const several = await converted(
      'jdbc-sink/confluent-defaults.properties',
      `{"offsets":[${offset('orders', 0, 1)},${offset('shop.payments', 0, 2)}]}`,
    );
    holds(several.source, { 'scan.startup.mode': 'group-offsets' });
    await assert.rejects(converted('jdbc-sink/confluent-avro.json', '{"offsets":[]}'), { code: 'CONVERT_INPUT' });
  });

  test('another system than MySQL is refused by its name', async () => {
    const { name, text } = testdata('jdbc-sink/confluent-avro.json');
    const other = { name, text: text.replace('jdbc:mysql:', 'jdbc:postgresql:') };
    await assert.rejects(convertFile('debezium', [other], { connectors, offsets: null }), {
      code: 'CONVERT_INPUT',
      message: /only MySQL and MariaDB are written to; this is jdbc:postgresql/,
    });
  });
});
