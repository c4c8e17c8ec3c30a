import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { PipelineOptions } from '../pipeline/options.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { FakeClock } from './fake-clock.ts';
import { MemorySink, MemoryStore } from './memory-sink.ts';
import { MemoryLog, MemorySource, type MemorySourceOptions } from './memory-source.ts';
import { origin } from './sample-origin.ts';
import { ordersTable } from './sample-tables.ts';

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
export const never: AbortSignal = new AbortController().signal;
export const create = (...ids: readonly number[]): Change => ({
  kind: 'rows',
  op: 'create',
  table: ordersTable,
  origin,
  rows: new ArrayRowImages(ordersTable, { before: null, after: ids.map((id) => [id, 'new', 1]) }),
});
export const idsIn = (store: MemoryStore): number[] =>
  store
    .rows(ordersTable)
    .map(([id]) => Number(id))
    .sort((a, b) => a - b);
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
export const closed = (): MillraceError => new MillraceError('NET_CLOSED', { address: 'db:3306' });

/** Lets everything happen that does not wait for time to pass. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A sink that keeps what it is given, and whose writes end when the test says so. */
export class HandSink implements Sink {
  readonly inFlight: number;
  readonly written: Batch[] = [];
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  readonly #positions = new Map<Lane, Position>();

  constructor(inFlight = 1) {
    this.inFlight = inFlight;
  }

  async claim(lane: Lane): Promise<Position | null> {
    return this.#positions.get(lane) ?? null;
  }

  async write(batch: Batch): Promise<void> {
    this.written.push(batch);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    await waiting.promise;
    for (const [lane, at] of batch.positions) this.#positions.set(lane, at);
  }

  get underWay(): number {
    return this.#waiting.length;
  }

  end(error?: Error): void {
    const waiting = this.#waiting.shift();
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const rowsIn = (batch: Batch): number =>
  batch.changes.reduce((sum, change) => sum + (change.kind === 'rows' ? change.rows.length : 0), 0);

export interface Setup {
  readonly log: MemoryLog;
  readonly store: MemoryStore;
  readonly clock: FakeClock;
  readonly pipeline: Pipeline;
  readonly stop: AbortController;
}

export const setup = (
  more: Partial<PipelineOptions> & { readonly reading?: MemorySourceOptions; readonly sink?: Sink } = {},
): Setup => {
  const log = new MemoryLog();
  const store = new MemoryStore();
  const clock = new FakeClock();
  const { reading = {}, sink, ...options } = more;
  const pipeline = createPipeline({
    name: 'test',
    source: async () => new MemorySource(log, reading),
    sinks: [{ name: 'mirror', open: async () => sink ?? new MemorySink(store) }],
    clock,
    log: silent,
    random: () => 0.5,
    ...options,
  });
  return { log, store, clock, pipeline, stop: new AbortController() };
};
