/** Pipeline files as Flink CDC's documentation writes them: which load unchanged, and what is said of the rest. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { connectors, type RegisteredConnector } from '../connectors/registry.ts';
import { loadPipelineFile, type PipelineFile } from './pipeline-file.ts';

const folder = fileURLToPath(new URL('testdata/flink-cdc', import.meta.url));

/** The keys of Flink CDC's Kafka sink, so that this says the same whatever the real one adds. */
const kafka: RegisteredConnector = {
  type: 'kafka',
  roles: ['sink'],
  summary: '',
  load: async () => ({
    type: 'kafka',
    config: z.strictObject({
      topic: z.string().optional(),
      properties: z.record(z.string(), z.string()).default({}),
      'partition.strategy': z.enum(['all-to-zero', 'hash-by-key']).default('all-to-zero'),
      'key.format': z.enum(['json', 'csv']).default('json'),
      'value.format': z.enum(['debezium-json', 'canal-json']).default('debezium-json'),
      'sink.tableId-to-topic.mapping': z.string().optional(),
      'sink.add-tableId-to-header-enabled': z.boolean().default(false),
      'sink.custom-header': z.string().optional(),
    }),
    check: async () => [],
  }),
};

const load = (name: string) =>
  loadPipelineFile(name, {
    env: {},
    overrides: [],
    version: '0',
    connectors: [...connectors.filter(({ type }) => type !== 'kafka'), kafka],
    readText: (path) => readFileSync(`${folder}/${path}`, 'utf8'),
  });

const withoutMeaning: Readonly<Record<string, readonly string[]>> = {
  'mysql-to-kafka.yaml': ['password', 'server-time-zone', 'parallelism'],
  'routes-to-topics.yaml': ['password', 'server-time-zone', 'parallelism'],
  'topic-mapping.yaml': ['password', 'server-time-zone', 'parallelism'],
  'pattern-routes.yaml': [
    'password',
    'scan.newly-added-table.enabled',
    'connect.max-retries',
    'connection.pool.size',
    'jdbc.properties.useSSL',
    'debezium.snapshot.mode',
    'parallelism',
  ],
};

for (const [name, keys] of Object.entries(withoutMeaning)) {
  test(`${name} loads unchanged, with a warning for each key that changes nothing here`, async () => {
    const { pipelines, diagnostics } = await load(name);
    assert.equal(pipelines.length, 1, diagnostics.map(({ error }) => error.message).join('\n'));
    assert.deepEqual(
      diagnostics.map(({ severity, error }) => `${severity} ${(error.details as { key?: string }).key}`),
      keys.map((key) => `warning ${key}`),
    );
  });
}

const one = async (name: string): Promise<PipelineFile> => (await load(name)).pipelines[0]!;

test('what they say is what is run', async () => {
  const kafkaSample = await one('mysql-to-kafka.yaml');
  assert.equal(kafkaSample.name, 'Warehouse to Kafka');
  assert.deepEqual((kafkaSample.sources[0]!.config as Record<string, unknown>)['server-id'], {
    first: 5400,
    last: 5404,
  });
  assert.equal((await one('topic-mapping.yaml')).settings['schema.change.behavior'], 'exception');
  const patterns = await one('pattern-routes.yaml');
  assert.equal(patterns.routes.length, 4);
  assert.equal(patterns.settings['route-mode'], 'ALL_MATCH');
  assert.equal((patterns.sources[0]!.config as Record<string, unknown>)['scan.startup.mode'], 'specific-offset');
});

const named: readonly (readonly [name: string, says: RegExp])[] = [
  ['to-doris.yaml', /Flink CDC's sink doris has no counterpart here: push to `type: kafka`.*Routine Load/],
  ['to-values.yaml', /Flink CDC's sink values has no counterpart here: .*`type: file` with `path: "-"`/],
  [
    'to-paimon.yaml',
    /Flink CDC's sink paimon has no counterpart here: push to `type: kafka` .*Paimon's Kafka CDC action/,
  ],
];
for (const [name, says] of named) {
  test(`${name} names what has no counterpart and what takes its place`, async () => {
    const { diagnostics } = await load(name);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    assert.ok(
      errors.some(({ error }) => error.code === 'CONFIG_NO_COUNTERPART' && says.test(error.message)),
      errors.join(),
    );
    assert.deepEqual(
      errors.filter(({ error }) => error.code !== 'CONFIG_NO_COUNTERPART' && error.code !== 'CONFIG_NOT_SUPPORTED_YET'),
      [],
    );
  });
}

test('every sample has its verdict here', () => {
  const files = globSync('*.yaml', { cwd: folder }).map((file) => basename(file));
  assert.deepEqual(files.toSorted(), [...Object.keys(withoutMeaning), ...named.map(([name]) => name)].toSorted());
});
