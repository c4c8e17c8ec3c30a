import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMillraceError } from '../core/errors.ts';
import type { LogFields } from '../core/log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import { create } from '../testing/pipeline-rig.ts';
import { Access, parseListen } from './access.ts';
import { type ApiServer, openApiServer } from './api-server.ts';
import { EventRing } from './event-ring.ts';
import { LocalPipeline } from './local-pipeline.ts';
import { LogRing, tellingLog } from './log-ring.ts';
import { metricTable } from './metric-table.ts';
import { PipelineRunner } from './pipeline-runner.ts';
import { isConnectPath } from './refusal.ts';
import { routes } from './routes.ts';

const token = 'a-long-enough-token';

describe('the API', () => {
  const log = new MemoryLog();
  const store = new MemoryStore();
  const stop = new AbortController();
  const events = new EventRing();
  const logs = new LogRing();
  const audit: LogFields[] = [];
  const runner = new PipelineRunner({
    pipeline: {
      name: 'orders',
      source: async () => new MemorySource(log, { follow: true }),
      sinks: [{ name: 'memory', open: async () => new MemorySink(store) }],
      clock: systemClock,
      log: tellingLog((line) => logs.add(line), String, null),
    },
    redact: String,
    tellsMemory: false,
    onHealth: ({ health }) => events.publish('health', { pipeline: 'orders', health }),
  });
  const running = runner.run(stop.signal);
  let open: ApiServer;
  let guarded: ApiServer;

  before(async () => {
    const pipeline = new LocalPipeline({ runner, file: 'orders.yaml', plan: {}, logs, stop: () => stop.abort() });
    const fleet = { pipelines: new Map([['orders', pipeline]]), events, files: null };
    const silent = {
      debug() {},
      warn() {},
      error() {},
      info: (_: string, fields?: LogFields) => void audit.push(fields!),
    };
    const common = { fleet, tls: null, allowTail: false, log: silent, version: '0' };
    open = await openApiServer({ ...common, listen: { host: '127.0.0.1', port: 0 }, token: null });
    guarded = await openApiServer({ ...common, listen: { host: '127.0.0.1', port: 0 }, token });
  });
  after(async () => {
    await open[Symbol.asyncDispose]();
    await guarded[Symbol.asyncDispose]();
    stop.abort();
    await running;
  });

  interface Answered {
    readonly status: number;
    // biome-ignore lint/suspicious/noExplicitAny: what the API answers is looked at field by field.
    readonly body: any;
  }
  const ask = async (path: string, init: RequestInit = {}, server = open): Promise<Answered> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  };

  test('does not begin on an address that is taken', async () => {
    const port = Number(new URL(open.url).port);
    const fleet = { pipelines: new Map(), events, files: null };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const listen = { host: '127.0.0.1', port };
    await assert.rejects(
      openApiServer({ fleet, tls: null, allowTail: false, log, version: '0', listen, token: null }),
      {
        code: 'API_LISTEN_FAILED',
        details: { listen: `127.0.0.1:${port}`, reason: 'EADDRINUSE' },
      },
    );
  });

  test('refuses each wrong request with a status, a code and a remedy, and changes nothing', async () => {
    const big = 'x'.repeat(70_000);
    const cases: readonly (readonly [path: string, init: RequestInit, status: number, code: string])[] = [
      ['/api/v1/pipelines/orders/snapshot', { method: 'POST', body: '{"tables":' }, 400, 'API_BAD_JSON'],
      ['/api/v1/pipelines/orders/snapshot', { method: 'POST', body: '{"tables":[]}' }, 400, 'API_BAD_JSON'],
      ['/api/v1/pipelines/orders/snapshot', { method: 'POST', body: '{"table":["a.b"]}' }, 400, 'API_BAD_JSON'],
      ['/api/v1/pipelines/orders/snapshot', { method: 'POST', body: big }, 413, 'API_BODY_TOO_LARGE'],
      [
        '/api/v1/pipelines/orders/offsets',
        { method: 'PUT', body: '{"file":"b.1","at":"latest"}' },
        400,
        'API_BAD_JSON',
      ],
      ['/api/v1/pipelines/orders/offsets', { method: 'PUT', body: '{"at":"latest"}' }, 409, 'API_PIPELINE_STATE'],
      [
        '/api/v1/pipelines/orders/snapshot',
        { method: 'POST', body: '{"tables":["a.b"]}' },
        409,
        'SNAPSHOT_UNSUPPORTED',
      ],
      ['/api/v1/pipelines/order/pause', { method: 'POST' }, 404, 'API_UNKNOWN_PIPELINE'],
      ['/api/v1/pipelines/orders/pause', { method: 'GET' }, 405, 'API_METHOD'],
      ['/api/v1/pipelines/orders/paws', { method: 'POST' }, 404, 'API_NOT_FOUND'],
      ['/api/v1/pipelines/orders', { method: 'PUT', body: 'source: {}' }, 501, 'API_NOT_SUPPORTED'],
      ['/api/v1/pipelines/orders/tail', {}, 403, 'API_TAIL_OFF'],
      ['/api/v1/pipelines/orders/logs?limit=x', {}, 400, 'API_BAD_JSON'],
      ['/api/v1/pipelines', { headers: { origin: 'http://evil.example' } }, 403, 'API_FOREIGN_ORIGIN'],
      [
        '/api/v1/pipelines/orders/pause',
        { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } },
        403,
        'API_FOREIGN_ORIGIN',
      ],
    ];
    for (const [path, init, status, code] of cases) {
      const answered = await ask(path, init);
      const { error } = answered.body;
      assert.deepEqual([answered.status, error.code], [status, code], `${init.method ?? 'GET'} ${path}`);
      assert.ok(error.detail.length > 0 && error.remedy.length > 0 && error.docs.startsWith('docs/errors.md#'));
      assert.ok(!JSON.stringify(error).includes('xxxx'), 'a body is not quoted');
    }
    assert.equal(runner.status().health, 'running');
    assert.deepEqual(audit, []);
    assert.match((await ask('/api/v1/pipelines/order')).body.error.detail, /did you mean orders/);
  });

  test('refuses a page whose name was pointed at this address', async () => {
    const { port } = new URL(open.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('GET /api/v1/pipelines HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n');
      });
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 403 .*API_FOREIGN_HOST/s);
    assert.doesNotMatch(answer, /access-control-allow/i);
  });

  test('wants the token on every path but those of load balancers', async () => {
    for (const route of routes.filter(({ open: isOpen, path }) => isOpen === undefined && !isConnectPath(path))) {
      const path = route.path.replace('{name}', 'orders');
      const answered = await ask(path, { method: route.method }, guarded);
      assert.deepEqual([answered.status, answered.body.error.code], [401, 'API_TOKEN_MISSING'], route.path);
    }
    for (const route of routes.filter(({ path }) => isConnectPath(path))) {
      const path = route.path.replaceAll(/\{\w+\}/g, 'orders');
      const answered = await ask(path, { method: route.method }, guarded);
      assert.deepEqual([answered.status, answered.body.error_code], [401, 401], route.path);
    }
    const wrong = await ask('/api/v1/pipelines', { headers: { authorization: `Bearer ${token}x` } }, guarded);
    assert.deepEqual([wrong.status, wrong.body.error.code], [401, 'API_TOKEN_WRONG']);
    const right = await ask('/api/v1/pipelines', { headers: { authorization: `Bearer ${token}` } }, guarded);
    assert.equal(right.status, 200);
    assert.equal((await ask('/healthz', {}, guarded)).status, 200);
    assert.deepEqual((await ask('/readyz', {}, guarded)).body, { ready: true, notReady: 0 });
  });

  test('does not listen off loopback without a token', () => {
    for (const host of ['0.0.0.0', '::', '10.1.2.3', 'db1.example']) {
      assert.throws(
        () => new Access({ host, port: 1 }, null),
        (error) => isMillraceError(error, 'API_LISTEN_OPEN'),
      );
      assert.ok(new Access({ host, port: 1 }, token));
    }
    assert.ok(new Access({ host: '127.0.0.1', port: 1 }, null));
    assert.deepEqual(parseListen(':8765'), { host: '127.0.0.1', port: 8765 });
    assert.deepEqual(parseListen('[::1]:80'), { host: '::1', port: 80 });
    for (const text of ['', 'x', 'a:b', '1:99999', 'a:1:2']) assert.equal(parseListen(text), null, text);
  });

  test('pauses and resumes, and writes who did what into one line each', async () => {
    const paused = await ask('/api/v1/pipelines/orders/pause', {
      method: 'POST',
      headers: { 'x-millrace-user': 'ada "forged' },
    });
    assert.deepEqual(paused.body, { pipeline: 'orders', from: 'running', to: 'paused' });
    const { body } = await ask('/api/v1/pipelines/orders');
    assert.deepEqual([body.health, body.desired], ['paused', 'paused']);
    assert.equal((await ask('/readyz')).status, 200);
    await ask('/api/v1/pipelines/orders/resume', { method: 'POST' });
    assert.equal(audit.length, 2);
    assert.deepEqual(audit[0], {
      who: '127.0.0.1',
      by: 'adaforged',
      action: 'POST /api/v1/pipelines/{name}/pause',
      pipeline: 'orders',
      from: 'running',
      to: 'paused',
    });
  });

  test('tells what happens since the last event that was seen, and all there is to who was away too long', async () => {
    const read = async (lastId: string | null): Promise<string> => {
      const leave = new AbortController();
      const headers = lastId === null ? {} : { 'last-event-id': lastId };
      const response = await fetch(`${open.url}/api/v1/events`, { headers, signal: leave.signal });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!/event: \w+\ndata: .*\n\n/.test(text)) text += (await reader.read()).value;
      leave.abort();
      return text;
    };
    const fresh = await read(null);
    assert.match(fresh, /^retry: 2000\n\n(?:id: \d+\n)event: snapshot\ndata: \{"pipelines":\[\{"name":"orders"/);
    const { lastId } = events;
    events.publish('health', { pipeline: 'orders', health: 'stalled' });
    assert.match(await read(String(lastId)), new RegExp(`id: ${lastId + 1}\nevent: health\ndata: .*stalled`));
    assert.match(await read('999999'), /event: snapshot/, 'an id of another process');
  });

  test('leaves events out for a client that does not read, and gives it everything anew when it does', async () => {
    const { port } = new URL(open.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const until = async (holds: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 500 && !holds(); turn += 1) await sleep(10);
    };
    await until(() => text.includes('event: snapshot'));
    socket.pause();
    const note = 'x'.repeat(10_000);
    const before = process.memoryUsage().external;
    for (let count = 0; count < 3_000; count += 1) {
      events.publish('health', { pipeline: 'orders', note });
      if (count % 100 === 0) await sleep(1);
    }
    assert.ok(process.memoryUsage().external - before < 20_000_000, 'what is not read is not kept');
    socket.resume();
    await until(() => text.includes(`id: ${events.lastId}\n`));
    assert.ok(text.includes(`id: ${events.lastId}\n`), 'it is where the others are');
    assert.ok(text.split('event: snapshot').length > 2, 'by another snapshot');
    assert.ok(text.split('event: health').length < 3_000, 'some were left out');
    events.publish('health', { pipeline: 'orders', note: 'the next one' });
    await until(() => text.includes('the next one'));
    assert.match(text, /the next one/);
    socket.destroy();
  });

  test('gives figures that follow the rows, each with its help and type', async () => {
    log.commit(create(1), create(2));
    const lines = async (): Promise<string> => (await ask('/metrics')).body;
    let text = await lines();
    for (let turn = 0; turn < 100 && !/stage="sync"\} 2\n/.test(text); turn += 1) text = await lines();
    assert.match(text, /millrace_records_total\{pipeline="orders",stage="sync"\} 2\n/);
    assert.match(text, /millrace_pipeline_state\{pipeline="orders",state="running"\} 1\n/);
    assert.match(text, /millrace_commit_duration_seconds_bucket\{pipeline="orders",sink="[^"]+",le="\+Inf"\} [1-9]/);
    assert.match(text, /millrace_end_to_end_latency_seconds_count\{pipeline="orders"\} \d+\n/);
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-z]+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
    }
    const names = text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
    const types = new Map(metricTable.map(({ name, type }) => [name, type as string]));
    for (const [, name, type] of names) if (types.has(name!)) assert.equal(type, types.get(name!));
  });

  test('takes what a comparison tells, tells it on when it ends otherwise than before, and has it in the figures', async () => {
    const rows = { match: 7, mismatch: 1, missing: 0, extra: 0, unsettled: 0 };
    const report = { run: 'a', sink: 'memory', result: 'running', tables: 2, tablesDone: 1, rows };
    const put = async (more: object) =>
      await ask('/api/v1/pipelines/orders/verification', {
        method: 'PUT',
        body: JSON.stringify({ ...report, ...more }),
      });
    assert.equal((await put({ result: 'well' })).body.error.code, 'API_BAD_JSON');
    assert.equal((await put({ tables: -1 })).status, 400);
    assert.equal((await ask('/metrics')).body.includes('millrace_verify_running{'), false);
    assert.deepEqual((await put({})).body, { pipeline: 'orders', from: null, to: 'running' });
    assert.match((await ask('/metrics')).body, /millrace_verify_running\{pipeline="orders",sink="memory"\} 1\n/);
    await put({ result: 'different', tablesDone: 2 });
    const text = (await ask('/metrics')).body;
    for (const line of [
      'millrace_verify_running{pipeline="orders",sink="memory"} 0',
      'millrace_verify_tables{pipeline="orders",sink="memory",state="done"} 2',
      'millrace_verify_rows_total{pipeline="orders",sink="memory",result="mismatch"} 1',
      'millrace_verify_result{pipeline="orders",sink="memory",result="different"} 1',
      'millrace_verify_result{pipeline="orders",sink="memory",result="equal"} 0',
    ])
      assert.ok(text.includes(`${line}\n`), line);
    assert.match(text, /millrace_verify_last_end_timestamp_seconds\{[^}]+\} \d{10}/);
    assert.ok(!text.includes('millrace_verify_last_success_timestamp_seconds{'));
    assert.equal((await ask('/api/v1/pipelines/orders')).body.verifications[0].result, 'different');
  });

  test('speaks TLS where it has a certificate', async () => {
    const file = (name: string): string => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
    const fleet = { pipelines: new Map(), events, files: null };
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    await using server = await openApiServer({
      fleet,
      listen: { host: '127.0.0.1', port: 0 },
      token,
      tls: { certFile: file('loopback.crt'), keyFile: file('loopback.key') },
      allowTail: false,
      log: silent,
      version: '0',
    });
    assert.match(server.url, /^https:/);
    const status = await new Promise((resolve, reject) => {
      const options = { ca: readFileSync(file('loopback.crt')), headers: { authorization: `Bearer ${token}` } };
      get(`${server.url}/api/v1/pipelines`, options, (response) => resolve(response.resume().statusCode)).on(
        'error',
        reject,
      );
    });
    assert.equal(status, 200);
  });

  test('describes every path in one document, and shows it to people', async () => {
    const { body } = await ask('/api/openapi.json');
    assert.equal(body.openapi, '3.1.0');
    for (const { method, path } of routes) assert.ok(body.paths[path][method.toLowerCase()], `${method} ${path}`);
    const put = body.paths['/api/v1/pipelines/{name}/offsets'].put;
    assert.ok(put.requestBody.content['application/json'].schema.properties.gtid);
    assert.match((await ask('/api')).body, /<code>\/api\/v1\/pipelines\/\{name\}<\/code>/);
  });
});
