import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import type { SeededRandom } from './seeded-random.ts';

/** How often an end misbehaves, from 0 to 1. */
export interface FaultRates {
  readonly fail: number;
  readonly delay: number;
  readonly longestDelayMs: number;
}

/** One process: once it is killed, nothing it has under way happens any more, and nothing resolves. */
export class SimulatedProcess {
  killed = false;
}

/** Waits and fails at random, as a connection does. */
export const misbehave = async (
  process: SimulatedProcess,
  random: SeededRandom,
  clock: Clock,
  rates: FaultRates,
): Promise<void> => {
  if (random.chance(rates.delay)) await clock.sleep(random.integer(1, rates.longestDelayMs));
  if (process.killed) await new Promise<never>(() => {});
  if (random.chance(rates.fail)) throw new MillraceError('NET_CLOSED', { address: 'simulated:1' });
};

/**
 * A sink behind a bad connection: a write may fail before it happened, or after it did and the answer was lost. Several may be
 * under way; they happen in the order of their calls, and after one has failed none of the later ones happens.
 */
export class FaultySink implements Sink {
  readonly inFlight: number;
  readonly #sink: Sink;
  readonly #misbehave: () => Promise<void>;
  readonly #onWrite: () => void;
  #previous: Promise<void> = Promise.resolve();

  constructor(sink: Sink, inFlight: number, options: { misbehave(): Promise<void>; onWrite(): void }) {
    this.#sink = sink;
    this.inFlight = inFlight;
    this.#misbehave = () => options.misbehave();
    this.#onWrite = () => options.onWrite();
  }

  async claim(lane: Lane): Promise<Position | null> {
    await this.#misbehave();
    return await this.#sink.claim(lane);
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const happening = this.#happenAfter(this.#previous, batch, signal);
    this.#previous = happening;
    // Whoever called for this write handles its failure; the chain only waits for it.
    happening.catch(() => {});
    await happening;
    // The answers may come in any order, or not at all.
    await this.#misbehave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }

  async #happenAfter(previous: Promise<void>, batch: Batch, signal: AbortSignal): Promise<void> {
    await previous;
    await this.#misbehave();
    await this.#sink.write(batch, signal);
    this.#onWrite();
  }
}
