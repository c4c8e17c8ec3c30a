import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Clock } from '../core/clock.ts';
import type { Source } from '../core/connector.ts';
import { position } from '../core/position.ts';

/** A log kept in memory: the whole transactions of one lane, in order. Position n is the place after the first n of them. */
export class MemoryLog {
  readonly lane: Lane;
  readonly transactions: (readonly Change[])[] = [];
  readonly #numbers = new WeakMap<Change, number>();
  readonly #watchers = new Set<() => void>();

  constructor(lane: Lane = 'log') {
    this.lane = lane;
  }

  commit(...changes: readonly Change[]): Position {
    this.transactions.push(changes);
    for (const change of changes) this.#numbers.set(change, this.transactions.length);
    for (const watcher of [...this.#watchers]) watcher();
    return position(String(this.transactions.length));
  }

  /** The place after the transaction that made this change. */
  numberOf(change: Change): number {
    return this.#numbers.get(change)!;
  }

  /** Resolves at the next commit, or when `signal` aborts. */
  async grown(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener('abort', done);
    });
  }
}

export interface MemorySourceOptions {
  /** Wait for more at the end of the log instead of ending. */
  readonly follow?: boolean;
  /** A transaction with more changes than this is yielded in parts of this many. */
  readonly changesPerPart?: number;
  /** Transactions per batch. */
  readonly transactionsPerBatch?: number;
  /** Called before each yield: a test throws here what a connection could throw, or waits. */
  readonly beforeYield?: (clock: Clock | null) => Promise<void> | void;
  readonly clock?: Clock;
}

/** Reads a MemoryLog as a connector would read its system. */
export class MemorySource implements Source {
  readonly acknowledged = new Map<Lane, Position>();
  closed = false;
  readonly #log: MemoryLog;
  readonly #options: MemorySourceOptions;

  constructor(log: MemoryLog, options: MemorySourceOptions = {}) {
    this.#log = log;
    this.#options = options;
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const { follow = false } = this.#options;
    let at = Number((await held(this.#log.lane)) ?? 0);
    while (!signal.aborted) {
      if (at === this.#log.transactions.length) {
        if (!follow) return;
        await this.#log.grown(signal);
        continue;
      }
      const { batches, end } = this.#batchesFrom(at);
      for (const batch of batches) {
        await this.#options.beforeYield?.(this.#options.clock ?? null);
        if (signal.aborted) return;
        yield batch;
      }
      at = end;
    }
  }

  covers(held: Position, at: Position): boolean {
    return Number(held) >= Number(at);
  }

  holds(held: Position, change: Change): boolean {
    return this.#log.numberOf(change) <= Number(held);
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    for (const [lane, at] of held) this.acknowledged.set(lane, at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }

  /** As many transactions as fit one batch; or one that stands alone, or a huge one in parts. */
  #batchesFrom(start: number): { readonly batches: readonly Batch[]; readonly end: number } {
    const { transactionsPerBatch = 1, changesPerPart = Number.POSITIVE_INFINITY } = this.#options;
    const { transactions } = this.#log;
    const first = transactions[start]!;
    if (first.length > changesPerPart) return { batches: this.#parts(first, start, changesPerPart), end: start + 1 };
    let end = start + 1;
    if (!standsAlone(first)) {
      while (end < transactions.length && end - start < transactionsPerBatch) {
        const next = transactions[end]!;
        if (standsAlone(next) || next.length > changesPerPart) break;
        end += 1;
      }
    }
    return { batches: [this.#batch(transactions.slice(start, end).flat(), end, `${pad(end)}`)], end };
  }

  #parts(changes: readonly Change[], start: number, size: number): Batch[] {
    const count = Math.ceil(changes.length / size);
    return Array.from({ length: count }, (_, index) => ({
      ...this.#batch(
        changes.slice(index * size, (index + 1) * size),
        index === count - 1 ? start + 1 : start,
        `${pad(start + 1)}`,
        pad(index + 1),
      ),
      part: { transaction: String(start + 1), index, last: index === count - 1 },
    }));
  }

  #batch(changes: readonly Change[], end: number, version: string, step = pad(0)): Batch {
    return { changes, positions: new Map([[this.#log.lane, position(String(end))]]), version: `${version}.${step}` };
  }
}

const pad = (number: number): string => String(number).padStart(10, '0');

const standsAlone = (changes: readonly Change[]): boolean => changes.some((change) => change.kind === 'schema');
