import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { scriptedRegistry } from '../../testing/scripted-registry.ts';
import { kafkaConfig } from './config.ts';
import { SchemaRegistry } from './schema-registry.ts';

const registryAt = (url: string, settings: object = {}): SchemaRegistry => {
  const config = { 'properties.bootstrap.servers': 'nowhere:1', 'schema.registry.url': url, ...settings };
  // Pauses take no time.
  return new SchemaRegistry(kafkaConfig.parse(config), { ...systemClock, sleep: async () => {} });
};

test('a schema is registered once, with the login that is set', async () => {
  using server = await scriptedRegistry([200, { id: 7 }]);
  const registry = registryAt(`${server.url}/`, { 'schema.registry.basic.auth.user.info': 'ann:secret' });
  assert.equal(await registry.idOf('shop.orders-value', '"string"'), 7);
  assert.equal(await registry.idOf('shop.orders-value', '"string"'), 7);
  assert.deepEqual(server.asked, [
    {
      path: '/subjects/shop.orders-value/versions',
      authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
      body: '{"schema":"\\"string\\""}',
    },
  ]);
});

test('the next registry is asked when one fails', async () => {
  using broken = await scriptedRegistry([503, {}]);
  using server = await scriptedRegistry([200, { id: 8 }]);
  assert.equal(await registryAt(`${broken.url},${server.url}`).idOf('a', '"int"'), 8);
});

for (const [name, code, settings, status, answer] of [
  ['a schema that is not compatible', 'KAFKA_SCHEMA_INCOMPATIBLE', {}, 409, { error_code: 409, message: 'too new' }],
  [
    'a schema that is not held',
    'KAFKA_SCHEMA_MISSING',
    { 'auto.register.schemas': false },
    404,
    { error_code: 40_403 },
  ],
  ['a login that is not taken', 'KAFKA_REGISTRY_REFUSED', {}, 401, { message: 'who are you' }],
  ['an answer without an id', 'KAFKA_REGISTRY_REFUSED', {}, 200, {}],
  ['a registry that stays broken', 'KAFKA_REGISTRY_UNREACHABLE', {}, 500, {}],
] as const) {
  test(`${name} is told as ${code}`, async () => {
    using server = await scriptedRegistry([status, answer]);
    await assert.rejects(registryAt(server.url, settings).idOf('a-value', '"int"'), (error) =>
      isMillraceError(error, code),
    );
  });
}

test('the Avro formats ask for a registry in the settings', () => {
  assert.throws(
    () => registryAt(''),
    (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE'),
  );
});

test('a schema is read by its id', async () => {
  using server = await scriptedRegistry([200, { schema: '"string"' }]);
  assert.equal(await registryAt(server.url).schemaOf(70_000), '"string"');
  assert.deepEqual(server.asked, [{ path: '/schemas/ids/70000', authorization: undefined, body: '' }]);
});

for (const [name, code, status, answer] of [
  ['an id that is not held', 'FORMAT_SCHEMA_UNUSABLE', 404, { error_code: 40_403, message: 'Schema 9 not found' }],
  ['a schema of another kind', 'FORMAT_SCHEMA_UNUSABLE', 200, { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }],
  ['a schema that refers to others', 'FORMAT_SCHEMA_UNUSABLE', 200, { schema: '"a.B"', references: [{ name: 'a.B' }] }],
  ['a login that may not read it', 'KAFKA_REGISTRY_REFUSED', 403, { message: 'no' }],
  ['an answer without a schema', 'KAFKA_REGISTRY_REFUSED', 200, {}],
] as const) {
  test(`${name} is told as ${code}`, async () => {
    using server = await scriptedRegistry([status, answer]);
    await assert.rejects(registryAt(server.url).schemaOf(9), (error) => isMillraceError(error, code));
  });
}
