import assert from 'node:assert/strict';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { FakeClock } from './fake-clock.ts';
import { type FaultRates, FaultySink, misbehave, SimulatedProcess } from './faulty-ends.ts';
import { MemorySink, MemoryStore } from './memory-sink.ts';
import { MemoryLog, MemorySource } from './memory-source.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedShop, stateOf } from './simulated-shop.ts';

/** What happened in one simulated run. */
export interface SimulationReport {
  readonly transactions: number;
  readonly writes: number;
  readonly retries: number;
  readonly kills: number;
  readonly takeovers: number;
  readonly restarts: number;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * One pipeline's life, wholly decided by `seed`: a source that disconnects, sinks that fail, hang and lose answers, kills,
 * takeovers by a second process, graceful stops and pauses. After every sink write its content has to be what the source held
 * at the sink's position, and at the end all sinks hold everything. Throws where that is not so. `makeSink` puts another sink in
 * the place of the right one, to see that the simulation finds its mistakes.
 */
export const simulatePipeline = async (
  seed: number,
  makeSink: (store: MemoryStore) => Sink = (store) => new MemorySink(store),
): Promise<SimulationReport> => {
  const simulation = new Simulation(seed, makeSink);
  try {
    return await simulation.run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
};

interface Run {
  readonly process: SimulatedProcess;
  readonly pipeline: Pipeline;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  outcome: 'finished' | 'stopped' | Error | null;
}

class Simulation {
  readonly #makeSink: (store: MemoryStore) => Sink;
  readonly #random: SeededRandom;
  readonly #clock = new FakeClock();
  readonly #log = new MemoryLog();
  readonly #shop: SimulatedShop;
  readonly #stores: readonly MemoryStore[];
  readonly #rates: FaultRates;
  readonly #transactions: number;
  readonly #inFlight: number;
  readonly #transactionsPerBatch: number;
  readonly #maxBytes: number;
  #committed = 0;
  #calm = false;
  #writes = 0;
  #retries = 0;
  #kills = 0;
  #takeovers = 0;
  #restarts = 0;

  constructor(seed: number, makeSink: (store: MemoryStore) => Sink) {
    this.#makeSink = makeSink;
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#shop = new SimulatedShop(random);
    this.#stores = Array.from({ length: random.integer(1, 3) }, () => new MemoryStore());
    this.#rates = {
      fail: random.next() * 0.1,
      delay: random.next() * 0.5,
      longestDelayMs: random.pick([5, 100, 5_000]),
    };
    this.#transactions = random.integer(20, 80);
    this.#inFlight = random.integer(1, 3);
    this.#transactionsPerBatch = random.integer(1, 4);
    this.#maxBytes = random.pick([1, 200, 100_000]);
  }

  async run(): Promise<SimulationReport> {
    let current = this.#start();
    for (let step = 0; step < 10_000; step += 1) {
      await this.#settle();
      this.#throwIfWrong(current);
      if (this.#committed < this.#transactions && this.#random.chance(0.5)) this.#commit();
      this.#calm = this.#committed === this.#transactions && step > 2 * this.#transactions;
      if (this.#calm && this.#isComplete()) break;
      if (!this.#calm && this.#random.chance(0.05)) current = await this.#disturb(current);
      else this.#clock.advanceToNext();
      if (current.outcome !== null) current = this.#start();
    }
    assert.ok(this.#isComplete(), 'the sinks did not catch up within the steps of a simulation');
    await this.#stopGracefully(current);
    this.#throwIfWrong(current);
    this.#retries += current.pipeline.status().retries;
    for (const store of this.#stores)
      assert.equal(
        stateOf((table) => store.rows(table)),
        this.#shop.states.at(-1),
      );
    return {
      transactions: this.#committed,
      writes: this.#writes,
      retries: this.#retries,
      kills: this.#kills,
      takeovers: this.#takeovers,
      restarts: this.#restarts,
    };
  }

  #start(): Run {
    const process = new SimulatedProcess();
    const ends = (): Promise<void> =>
      misbehave(process, this.#random, this.#clock, this.#calm ? calmRates : this.#rates);
    const pipeline = createPipeline({
      name: 'simulated',
      source: async () => {
        await ends();
        return new CheckedSource(this.#log, this.#stores, {
          follow: true,
          changesPerPart: 25,
          transactionsPerBatch: this.#transactionsPerBatch,
          beforeYield: ends,
        });
      },
      sinks: this.#stores.map((store, i) => ({
        name: `sink ${i}`,
        open: async () => {
          await ends();
          return new FaultySink(this.#makeSink(store), this.#inFlight, {
            misbehave: ends,
            onWrite: () => this.#check(store),
          });
        },
      })),
      clock: this.#clock,
      log: silent,
      random: () => this.#random.next(),
      grouping: { maxBytes: this.#maxBytes },
    });
    const stop = new AbortController();
    const run: Run = { process, pipeline, stop, outcome: null, ended: Promise.resolve() };
    const ended = pipeline.run(stop.signal).then(
      ({ outcome }) => {
        run.outcome = outcome;
      },
      (error: Error) => {
        run.outcome = error;
      },
    );
    return Object.assign(run, { ended });
  }

  #commit(): void {
    this.#log.commit(...this.#shop.transaction());
    this.#committed += 1;
  }

  async #disturb(run: Run): Promise<Run> {
    this.#retries += run.pipeline.status().retries;
    switch (this.#random.pick(['kill', 'take over', 'stop', 'pause'])) {
      case 'kill':
        this.#kills += 1;
        run.process.killed = true;
        return this.#start();
      case 'take over': {
        this.#takeovers += 1;
        const successor = this.#start();
        // Both run for a while, as after a network split; the older one is fenced or stopped, whatever comes first.
        for (let turn = this.#random.integer(0, 20); turn > 0; turn -= 1) {
          await this.#settle();
          this.#clock.advanceToNext();
        }
        run.stop.abort();
        run.process.killed = this.#random.chance(0.5);
        return successor;
      }
      case 'pause':
        run.pipeline.pause();
        for (let turn = this.#random.integer(0, 20); turn > 0; turn -= 1) {
          await this.#settle();
          this.#clock.advanceToNext();
        }
        run.pipeline.resume();
        return run;
      default:
        this.#restarts += 1;
        await this.#stopGracefully(run);
        return this.#start();
    }
  }

  async #stopGracefully(run: Run): Promise<void> {
    run.stop.abort();
    for (let turn = 0; run.outcome === null && turn < 1_000; turn += 1) {
      await this.#settle();
      this.#clock.advanceToNext();
    }
    assert.notEqual(run.outcome, null, 'a pipeline that was asked to stop goes on');
  }

  /** Lets everything happen that does not wait for time to pass. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  #check(store: MemoryStore): void {
    this.#writes += 1;
    const at = Number(store.lanes.get(this.#log.lane)?.position ?? 0);
    assert.equal(
      stateOf((table) => store.rows(table)),
      this.#shop.states[at],
      `the content at position ${at}`,
    );
  }

  #isComplete(): boolean {
    return this.#stores.every((store) => Number(store.lanes.get(this.#log.lane)?.position ?? 0) === this.#transactions);
  }

  #throwIfWrong({ outcome }: Run): void {
    // Being fenced is how the older of two processes ends.
    if (outcome instanceof Error && !isMillraceError(outcome, 'SINK_FENCED')) throw outcome;
  }
}

const calmRates: FaultRates = { fail: 0, delay: 0, longestDelayMs: 1 };

/** Checks that nothing is acknowledged before every sink holds it. */
class CheckedSource extends MemorySource {
  readonly #stores: readonly MemoryStore[];

  constructor(log: MemoryLog, stores: readonly MemoryStore[], options: ConstructorParameters<typeof MemorySource>[1]) {
    super(log, options);
    this.#stores = stores;
  }

  override async acknowledge(held: Parameters<MemorySource['acknowledge']>[0]): Promise<void> {
    for (const [lane, at] of held) {
      for (const store of this.#stores) {
        const durable = Number(store.lanes.get(lane)?.position ?? 0);
        assert.ok(durable >= Number(at), `${at} was acknowledged while a sink holds ${durable}`);
      }
    }
    await super.acknowledge(held);
  }
}
