import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { z } from 'zod';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, Op, Origin } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { isMillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import type { Row } from '../../core/value.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { origin as sampleOrigin } from '../../testing/sample-origin.ts';
import { column, int, table, varchar } from '../../testing/sample-tables.ts';
import { PositionFile } from '../position-file.ts';
import { webhookConfig } from './config.ts';
import { webhook } from './connector.ts';

const never = new AbortController().signal;
const orders = table('orders', [column('id', int), column('note', varchar)], [0]);
const visits = table('visits', [column('note', varchar)], []);

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver whose answers a test writes, and a sink that posts to it. */
class Rig implements AsyncDisposable {
  readonly received: Received[] = [];
  underWay = 0;
  mostUnderWay = 0;
  readonly context: Context;
  readonly #server;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-webhook-'));
  readonly pauses: number[] = [];

  static async open(answer: (received: Received, number: number) => number | Promise<number>): Promise<Rig> {
    const rig = new Rig(answer);
    rig.#server.listen(0, '127.0.0.1');
    await once(rig.#server, 'listening');
    return rig;
  }

  private constructor(answer: (received: Received, number: number) => number | Promise<number>) {
    this.context = {
      pipeline: 'alerts',
      log: { debug() {}, info() {}, warn() {}, error() {} },
      clock: {
        ...systemClock,
        sleep: async (ms) => void this.pauses.push(ms),
      },
    };
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const received = { headers: request.headers, body: Buffer.concat(chunks).toString() };
      this.received.push(received);
      this.underWay += 1;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      const status = await answer(received, this.received.length);
      this.underWay -= 1;
      response.writeHead(status, { 'retry-after': '7', location: '/elsewhere' }).end('thank you');
    });
  }

  get positionPath(): string {
    return join(this.#folder, 'position');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook/t0ken`;
  }

  async sink(settings: Partial<z.input<typeof webhookConfig>> = {}): Promise<Sink> {
    const config = webhookConfig.parse({ url: this.url, 'position.path': this.positionPath, ...settings });
    return await webhook.openSink!(config, this.context);
  }

  /** The notes of the rows that came, in their order. */
  get notes(): readonly unknown[] {
    return this.received.map(({ body }) => (JSON.parse(body) as { after: { note: unknown } | null }).after?.note);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true });
  }
}

const change = (
  op: Op,
  before: readonly Row[] | null,
  after: readonly Row[] | null,
  { of = orders, origin = sampleOrigin }: { readonly of?: typeof orders; readonly origin?: Origin } = {},
): Change => ({ kind: 'rows', op, table: of, rows: new ArrayRowImages(of, { before, after }), origin });

const batch = (number: number, ...changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(`place-${number}`)]]),
  version: String(number).padStart(10, '0'),
});

test('each change is a request of its own, told with both images and signed so that a receiver can tell who sent it', async () => {
  await using rig = await Rig.open(() => 204);
  const secret = `whsec_${Buffer.from('a key of thirty-two bytes, or so').toString('base64')}`;
  await using sink = await rig.sink({
    'signing.secret': secret,
    authorization: 'Bearer abc',
    'custom-headers': 'X-Tenant: 7, x-empty:',
    'sink.max-in-flight': 1,
  });
  assert.equal(await sink.claim('log'), null);
  const origin = { ...sampleOrigin, gtid: 'uuid:7' };
  await sink.write(
    batch(
      1,
      change('create', null, [[1, 'new']], { origin }),
      change('update', [[1, 'new']], [[1, 'paid']], { origin }),
      change('delete', [[1, 'paid']], null, { origin }),
      { kind: 'truncate', table: orders, origin },
      { kind: 'snapshot', at: 'end', table: orders, reason: 'a test' },
    ),
    never,
  );
  const told = rig.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const about = {
    database: orders.database,
    table: 'orders',
    transaction: 'uuid:7',
    committed: '2026-01-01T00:00:00.000Z',
  };
  const key = { id: 1 };
  const [created, paid] = [
    { id: 1, note: 'new' },
    { id: 1, note: 'paid' },
  ];
  assert.deepEqual(
    told.map(({ id, ...rest }) => rest),
    [
      { ...about, op: 'create', key, before: null, after: created },
      { ...about, op: 'update', key, before: created, after: paid },
      { ...about, op: 'delete', key, before: paid, after: null },
      { ...about, op: 'truncate', key: null, before: null, after: null },
    ],
  );
  for (const [at, { headers, body }] of rig.received.entries()) {
    const id = String(told[at]!['id']);
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      [headers['webhook-id'], headers['idempotency-key'], headers['content-type'], headers.authorization],
      [id, id, 'application/json', 'Bearer abc'],
    );
    assert.deepEqual([headers['x-tenant'], headers['x-empty']], ['7', '']);
    const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'));
    mac.update(`${id}.${headers['webhook-timestamp']}.${body}`);
    assert.equal(headers['webhook-signature'], `v1,${mac.digest('base64')}`);
  }
  assert.equal(new Set(told.map(({ id }) => id)).size, 4);
});

test('the position is kept beside, and a batch that is sent again has the same ids', async () => {
  await using rig = await Rig.open(() => 200);
  const rows = change('create', null, [['a'], ['a'], ['b']], { of: visits });
  const ids = (): readonly unknown[] => rig.received.splice(0).map(({ headers }) => headers['webhook-id']);
  let first: readonly unknown[];
  {
    await using sink = await rig.sink();
    await sink.claim('log');
    await sink.write(batch(1, rows), never);
    first = ids();
    assert.equal(new Set(first).size, 3, 'two equal rows are two messages');
    await sink.write(batch(1, rows), never);
    assert.deepEqual(ids(), first);
  }
  await using sink = await rig.sink();
  assert.equal(await sink.claim('log'), 'place-1');
});

test('messages of one key follow each other, those of others go beside them, and no more than allowed', async () => {
  await using rig = await Rig.open(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return 200;
  });
  await using sink = await rig.sink({ 'sink.max-in-flight': 3 });
  await sink.claim('log');
  const changes = Array.from({ length: 40 }, (_, at) => change('update', [[at % 8, `${at - 8}`]], [[at % 8, `${at}`]]));
  // One row takes the key of another: nothing may come in between.
  await sink.write(
    batch(1, ...changes, change('update', [[7, 'x']], [[9, 'moved']]), change('create', null, [[7, 'after']])),
    never,
  );
  const notes = rig.notes.map(String);
  assert.deepEqual(notes.slice(-2), ['moved', 'after']);
  for (let key = 0; key < 8; key += 1) {
    const ofKey = notes.slice(0, -2).filter((note) => Number(note) % 8 === key);
    assert.deepEqual(
      ofKey,
      Array.from({ length: 5 }, (_, round) => String(round * 8 + key)),
    );
  }
  assert.ok(rig.mostUnderWay > 1 && rig.mostUnderWay <= 3, `${rig.mostUnderWay} at once`);
});

test('a receiver that is away for a while gets the same message until it takes it, at the pace it asks for', async () => {
  await using rig = await Rig.open((_, number) => [503, 429, 200][number - 1] ?? 500);
  await using sink = await rig.sink();
  await sink.claim('log');
  await sink.write(batch(1, change('create', null, [[1, 'a']])), never);
  assert.deepEqual(rig.pauses, [7_000, 7_000]);
  assert.equal(new Set(rig.received.map(({ headers }) => headers['webhook-id'])).size, 1);
});

test('one that stays away stops the write, and the position stays before it', async () => {
  await using rig = await Rig.open(() => 502);
  {
    await using sink = await rig.sink({ 'sink.max-retries': 2 });
    await sink.claim('log');
    await assert.rejects(sink.write(batch(1, change('create', null, [[1, 'a']])), never), (error: unknown) => {
      assert.ok(isMillraceError(error, 'WEBHOOK_UNAVAILABLE'));
      assert.ok(error.retryable);
      assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+ takes no request: HTTP 502$/, 'the path may be a secret');
      return true;
    });
  }
  assert.equal(rig.received.length, 3);
  await using sink = await rig.sink();
  assert.equal(await sink.claim('log'), null);
});

test('a body that is refused is about the row, and an address that is refused is not', async () => {
  let status = 422;
  await using rig = await Rig.open(() => status);
  await using sink = await rig.sink();
  await sink.claim('log');
  const write = (): Promise<void> => sink.write(batch(1, change('create', null, [[1, 'a secret']])), never);
  await assert.rejects(write(), (error: unknown) => {
    assert.ok(isMillraceError(error, 'SINK_ROW_REFUSED'));
    assert.match(error.message, /refused a row of .*orders: HTTP 422$/);
    return true;
  });
  for (status of [401, 404, 302]) {
    await assert.rejects(write(), (error: unknown) => isMillraceError(error, 'WEBHOOK_REFUSED') && !error.retryable);
  }
  assert.equal(rig.received.length, 4, 'nothing is tried again');
});

test('several changes go as an array, and json is the new row alone', async () => {
  await using rig = await Rig.open(() => 200);
  await using sink = await rig.sink({ 'batch.max-rows': 2, 'value.format': 'json', 'sink.max-in-flight': 1 });
  await sink.claim('log');
  await sink.write(
    batch(
      1,
      change('create', null, [
        [1, 'a'],
        [2, 'b'],
        [3, null],
      ]),
      change('delete', [[1, 'a']], null),
    ),
    never,
  );
  assert.deepEqual(
    rig.received.map(({ body }) => body),
    ['[{"id":1,"note":"a"},{"id":2,"note":"b"}]', '[{"id":3,"note":null}]'],
  );
});

test('a writer that was replaced sends nothing, and a second one of this process is refused', async () => {
  await using rig = await Rig.open(() => 200);
  await using sink = await rig.sink();
  await sink.claim('log');
  await assert.rejects(rig.sink(), (error: unknown) => isMillraceError(error, 'CONFIG_WRONG_VALUE'));
  {
    // As another process does it.
    using record = new PositionFile(rig.positionPath, 'alerts', 0);
    record.claim('log');
  }
  await assert.rejects(sink.write(batch(1, change('create', null, [[1, 'a']])), never), (error: unknown) =>
    isMillraceError(error, 'SINK_FENCED'),
  );
  assert.equal(rig.received.length, 0);
});

test('a stop ends what is under way, and the position stays', async () => {
  const stop = new AbortController();
  const { promise: answered, resolve } = Promise.withResolvers<number>();
  await using rig = await Rig.open(() => {
    stop.abort();
    return answered;
  });
  {
    await using sink = await rig.sink();
    await sink.claim('log');
    await assert.rejects(sink.write(batch(1, change('create', null, [[1, 'a']])), stop.signal));
  }
  resolve(200);
  await using sink = await rig.sink();
  assert.equal(await sink.claim('log'), null);
});

test('what cannot be said in settings is refused before anything is sent, and doctor asks whether somebody answers', async () => {
  for (const url of ['hooks.example.org', 'ftp://example.org/x', 'https://me:word@example.org']) {
    assert.equal(webhookConfig.safeParse({ url }).success, false, url);
  }
  await using rig = await Rig.open(() => 405);
  await assert.rejects(rig.sink({ 'custom-headers': 'no colon' }), /name:value/);
  assert.deepEqual(await webhook.check(webhookConfig.parse({ url: rig.url }), rig.context), []);
  const nobody = webhookConfig.parse({ url: 'http://127.0.0.1:1/x', 'position.path': '/nowhere/at/all' });
  const problems = await webhook.check(nobody, rig.context);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['SINK_WRITE_FAILED', 'WEBHOOK_UNAVAILABLE'],
  );
});
