import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectors } from '../connectors/registry.ts';
import { loadPipelineFile } from './pipeline-file.ts';

const load = (text: string) =>
  loadPipelineFile('orders.yaml', {
    env: { P: 'secret-password' },
    readText: () => text,
    connectors,
    overrides: [],
    version: '0',
  });

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is put in by whoever reads the file
const mysql = 'source: {type: mysql, hostname: h, username: u, password: "${P}", tables: a.b}\n';
const file = "sink: {type: file, path: '-'}\n";
const kafka =
  'sink: {type: kafka, properties.bootstrap.servers: k1:9092, properties.security.protocol: SASL_SSL, properties.sasl.jaas.config: secret-login}\n';

describe('the topic of signals', () => {
  test('is none unless the file names one', async () => {
    const { pipelines } = await load(mysql + file);
    assert.equal(pipelines[0]!.signals, null);
  });

  test("is reached as the Kafka sink's topics are", async () => {
    const { pipelines } = await load(`${mysql}${kafka}pipeline: {signal.kafka.topic: signals}`);
    const { topic, connection } = pipelines[0]!.signals!;
    assert.equal(topic, 'signals');
    assert.deepEqual(connection['properties.bootstrap.servers'], ['k1:9092']);
    assert.equal(connection['properties.security.protocol'], 'SASL_SSL');
    assert.equal(connection['properties.sasl.jaas.config'], 'secret-login');
    assert.equal('topic' in connection, false);
  });

  test('may lie on other brokers, or beside a sink that is no Kafka', async () => {
    const settings = "pipeline: {signal.kafka: {topic: signals, bootstrap.servers: 'k2:9092, k3:9092'}}";
    for (const sink of [kafka, file]) {
      const { pipelines } = await load(`${mysql}${sink}${settings}`);
      const { connection } = pipelines[0]!.signals!;
      assert.deepEqual(connection['properties.bootstrap.servers'], ['k2:9092', 'k3:9092']);
      assert.equal(connection['properties.security.protocol'], sink === kafka ? 'SASL_SSL' : 'PLAINTEXT');
    }
  });

  const refuses = (what: string, text: string, expected: string): void => {
    test(what, async () => {
      const { diagnostics, pipelines } = await load(text);
      assert.deepEqual(
        diagnostics.map(({ error }) => `${error.code} ${error.message}`),
        [expected],
      );
      assert.deepEqual(pipelines, []);
    });
  };

  refuses(
    'needs brokers',
    `${mysql}${file}pipeline: {signal.kafka.topic: signals}`,
    'CONFIG_MISSING_KEY pipeline needs signal.kafka.bootstrap.servers',
  );
  refuses(
    'needs a name',
    `${mysql}${file}pipeline: {signal.kafka.bootstrap.servers: k:9092}`,
    'CONFIG_MISSING_KEY pipeline needs signal.kafka.topic',
  );
  refuses(
    'is for MySQL sources',
    `source: {type: kafka, properties.bootstrap.servers: k:9092, topic: t, value.format: debezium-json}\n${file}pipeline: {signal.kafka.topic: signals}`,
    'CONFIG_WRONG_VALUE signal.kafka.topic: signals are about snapshots, which only a source of type mysql has',
  );
});
