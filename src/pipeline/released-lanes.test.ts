/** Lanes that go to another process while a pipeline runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { ReleaseLane, Sink, Source } from '../core/connector.ts';
import { position } from '../core/position.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { create, HandSink, never, settle, setup } from '../testing/pipeline-rig.ts';

type Steps = (held: (lane: Lane) => Promise<Position | null>, release: ReleaseLane | undefined) => AsyncIterable<Batch>;

/** Does what the test says, as a source that shares its lanes. */
class HandSource implements Source {
  readonly sharesLanes = true;
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  read(held: (lane: Lane) => Promise<Position | null>, _: AbortSignal, release?: ReleaseLane): AsyncIterable<Batch> {
    return this.#steps(held, release);
  }

  covers(held: Position, at: Position): boolean {
    return Number(held) >= Number(at);
  }

  holds(): boolean {
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const batch = (lane: Lane, at: number, id: number): Batch => ({
  changes: [create(id)],
  positions: new Map([[lane, position(String(at))]]),
  version: String(at).padStart(19, '0'),
});

const pipelineOf = (steps: Steps, sink: () => Sink) =>
  setup({
    source: async () => new HandSource(steps),
    sinks: [{ name: 'mirror', open: async () => sink() }],
  });

class SharedHandSink extends HandSink {
  readonly released: Lane[] = [];

  release(lane: Lane): void {
    this.released.push(lane);
  }
}

test('a lane is released once all that came of it is durable, and the sink has let go of it', async () => {
  const sink = new SharedHandSink();
  let released = false;
  const { pipeline } = pipelineOf(
    async function* (held, release) {
      await held('a');
      await held('b');
      yield batch('a', 1, 1);
      yield batch('b', 1, 2);
      await release!('a');
      released = true;
    },
    () => sink,
  );
  const running = pipeline.run(never);
  await settle();
  assert.equal(released, false);
  assert.deepEqual(sink.released, []);
  sink.end();
  await settle();
  assert.equal(released, true);
  assert.deepEqual([...(await running).positions.keys()], ['b']);
  assert.equal(sink.released[0], 'a');
});

test('a lane is not released when its rows cannot be written', async () => {
  const sink = new SharedHandSink();
  let released = false;
  const { pipeline } = pipelineOf(
    async function* (held, release) {
      await held('a');
      yield batch('a', 1, 1);
      await release!('a');
      released = true;
    },
    () => sink,
  );
  const running = pipeline.run(never);
  await settle();
  sink.end(new Error('the disk is full'));
  await assert.rejects(running, /the disk is full/);
  assert.equal(released, false);
});

test('a process that another has fenced goes on with the lanes that it is given then', async () => {
  const store = new MemoryStore();
  let attempts = 0;
  const codes: string[] = [];
  const { pipeline, clock } = pipelineOf(
    async function* (held) {
      attempts += 1;
      const lane = attempts === 1 ? 'a' : 'b';
      await held(lane);
      // Another process takes the first lane over, as after a session timeout.
      if (attempts === 1) await new MemorySink(store).claim('a');
      else codes.push(...pipeline.status().errors.keys());
      yield batch(lane, 1, attempts);
    },
    () => new MemorySink(store),
  );
  const running = pipeline.run(never);
  await settle();
  clock.advance(1_000);
  assert.equal((await running).outcome, 'finished');
  assert.equal(attempts, 2);
  assert.deepEqual(codes, ['PIPELINE_LANES_TAKEN']);
});

test('a sink with one writer for the whole pipeline offers no release', async () => {
  const sink = new HandSink();
  let offered: unknown;
  const { pipeline } = pipelineOf(
    // biome-ignore lint/correctness/useYield: it has nothing to say
    async function* (_, release) {
      offered = release;
    },
    () => sink,
  );
  await pipeline.run(never);
  assert.equal(offered, undefined);
});
