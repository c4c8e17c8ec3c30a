import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../testing/seeded-random.ts';
import {
  MemberGone,
  SimulatedCoordinator,
  SimulatedProcess,
  SimulatedSink,
} from '../../../../testing/simulated-group.ts';

const partitions = 5;
const sessionTimeout = 8;
const lanes = Array.from({ length: partitions }, (_, partition) => `t/${partition}`);

/** Runs processes that come, go, stand still, are killed and lose heartbeats, and then lets them come to rest. */
const simulate = (seed: number): { readonly fenced: number; readonly moves: number } => {
  const random = new SeededRandom(seed);
  const coordinator = new SimulatedCoordinator(partitions, sessionTimeout);
  const sink = new SimulatedSink();
  const ends = new Map(lanes.map((lane) => [lane, 0]));
  let processes: SimulatedProcess[] = [];
  let ids = 0;
  let fenced = 0;
  let moves = 0;

  const start = (): void => {
    ids += 1;
    processes.push(new SimulatedProcess(ids, sink));
  };
  /** Its membership is over: it begins anew under another name, as a pipeline that tries again does. */
  const rejoin = (process: SimulatedProcess): void => {
    coordinator.leave(process.id);
    processes = processes.filter((other) => other !== process);
    start();
  };
  const heartbeat = (process: SimulatedProcess, isLossy: boolean): void => {
    if (isLossy && random.chance(0.15)) return;
    try {
      const answer = coordinator.heartbeat(process.id, process.member.heartbeat());
      if (isLossy && random.chance(0.15)) return;
      process.member.answered(answer, coordinator.now + 2);
    } catch (error) {
      assert.ok(error instanceof MemberGone, String(error));
      assert.ok(coordinator.gone.has(process.id), 'only who was silent, or missed answers, is given up');
      rejoin(process);
    }
  };
  const step = (process: SimulatedProcess, isLossy: boolean): void => {
    if (process.standsStillUntil > coordinator.now) return;
    if (random.chance(0.7)) process.read(ends);
    const before = process.reading.size;
    const goes = (!random.chance(0.6) || process.write()) && (!random.chance(0.7) || process.follow(coordinator.now));
    moves += before === process.reading.size ? 0 : 1;
    if (goes) {
      heartbeat(process, isLossy);
      return;
    }
    fenced += 1;
    assert.ok(coordinator.gone.has(process.id), 'a member of the group is never fenced');
    rejoin(process);
  };

  start();
  for (let turn = 0; turn < 300; turn += 1) {
    coordinator.tick();
    for (const lane of lanes) ends.set(lane, ends.get(lane)! + random.integer(0, 3));
    for (const process of [...processes]) step(process, true);
    const one = random.pick(processes);
    const happens = random.next();
    if (happens < 0.04 && processes.length < 5) start();
    else if (happens < 0.06 && processes.length > 1) processes = processes.filter((other) => other !== one);
    else if (happens < 0.08) one.standsStillUntil = coordinator.now + random.integer(1, sessionTimeout * 2);
    else if (happens < 0.1 && processes.length > 1 && one.standsStillUntil <= coordinator.now && one.write()) {
      processes = processes.filter((other) => other !== one);
      coordinator.leave(one.id);
    }
  }
  for (let turn = 0; turn < 200; turn += 1) {
    coordinator.tick();
    for (const process of [...processes]) step(process, false);
  }
  assert.deepEqual([...sink.held].toSorted(), [...ends].toSorted(), 'every record is there');
  const owners = processes.flatMap(({ reading }) => [...reading.keys()]);
  assert.deepEqual(owners.toSorted(), lanes, 'every partition has one owner');
  return { fenced, moves };
};

test('every record is written once, in order, whoever comes, goes, stands still or is killed', () => {
  let fenced = 0;
  let moves = 0;
  for (let seed = 0; seed < 60; seed += 1) {
    const run = simulate(seed);
    fenced += run.fenced;
    moves += run.moves;
  }
  assert.ok(fenced > 0, 'some process was fenced');
  assert.ok(moves > 0, 'partitions moved');
});
