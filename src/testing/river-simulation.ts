import assert from 'node:assert/strict';
import { decodeBinlogPosition } from '../connectors/mysql/binlog-position.ts';
import { type MysqlConfig, mysqlConfig } from '../connectors/mysql/config.ts';
import { openSnapshotRun } from '../connectors/mysql/snapshot/snapshot-run.ts';
import { MysqlSource } from '../connectors/mysql/source.ts';
import type { Clock } from '../core/clock.ts';
import type { Context, Sink, Source } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeNetwork, type NetworkCounts } from './fake-network.ts';
import { type FaultRates, FaultySink, misbehave, SimulatedProcess } from './faulty-ends.ts';
import { ReplayServer } from './replay-server/replay-server.ts';
import type { RiverLog } from './river-log.ts';
import { ChangeLogStore, MemoryMirror, type MirrorStore, type RiverStore, SqliteMirror } from './river-stores.ts';
import { SeededRandom } from './seeded-random.ts';

/** What happened in one simulated run. */
export interface RiverReport extends NetworkCounts {
  readonly transactions: number;
  readonly writes: number;
  readonly retries: number;
  readonly kills: number;
  readonly restarts: number;
  readonly purges: number;
}

/** Puts ends with a mistake in the place of the right ones, to see that the simulation finds it. */
export interface RiverEnds {
  readonly source?: (source: Source) => Source;
  readonly sink?: (sink: Sink, clock: Clock) => Sink;
}

/** Every change of a log in order, and how many of them each mark stands behind. */
export interface ExpectedChanges {
  readonly entries: readonly string[];
  readonly upTo: readonly number[];
}

/**
 * One river's life, wholly decided by `seed`: the production MySQL source dials a replayed server over a network that cuts, delays
 * and refuses; the production pipeline carries the log, which grows meanwhile, to mirrors and a change log that fail at times; and
 * it is killed, stopped and paused. After every write a mirror has to hold what the server itself held at the mirror's position,
 * and the change log every change up to its position exactly once. Throws where that is not so, with the seed and the steps.
 */
export const simulateRiver = async (
  seed: number,
  log: RiverLog,
  expected: ExpectedChanges,
  ends: RiverEnds = {},
): Promise<RiverReport> => {
  const simulation = new RiverSimulation(seed, log, expected, ends);
  try {
    return await simulation.run();
  } catch (error) {
    const steps = simulation.steps.join(', ');
    throw new Error(`seed ${seed} of ${log.name}: ${(error as Error).message}\nsteps: ${steps}`, { cause: error });
  } finally {
    simulation[Symbol.dispose]();
  }
};

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const lane = 'mysql/binlog';

interface Run {
  readonly process: SimulatedProcess;
  readonly closeAll: () => void;
  readonly sinks: Set<Sink>;
  readonly pipeline: Pipeline;
  readonly stop: AbortController;
  outcome: 'finished' | 'stopped' | Error | null;
}

class RiverSimulation implements Disposable {
  readonly steps: string[] = [];
  readonly #log: RiverLog;
  readonly #expected: ExpectedChanges;
  readonly #ends: RiverEnds;
  readonly #random: SeededRandom;
  readonly #clock = new FakeClock();
  readonly #server: ReplayServer;
  readonly #network: FakeNetwork;
  readonly #config: MysqlConfig;
  readonly #mirrors: readonly MirrorStore[];
  readonly #changeLog = new ChangeLogStore();
  readonly #rates: FaultRates;
  readonly #maxBytes: number;
  readonly #inFlight: number;
  readonly #disturbance: number;
  /** The mark that the log ends at. */
  readonly #last: number;
  /** The last mark that the server has come to. */
  #mark: number;
  #calm = false;
  /** Where each store was when it was checked last: while a transaction is open in one, it cannot be asked. */
  readonly #marks = new Map<RiverStore, number>();
  readonly #insideParts = new Set<RiverStore>();
  /** Entries of the change log that have been compared. */
  #compared = 0;
  #writes = 0;
  #retries = 0;
  #kills = 0;
  #restarts = 0;
  #purges = 0;

  constructor(seed: number, log: RiverLog, expected: ExpectedChanges, ends: RiverEnds) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#log = log;
    this.#expected = expected;
    this.#ends = ends;
    const end = log.marks.length - 1;
    // Most logs are short, so that many seeds can be had.
    this.#last = random.chance(0.25) ? end : random.integer(10, end);
    this.#mark = random.pick([0, random.integer(0, this.#last), this.#last]);
    this.#server = new ReplayServer({ recording: log.recordingAt(this.#mark), clock: this.#clock });
    this.#network = new FakeNetwork(
      this.#clock,
      random,
      {
        refuse: random.next() * 0.2,
        cut: random.next() * 0.6,
        delay: random.next() ** 2 * 0.3,
        longestDelayMs: random.pick([5, 100, 5_000]),
        largestPieceBytes: random.pick([1, 64, 4_096, 65_536]),
      },
      () => this.#server.connect(),
    );
    this.#config = mysqlConfig.parse({
      hostname: 'simulated',
      username: 'root',
      tables: 'river.\\.*',
      'scan.startup.mode': 'earliest-offset',
      // Prepared transactions are held whole, four times this at most.
      'scan.transaction.max.size': random.pick(log.has(/^XA/) ? [4_000, 16_777_216] : [1, 300, 4_000, 16_777_216]),
      'heartbeat.interval': random.pick(['100ms', '2s', '30s']),
      'ssl.mode': random.chance(0.9) ? 'disabled' : 'preferred',
    });
    // The mirror in memory gives columns that are added no default values.
    const mirrors = log.has(/ADD COLUMN/) ? ['sqlite'] : random.pick([['sqlite'], ['memory'], ['memory', 'sqlite']]);
    this.#mirrors = mirrors.map((kind) => (kind === 'sqlite' ? new SqliteMirror() : new MemoryMirror()));
    this.#rates = {
      // An attempt claims two dozen lanes, so a little is a lot.
      fail: random.next() ** 2 * 0.04,
      delay: random.next() * 0.3,
      longestDelayMs: random.pick([5, 100, 5_000]),
    };
    this.#maxBytes = random.pick([1, 500, 100_000]);
    this.#inFlight = random.integer(1, 3);
    this.#disturbance = random.next() ** 2 * 0.15;
  }

  async run(): Promise<RiverReport> {
    let current = this.#start();
    const last = this.#last;
    for (let step = 0; ; step += 1) {
      assert.ok(step < 20_000, `the sinks are at ${this.#stores().map((store) => this.#marks.get(store))} of ${last}`);
      await settle();
      this.#throwIfWrong(current);
      if (this.#mark < last && this.#random.chance(0.2))
        this.#goOn(Math.min(last, this.#mark + this.#random.integer(1, 6)));
      if (!this.#calm && this.#mark === last && step > 200) this.#calmDown();
      if (this.#mark === last && this.#stores().every((store) => this.#marks.get(store) === last)) break;
      if (!this.#calm && this.#random.chance(this.#disturbance)) current = await this.#disturb(current);
      else this.#clock.advanceToNext();
      if (current.outcome !== null) current = this.#start();
    }
    await this.#stopGracefully(current);
    this.#throwIfWrong(current);
    for (const store of this.#stores()) this.#check(store);
    this.#retries += current.pipeline.status().retries;
    return {
      transactions: last + 1,
      writes: this.#writes,
      retries: this.#retries,
      kills: this.#kills,
      restarts: this.#restarts,
      purges: this.#purges,
      ...this.#network.counts,
    };
  }

  [Symbol.dispose](): void {
    this.#server.cutAll();
    for (const store of this.#stores()) store[Symbol.dispose]();
  }

  #stores(): readonly (MirrorStore | ChangeLogStore)[] {
    return [...this.#mirrors, this.#changeLog];
  }

  #start(): Run {
    this.steps.push('start');
    const process = new SimulatedProcess();
    const random = this.#random;
    const ends = (): Promise<void> => misbehave(process, random, this.#clock, this.#calm ? calmRates : this.#rates);
    const { dial, closeAll } = this.#network.dialer();
    const context: Context = { pipeline: 'river', log: silent, clock: clockOf(process, this.#clock) };
    const sinks = new Set<Sink>();
    const pipeline = createPipeline({
      name: 'river',
      source: async () => {
        const source = new MysqlSource({ config: this.#config, context, openSnapshots: openSnapshotRun, dial });
        return this.#ends.source?.(source) ?? source;
      },
      sinks: this.#stores().map((store, i) => ({
        name: `${store.kind} ${i}`,
        open: async () => {
          await ends();
          this.#check(store);
          const sink = await store.open(context);
          sinks.add(sink);
          const closing: Sink = {
            claim: (of) => sink.claim(of),
            write: async (batch, signal) => {
              await sink.write(batch, signal);
              if (batch.part === undefined || batch.part.last) this.#insideParts.delete(store);
              else this.#insideParts.add(store);
            },
            [Symbol.asyncDispose]: async () => {
              if (!sinks.delete(sink)) return;
              await sink[Symbol.asyncDispose]();
              this.#insideParts.delete(store);
            },
          };
          return new FaultySink(this.#ends.sink?.(closing, context.clock) ?? closing, this.#inFlight, {
            misbehave: ends,
            onWrite: () => this.#written(store),
          });
        },
      })),
      clock: context.clock,
      log: silent,
      random: () => random.next(),
      grouping: { maxBytes: this.#maxBytes },
      retry: { maxMs: 5_000 },
    });
    const stop = new AbortController();
    const run: Run = { process, closeAll, sinks, pipeline, stop, outcome: null };
    pipeline.run(stop.signal).then(
      ({ outcome }) => {
        run.outcome = outcome;
      },
      (error: Error) => {
        run.outcome = error;
      },
    );
    return run;
  }

  #goOn(mark: number): void {
    this.steps.push(`log to ${mark}`);
    this.#mark = mark;
    this.#server.goOn(this.#log.recordingAt(mark));
  }

  #calmDown(): void {
    this.steps.push('calm');
    this.#calm = true;
    this.#network.heal();
  }

  async #disturb(run: Run): Promise<Run> {
    const kind = this.#random.pick(['kill', 'kill', 'stop', 'pause', 'cut', 'restart', 'restart', 'purge']);
    this.steps.push(kind);
    switch (kind) {
      case 'kill':
        this.#retries += run.pipeline.status().retries;
        await this.#kill(run);
        return this.#start();
      case 'stop':
        this.#retries += run.pipeline.status().retries;
        await this.#stopGracefully(run);
        return this.#start();
      case 'pause':
        run.pipeline.pause();
        for (let turn = this.#random.integer(0, 20); turn > 0; turn -= 1) {
          await settle();
          this.#clock.advanceToNext();
        }
        run.pipeline.resume();
        return run;
      case 'cut':
        this.#network.cutAll();
        return run;
      case 'restart':
        this.#restarts += 1;
        this.#network.down(this.#random.pick([0, 50, 10_000]));
        this.#server.cutAll();
        return run;
      default:
        this.#purge();
        return run;
    }
  }

  /** Nothing of it goes on: its connections close, and what its databases had open is rolled back. */
  async #kill(run: Run): Promise<void> {
    this.#kills += 1;
    run.process.killed = true;
    run.closeAll();
    const open = [...run.sinks];
    run.sinks.clear();
    for (const sink of open) await sink[Symbol.asyncDispose]();
    this.#insideParts.clear();
    for (const store of this.#stores()) this.#check(store);
  }

  async #stopGracefully(run: Run): Promise<void> {
    run.stop.abort();
    for (let turn = 0; run.outcome === null && turn < 1_000; turn += 1) {
      await settle();
      this.#clock.advanceToNext();
    }
    assert.notEqual(run.outcome, null, 'a pipeline that was asked to stop goes on');
  }

  /** Lets go of the files that nobody needs any more. */
  #purge(): void {
    if (this.#insideParts.size > 0) return;
    const needed = this.#stores().flatMap((store) => {
      const position = store.position(lane);
      if (position === null) return [null];
      const { file, prepared } = decodeBinlogPosition(position);
      return [file, ...prepared.map(({ file: begun }) => begun)];
    });
    const first = this.#server.log.files.find(({ name }) => needed.includes(null) || needed.includes(name));
    if (first === undefined || first === this.#server.log.files[0]) return;
    this.#purges += 1;
    this.#server.log.purgeTo(first.name);
  }

  #written(store: MirrorStore | ChangeLogStore): void {
    this.#writes += 1;
    this.#check(store);
  }

  #check(store: MirrorStore | ChangeLogStore): void {
    if (this.#insideParts.has(store)) return;
    const position = store.position(lane);
    const mark = this.#log.markAt(position === null ? null : decodeBinlogPosition(position));
    this.#marks.set(store, mark);
    if (store.kind !== 'change log') {
      if (store.contents() === this.#log.state(mark)) return;
      assert.equal(store.contents(), this.#log.state(mark), `the ${store.kind} mirror at mark ${mark}`);
    }
    const { entries } = this.#changeLog;
    const { entries: all, upTo } = this.#expected;
    for (; this.#compared < entries.length; this.#compared += 1) {
      assert.equal(entries[this.#compared], all[this.#compared], `line ${this.#compared} of the change log`);
    }
    assert.equal(entries.length, upTo[mark] ?? 0, `lines of the change log at mark ${mark}`);
  }

  #throwIfWrong({ outcome }: Run): void {
    if (outcome instanceof Error) throw outcome;
  }
}

const calmRates: FaultRates = { fail: 0, delay: 0, longestDelayMs: 1 };

/** Lets everything happen that does not wait for time to pass. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A process's clock: nothing that sleeps in it wakes once it is killed. */
const clockOf = (process: SimulatedProcess, clock: Clock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  sleep: async (ms, signal) => {
    await clock.sleep(ms, signal);
    if (process.killed) await new Promise<never>(() => {});
  },
});

/**
 * Reads a log once, without any fault, transaction by transaction: what a change log has to hold at each mark. Where definitions stay
 * the same, the changes between two marks have to turn the server's rows at the one into those at the other.
 */
export const expectedChanges = async (log: RiverLog): Promise<ExpectedChanges> => {
  const clock = new FakeClock();
  await using server = new ReplayServer({ recording: log.recordingAt(0), clock });
  const store = new ChangeLogStore();
  const context: Context = { pipeline: 'river', log: silent, clock };
  const config = mysqlConfig.parse({
    hostname: 'simulated',
    username: 'root',
    tables: 'river.\\.*',
    'scan.startup.mode': 'earliest-offset',
    'heartbeat.interval': '100ms',
    'ssl.mode': 'disabled',
  });
  const pipeline = createPipeline({
    name: 'river',
    source: async () =>
      new MysqlSource({ config, context, openSnapshots: openSnapshotRun, dial: async () => server.connect() }),
    sinks: [{ name: 'change log', open: () => store.open() }],
    clock,
    log: silent,
  });
  const stop = new AbortController();
  let failure: Error | null = null;
  const running = pipeline.run(stop.signal).catch((error: Error) => {
    failure = error;
  });
  const upTo: number[] = [];
  for (const mark of log.marks.keys()) {
    server.goOn(log.recordingAt(mark));
    const reached = (): boolean => {
      const position = store.position(lane);
      return position !== null && log.markAt(decodeBinlogPosition(position)) === mark;
    };
    for (let turn = 0; !reached(); turn += 1) {
      if (failure !== null) throw failure;
      assert.ok(turn < 2_000, `${log.name}: mark ${mark} is not reached: ${log.marks[mark]!.action}`);
      await settle();
      clock.advanceToNext();
    }
    upTo.push(store.entries.length);
    const since = store.entries.slice(upTo.at(-2) ?? 0);
    if (!log.redefines(mark) && !since.some((entry) => entry.includes('\0truncate\0'))) {
      assert.equal(applied(log.state(mark - 1), since), log.state(mark), `${log.name}: changes up to mark ${mark}`);
    }
  }
  stop.abort();
  await running;
  return { entries: [...store.entries], upTo };
};

/** The state that row changes make of another. */
const applied = (state: string, entries: readonly string[]): string => {
  const tables = new Map<string, string[]>();
  for (const text of state === '' ? [] : state.split('\n\n')) {
    const [name, ...rows] = text.split('\n');
    tables.set(name!, rows);
  }
  for (const entry of entries) {
    const [, op, table, before, after] = entry.split('\0') as [string, string, string, string, string];
    const name = table.replace(/^river\./, '');
    const rows = tables.get(name) ?? [];
    tables.set(name, rows);
    if (op !== 'create') {
      const at = rows.indexOf(before);
      assert.ok(at >= 0, `${entry.split('\0')[0]} changes a row that is not there`);
      rows.splice(at, 1);
    }
    if (op !== 'delete') rows.push(after);
  }
  return [...tables]
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => `${name}\n${rows.sort().join('\n')}`)
    .sort()
    .join('\n\n');
};
