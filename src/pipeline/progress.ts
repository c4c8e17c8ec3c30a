import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Op } from '../core/change.ts';
import type { Clock } from '../core/clock.ts';
import type { KeyFigures, ServerFigures } from '../core/operating.ts';
import type { Table } from '../core/table.ts';
import { qualifiedName } from '../core/table.ts';
import { type DurationCounts, DurationHistogram } from './duration-histogram.ts';
import { type Lag, LagMeter } from './lag-meter.ts';
import type { Measured } from './measured.ts';
import { type Speed, SpeedMeter } from './speed-meter.ts';

/** The four speeds. Each counts source rows once, whatever the number of sinks. */
export interface Speeds {
  /** S_r: rows as the source yields them. */
  readonly receive: Speed;
  /** S_h: rows as they leave the last operator. */
  readonly process: Speed;
  /** S_p: rows of batches whose write has begun in every sink. */
  readonly push: Speed;
  /** S_sync: rows of batches that every sink holds durably. */
  readonly sync: Speed;
}

/** One sink's side of a pipeline. */
export interface SinkFigures {
  readonly name: string;
  /** About what waits for the sink, rows and the objects around them; above `capacityBytes` the source is not read. */
  readonly queuedBytes: number;
  readonly capacityBytes: number;
  /** From the beginning of a write to its rows being durable. */
  readonly writes: DurationCounts;
  /** Whether the keys were there that it removed or refreshed; left out: it does not count that. */
  readonly keys?: readonly KeyFigures[];
  /** What its servers last said; left out: it asks none. */
  readonly servers?: readonly ServerFigures[];
}

export type TableCounts = { readonly [op in Op | 'truncate' | 'schema']: number };

/** What moved, since the pipeline was made and per second: everything a progress line, the console and the metrics show. */
export class Progress {
  readonly lanes = new Map<Lane, Position>();
  lastReceivedMs: number;
  /** How many batches have become durable in every sink: whether anything moved at all. */
  durableBatches = 0;
  /** Since when there has been something that is not durable everywhere; null: all is. */
  pendingSinceMs: number | null = null;
  deadLetters = 0;
  retries = 0;
  /** How often each error was met, by code. */
  readonly errors = new Map<string, number>();
  /** What waits for each sink of the attempt under way. */
  queues: () => readonly Omit<SinkFigures, 'writes'>[] = () => [];
  readonly #clock: Clock;
  readonly #latency = new DurationHistogram();
  readonly #writes = new Map<string, DurationHistogram>();
  readonly #receive: SpeedMeter;
  readonly #process: SpeedMeter;
  readonly #push: SpeedMeter;
  readonly #sync: SpeedMeter;
  readonly #lag: LagMeter;
  readonly #counts = new Map<string, Record<Op | 'truncate' | 'schema', number>>();
  readonly #countsByTable = new WeakMap<Table, Record<Op | 'truncate' | 'schema', number>>();
  readonly #snapshots = new Map<string, number>();
  /** Tables between the marks of their snapshot, the end not durable yet. */
  readonly #marked = new Set<string>();
  /** Ends of snapshots that are not durable everywhere, by the number of their batch. */
  #ending: { readonly batch: number; readonly table: string }[] = [];
  #lastLagMs = 0;
  /** When the oldest change that is not durable everywhere was committed, also while it waits for the next attempt. null: none is known. */
  #oldestPendingMicros: number | null = null;

  constructor(clock: Clock) {
    const now = clock.monotonic();
    this.#clock = clock;
    this.#receive = new SpeedMeter(now);
    this.#process = new SpeedMeter(now);
    this.#push = new SpeedMeter(now);
    this.#sync = new SpeedMeter(now);
    this.#lag = new LagMeter(now);
    this.lastReceivedMs = now;
  }

  received({ number, batch, rows, bytes }: Measured): void {
    const now = this.#clock.monotonic();
    this.lastReceivedMs = now;
    this.pendingSinceMs ??= now;
    this.#receive.add(now, rows, bytes);
    this.#count(number, batch);
  }

  processed({ rows, bytes, oldestCommitMicros }: Measured): void {
    this.#process.add(this.#clock.monotonic(), rows, bytes);
    if (this.#oldestPendingMicros === null) this.#oldestPendingMicros = oldestCommitMicros;
  }

  pushed({ rows, bytes }: Measured): void {
    this.#push.add(this.#clock.monotonic(), rows, bytes);
  }

  /** `next`: the oldest batch that is still not durable everywhere. */
  durable({ number, batch, rows, bytes, oldestCommitMicros }: Measured, next: Measured | null): void {
    const now = this.#clock.monotonic();
    this.durableBatches += 1;
    this.pendingSinceMs = next === null ? null : now;
    this.#oldestPendingMicros = next?.oldestCommitMicros ?? null;
    this.#sync.add(now, rows, bytes);
    for (const [lane, position] of batch.positions) this.lanes.set(lane, position);
    // By the batch as it was received: operators may have given the table another name.
    while (this.#ending.length > 0 && this.#ending[0]!.batch <= number) {
      this.#marked.delete(this.#ending.shift()!.table);
    }
    if (oldestCommitMicros !== null) {
      this.#lastLagMs = this.#sinceCommit(oldestCommitMicros);
      this.#lag.add(now, this.#lastLagMs);
      this.#latency.add(this.#lastLagMs);
    } else if (batch.changes.length === 0) {
      this.#lastLagMs = 0;
    }
  }

  /** A sink has made one write durable, `ms` after it began. */
  written(sink: string, ms: number): void {
    let writes = this.#writes.get(sink);
    if (writes === undefined) {
      writes = new DurationHistogram();
      this.#writes.set(sink, writes);
    }
    writes.add(ms);
  }

  /** What all sinks were found to hold of a lane before anything of it is read; null: nothing, or not the same reading of it. */
  claimed(lane: Lane, place: Position | null): void {
    if (place === null) this.lanes.delete(lane);
    else this.lanes.set(lane, place);
  }

  /** Another process has the lane from now on. */
  released(lane: Lane): void {
    this.lanes.delete(lane);
  }

  failed(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** What was under way is given up; it will be received again. `failed`: until it is, somebody waits for it, and the lag says so. */
  interrupted({ failed }: { readonly failed: boolean }): void {
    this.pendingSinceMs = null;
    if (!failed) this.#oldestPendingMicros = null;
    this.#ending = [];
    this.queues = () => [];
  }

  /** Tables whose snapshot is under way or not durable yet; null: the source cannot tell yet. `ask`: its own word, where it has one. */
  snapshotting(ask: (() => readonly string[] | null) | null): readonly string[] | null {
    if (ask === null) return [...this.#marked];
    const known = ask();
    if (known === null && this.#ending.length === 0) return null;
    return [...new Set([...(known ?? []), ...this.#ending.map(({ table }) => table)])];
  }

  speeds(): Speeds {
    const now = this.#clock.monotonic();
    return {
      receive: this.#receive.speed(now),
      process: this.#process.speed(now),
      push: this.#push.speed(now),
      sync: this.#sync.speed(now),
    };
  }

  /** Totals since the pipeline was made. Rows received again after a retry count again; `sync` counts what became durable. */
  totals(): { readonly [speed in keyof Speeds]: { readonly rows: number; readonly bytes: number } } {
    const total = ({ rows, bytes }: SpeedMeter) => ({ rows, bytes });
    return {
      receive: total(this.#receive),
      process: total(this.#process),
      push: total(this.#push),
      sync: total(this.#sync),
    };
  }

  lag(): Lag {
    const now = this.#clock.monotonic();
    const pending = this.#oldestPendingMicros;
    return {
      currentMs: pending === null ? this.#lastLagMs : this.#sinceCommit(pending),
      maxMs: this.#lag.max(now),
      p99Ms: this.#lag.percentile(now, 0.99),
    };
  }

  /** From commit on the source to durable in every sink: each batch counts once, by its oldest change. */
  latency(): DurationCounts {
    return this.#latency.counts();
  }

  /** Of every sink that was ever written to or is open now. */
  sinks(): readonly SinkFigures[] {
    const queues = new Map(this.queues().map((queue) => [queue.name, queue]));
    return [...new Set([...this.#writes.keys(), ...queues.keys()])].map((name) => ({
      ...(queues.get(name) ?? { name, queuedBytes: 0, capacityBytes: 0 }),
      writes: (this.#writes.get(name) ?? new DurationHistogram()).counts(),
    }));
  }

  /** By `database.table`: changed rows received, per kind. */
  counts(): ReadonlyMap<string, TableCounts> {
    return this.#counts;
  }

  /** Tables' snapshots that began, by why; those whose rows a sink is to sweep. */
  snapshots(): ReadonlyMap<string, number> {
    return this.#snapshots;
  }

  #count(number: number, batch: Batch): void {
    for (const change of batch.changes) {
      switch (change.kind) {
        case 'rows':
          this.#countsOf(change.table)[change.op] += change.rows.length;
          break;
        case 'truncate':
          this.#countsOf(change.table).truncate += 1;
          break;
        case 'schema':
          this.#countsOf((change.after ?? change.before)!).schema += 1;
          break;
        case 'snapshot':
          if (change.at === 'begin') {
            this.#marked.add(qualifiedName(change.table));
            this.#snapshots.set(change.reason, (this.#snapshots.get(change.reason) ?? 0) + 1);
          } else this.#ending.push({ batch: number, table: qualifiedName(change.table) });
          break;
      }
    }
  }

  #countsOf(table: Table): Record<Op | 'truncate' | 'schema', number> {
    let counts = this.#countsByTable.get(table);
    if (counts === undefined) {
      const name = qualifiedName(table);
      counts = this.#counts.get(name) ?? { read: 0, create: 0, update: 0, delete: 0, truncate: 0, schema: 0 };
      this.#counts.set(name, counts);
      this.#countsByTable.set(table, counts);
    }
    return counts;
  }

  /** Never below zero: a server's clock that is ahead of this machine's makes lag look smaller, not negative. */
  #sinceCommit(micros: number): number {
    return Math.max(this.#clock.now() - micros / 1000, 0);
  }
}
