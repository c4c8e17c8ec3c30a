import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { openSnapshotRun } from '../connectors/mysql/snapshot/snapshot-run.ts';
import { MysqlSource } from '../connectors/mysql/source.ts';
import type { Batch, Position } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Context, Sink, Source } from '../core/connector.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { ReplayServer } from '../testing/replay-server/replay-server.ts';
import { RiverLog, riverNames } from '../testing/river-log.ts';
import { expectedChanges, type RiverEnds, type RiverReport, simulateRiver } from '../testing/river-simulation.ts';

const seeds = 200;
const rivers = await Promise.all(
  riverNames.map(async (name) => {
    const log = await RiverLog.read(name);
    return { log, expected: await expectedChanges(log) };
  }),
);
const simulate = async (seed: number, ends?: RiverEnds): Promise<RiverReport> => {
  const { log, expected } = rivers[seed % rivers.length]!;
  return await simulateRiver(seed, log, expected, ends);
};

test(`mirrors hold what the server held and a change log has every change once, through faults of ${seeds} seeds`, async () => {
  const sums: Record<string, number> = {};
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const [what, count] of Object.entries(await simulate(seed))) sums[what] = (sums[what] ?? 0) + count;
  }
  // The seeds have to reach what they are for.
  for (const [what, count] of Object.entries(sums)) assert.ok(count >= seeds / 50, `only ${count} ${what}`);
});

test('one seed gives one course of events', async () => {
  for (const seed of [3, 4, 5]) assert.deepEqual(await simulate(seed), await simulate(seed));
});

test('finds ends that break the contract', async () => {
  const withSink = (
    write: (sink: Sink, batch: Batch, signal: AbortSignal, clock: Clock) => Promise<void>,
  ): RiverEnds => ({
    sink: (sink, clock) => ({
      claim: (lane) => sink.claim(lane),
      write: (batch, signal) => write(sink, batch, signal, clock),
      [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
    }),
  });
  const withSource = (
    batches: (from: Source, ...read: Parameters<Source['read']>) => AsyncIterable<Batch>,
  ): RiverEnds => ({
    source: (source) => ({
      read: (held, signal) => batches(source, held, signal),
      covers: (held, at) => source.covers(held, at),
      holds: (held, change) => source.holds(held, change),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }),
  });
  const mistakes: Record<string, RiverEnds> = {
    'stores the position before the rows': withSink(async (sink, batch, signal, clock) => {
      if (batch.part === undefined) await sink.write({ ...batch, changes: [] }, signal);
      await clock.sleep(100);
      await sink.write(batch, signal);
    }),
    'stores the rows before the position': withSink(async (sink, batch, signal, clock) => {
      if (batch.part === undefined) await sink.write({ ...batch, positions: new Map() }, signal);
      await clock.sleep(100);
      await sink.write(batch.part === undefined ? { ...batch, changes: [] } : batch, signal);
    }),
    'takes a part for a whole': withSink((sink, { changes, positions, version }, signal) =>
      sink.write({ changes, positions, version }, signal),
    ),
    'skips what comes first after a reconnect': withSource(async function* (source, held, signal) {
      let again = false;
      const watched: typeof held = async (lane) => {
        const at = await held(lane);
        again ||= at !== null;
        return at;
      };
      for await (const batch of source.read(watched, signal)) {
        if (again && batch.changes.length > 0 && batch.part === undefined) {
          again = false;
          yield { ...batch, changes: batch.changes.slice(1) };
        } else {
          yield batch;
        }
      }
    }),
  };
  for (const [mistake, ends] of Object.entries(mistakes)) {
    let found: unknown = null;
    for (let seed = 1; seed <= 30 && found === null; seed += 1) {
      found = await simulate(seed, ends).then(
        () => null,
        (error: unknown) => error,
      );
    }
    assert.match(String(found), /mirror at mark|of the change log|change log at mark/, `an end that ${mistake}`);
  }
});

test('a position between two files names neither by the time of the other', async () => {
  const { log } = rivers.find(({ log: { name } }) => name === 'offsets')!;
  const [first] = log.files;
  const clock = new FakeClock();
  const whole = log.recordingAt(log.marks.length - 1);
  await using server = new ReplayServer({ recording: { ...whole, files: [first!] }, clock });
  const context: Context = { pipeline: 'river', log: silent, clock };
  const config = mysqlConfig.parse({
    hostname: 'simulated',
    username: 'root',
    tables: 'river.\\.*',
    'scan.startup.mode': 'earliest-offset',
    'heartbeat.interval': 0,
    'ssl.mode': 'disabled',
  });
  const open = (): Source =>
    new MysqlSource({ config, context, openSnapshots: openSnapshotRun, dial: async () => server.connect() });
  const read = async (from: ReadonlyMap<string, Position>, until: (at: string) => boolean) => {
    await using source = open();
    const held = new Map(from);
    for await (const batch of source.read(async (lane) => held.get(lane) ?? null, new AbortController().signal)) {
      for (const [lane, at] of batch.positions) held.set(lane, at);
      if (until(held.get('mysql/binlog')!)) break;
    }
    return held;
  };
  // The file ends with the name of the next one, which has not come yet.
  const between = await read(new Map(), (at) => at.includes(`"${log.files[1]!.name}"`));
  server.goOn(whole);
  const end = await read(between, (at) => at.includes(`"${log.files[2]!.name}"`));
  assert.ok(end.has('mysql/schema'));
});
