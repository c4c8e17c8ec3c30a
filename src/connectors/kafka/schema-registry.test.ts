import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { kafkaConfig } from './config.ts';
import { SchemaRegistry } from './schema-registry.ts';

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A registry that gives each request the next of its answers, and the last one ever after. */
const scripted = async (...answers: readonly (readonly [number, object])[]) => {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ path: request.url!, authorization: request.headers.authorization, body });
    const [status, answer] = answers[Math.min(asked.length, answers.length) - 1]!;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, [Symbol.dispose]: () => void server.close() };
};

const registryAt = (url: string, settings: object = {}): SchemaRegistry => {
  const config = { 'properties.bootstrap.servers': 'nowhere:1', 'schema.registry.url': url, ...settings };
  // Pauses take no time.
  return new SchemaRegistry(kafkaConfig.parse(config), { ...systemClock, sleep: async () => {} });
};

test('a schema is registered once, with the login that is set', async () => {
  using server = await scripted([200, { id: 7 }]);
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
  using broken = await scripted([503, {}]);
  using server = await scripted([200, { id: 8 }]);
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
    using server = await scripted([status, answer]);
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
