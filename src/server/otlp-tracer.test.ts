import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import type { TracedGroup } from '../pipeline/tracer.ts';
import { create, setup } from '../testing/pipeline-rig.ts';
import { otlpSettings } from './otlp-settings.ts';
import { OtlpTracer } from './otlp-tracer.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status?: { readonly code: number; readonly message: string };
}
interface Request {
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: NonNullable<Span['attributes']> };
      readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
    }[];
  };
}

/** A collector that keeps what it is sent, and answers with `status`. */
class Collector implements AsyncDisposable {
  readonly requests: Request[] = [];
  status = 200;
  readonly #server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      this.requests.push({ url: request.url!, headers: request.headers, body: JSON.parse(text) });
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  static async open(): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get spans(): readonly Span[] {
    return this.requests.flatMap(({ body }) => body.resourceSpans.flatMap((each) => each.scopeSpans[0]!.spans));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const lines: string[] = [];
const log = {
  debug() {},
  info: (message: string) => void lines.push(message),
  warn: (message: string) => void lines.push(message),
  error() {},
};
const settingsOf = (env: Record<string, string>) => otlpSettings(env, '1', (why) => assert.fail(why))!;
const group: TracedGroup = {
  sink: 'mirror',
  batches: 2,
  rows: 30,
  bytes: 400,
  snapshot: false,
  receivedMs: 1_700_000_000_000.25,
  operatorsMs: 0.5,
  writeBegunMs: 1_700_000_000_010,
  writeEndedMs: 1_700_000_000_030,
  error: null,
};

test('a commit group becomes spans that OTLP’s JSON form and a collector understand', async () => {
  await using collector = await Collector.open();
  const settings = settingsOf({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20secret',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=river',
  });
  const tracer = new OtlpTracer(settings, 'shop', '1', log);
  tracer.group(group);
  tracer.group({
    ...group,
    error: new MillraceError('SINK_PART_REFUSED', { sink: 'mirror', transaction: 't', part: 1, reason: 'secret' }),
  });
  tracer.acknowledged(1_700_000_000_031, 1_700_000_000_032, null);
  await tracer[Symbol.asyncDispose]();

  const [request] = collector.requests;
  assert.equal(collector.requests.length, 1);
  assert.equal(request!.url, '/v1/traces');
  assert.equal(request!.headers['api-key'], 'a secret');
  assert.equal(request!.headers['content-type'], 'application/json');
  const resource = Object.fromEntries(
    request!.body.resourceSpans[0]!.resource.attributes.map(({ key, value }) => [key, value['stringValue']]),
  );
  assert.equal(resource['service.name'], 'river');
  assert.equal(resource['deployment.environment.name'], 'test');

  const { spans } = collector;
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['commit group', 'operators', 'queue', 'write', 'commit group', 'operators', 'queue', 'write', 'acknowledge'],
  );
  for (const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } of spans) {
    assert.match(traceId, /^[0-9a-f]{32}$/);
    assert.match(spanId, /^[0-9a-f]{16}$/);
    assert.match(startTimeUnixNano, /^\d{19}$/);
    assert.ok(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano));
  }
  const [root, ...parts] = spans.slice(0, 4);
  assert.equal(root!.startTimeUnixNano, '1700000000000250000');
  for (const part of parts) assert.deepEqual([part.traceId, part.parentSpanId], [root!.traceId, root!.spanId]);
  assert.deepEqual(root!.attributes!.find(({ key }) => key === 'millrace.rows')!.value, { intValue: '30' });
  assert.equal(root!.status, undefined);
  assert.deepEqual(spans[7]!.status, { code: 2, message: 'SINK_PART_REFUSED' }, 'the code, and nothing of the message');
});

test('a running pipeline is traced group by group, and a collector that fails holds up nothing', async () => {
  await using collector = await Collector.open();
  collector.status = 503;
  lines.length = 0;
  const tracer = new OtlpTracer(settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }), 'shop', '1', log);
  const { log: source, pipeline, stop } = setup({ tracer });
  source.commit(create(1), create(2));
  source.commit(create(3));
  const { outcome } = await pipeline.run(stop.signal);
  assert.equal(outcome, 'finished');
  await tracer[Symbol.asyncDispose]();
  const roots = collector.spans.filter(({ name }) => name === 'commit group');
  const rows = roots.map(({ attributes }) => attributes!.find(({ key }) => key === 'millrace.rows')!.value['intValue']);
  assert.equal(
    rows.reduce<number>((sum, text) => sum + Number(text), 0),
    3,
  );
  assert.deepEqual(lines, ['traces cannot be sent; rows are not held up by that']);
});

test('nothing is traced unless an exporter is configured, and what cannot be used is said', () => {
  const complaints: string[] = [];
  const read = (env: Record<string, string>) => otlpSettings(env, '1', (why) => complaints.push(why));
  assert.equal(read({}), null);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  assert.equal(read({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), null);
  assert.equal(read({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }), null);
  assert.deepEqual(complaints, []);
  assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }), null);
  assert.equal(read({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })!.ratio, 1);
  assert.equal(
    read({ ...endpoint, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' })!.ratio,
    0.1,
  );
  assert.deepEqual(complaints, [
    'the endpoint is no http or https address',
    'protocol grpc is not spoken; http/json is',
  ]);
});
