import { randomBytes } from 'node:crypto';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { TracedGroup, Tracer } from '../pipeline/tracer.ts';
import type { OtlpSettings } from './otlp-settings.ts';

/**
 * Sends what a pipeline does as spans to an OpenTelemetry collector, by OTLP over HTTP in its JSON form:
 *
 *     commit group            first batch received … durable in one sink
 *     ├─ operators            time of the synchronous steps, summed over the group
 *     ├─ queue                … until its write begins
 *     └─ write                … until rows and position are durable
 *     acknowledge             the source is told what every sink holds
 *
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class OtlpTracer implements Tracer, AsyncDisposable {
  readonly #settings: OtlpSettings;
  readonly #pipeline: string;
  readonly #version: string;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #spans: Span[] = [];
  #dropped = 0;
  #sending: Promise<void> = Promise.resolve();
  /** Requests that are under way or wait for the one that is. */
  #waiting = 0;
  #failing = false;

  constructor(settings: OtlpSettings, pipeline: string, version: string, log: Log) {
    this.#settings = settings;
    this.#pipeline = pipeline;
    this.#version = version;
    this.#log = log;
    this.#timer = setInterval(() => this.#flush(), flushEveryMs);
    this.#timer.unref();
  }

  group(group: TracedGroup): void {
    if (!this.#isSampled()) return;
    const traceId = randomBytes(16).toString('hex');
    const root = randomBytes(8).toString('hex');
    const { sink, batches, rows, bytes, snapshot, receivedMs, operatorsMs, writeBegunMs, writeEndedMs, error } = group;
    const part = (name: string, from: number, to: number, kind: number): Span => ({
      traceId,
      spanId: randomBytes(8).toString('hex'),
      parentSpanId: root,
      ...timed(name, from, to, kind),
    });
    this.#add([
      {
        traceId,
        spanId: root,
        ...timed('commit group', receivedMs, writeEndedMs, internal),
        attributes: attributes({
          'millrace.pipeline': this.#pipeline,
          'millrace.sink': sink,
          'millrace.batches': batches,
          'millrace.rows': rows,
          'millrace.bytes': bytes,
          'millrace.snapshot': snapshot,
        }),
        ...failed(error),
      },
      ...(operatorsMs > 0 ? [part('operators', receivedMs, receivedMs + operatorsMs, internal)] : []),
      part('queue', receivedMs, writeBegunMs, internal),
      { ...part('write', writeBegunMs, writeEndedMs, client), ...failed(error) },
    ]);
  }

  acknowledged(begunMs: number, endedMs: number, error: Error | null): void {
    if (!this.#isSampled()) return;
    this.#add([
      {
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        ...timed('acknowledge', begunMs, endedMs, client),
        attributes: attributes({ 'millrace.pipeline': this.#pipeline }),
        ...failed(error),
      },
    ]);
  }

  /** Sends what is left, for as long as one request may take. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#sending;
  }

  #isSampled(): boolean {
    return this.#settings.ratio >= 1 || Math.random() < this.#settings.ratio;
  }

  #add(spans: readonly Span[]): void {
    if (this.#spans.length + spans.length > mostSpans) {
      this.#dropped += spans.length;
      return;
    }
    this.#spans.push(...spans);
    if (this.#spans.length >= spansPerRequest) this.#flush();
  }

  #flush(): void {
    if (this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    // One request at a time: a slow collector makes spans drop, not memory grow.
    if (this.#waiting >= requestsWaiting) {
      this.#dropped += spans.length;
      return;
    }
    this.#waiting += 1;
    this.#sending = this.#sending.then(async () => {
      await this.#send(spans);
      this.#waiting -= 1;
    });
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { endpoint, headers, resource, timeoutMs } = this.#settings;
    const body = JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: attributes(resource) },
          scopeSpans: [{ scope: { name: 'millrace', version: this.#version }, spans }],
        },
      ],
    });
    try {
      const status = await post(endpoint, headers, body, timeoutMs);
      if (status < 200 || status > 299) throw new Error(`HTTP status ${status}`);
      if (this.#failing) this.#log.info('traces are sent again', { dropped: this.#dropped });
      this.#failing = false;
    } catch (error) {
      this.#dropped += spans.length;
      if (!this.#failing) {
        this.#log.warn('traces cannot be sent; rows are not held up by that', {
          endpoint: endpoint.origin,
          error: (error as Error).message,
          dropped: this.#dropped,
        });
      }
      this.#failing = true;
    }
  }
}

const flushEveryMs = 2_000;
const spansPerRequest = 512;
const mostSpans = 2_048;
const requestsWaiting = 4;

/** The kinds of spans, by OTLP's numbers. */
const internal = 1;
const client = 3;
const statusError = 2;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly unknown[];
  readonly status?: { readonly code: number; readonly message: string };
}

const timed = (name: string, from: number, to: number, kind: number) => ({
  name,
  kind,
  startTimeUnixNano: nanos(from),
  endTimeUnixNano: nanos(Math.max(from, to)),
});

const nanos = (ms: number): string => `${Math.round(ms * 1_000)}000`;

/** The code only: a message may name what the operator's collector should not hold. */
const failed = (error: Error | null): Pick<Span, 'status'> =>
  error === null ? {} : { status: { code: statusError, message: isMillraceError(error) ? error.code : 'INTERNAL' } };

const attributes = (values: Readonly<Record<string, string | number | boolean>>): readonly unknown[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'number'
          ? { intValue: String(value) }
          : { boolValue: value },
  }));

/** Resolves with the answer's status. */
const post = (
  endpoint: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeoutMs: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const { request } = process.getBuiltinModule(endpoint.protocol === 'https:' ? 'node:https' : 'node:http');
    const sending = request(
      endpoint,
      {
        method: 'POST',
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
