import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';
import { position } from '../core/position.ts';
import { mergeSources } from './merge-sources.ts';

/** A source of numbered batches in one lane; `script` says how each comes. */
class ScriptedSource implements Source {
  readonly lane: string;
  readonly acknowledged: string[] = [];
  asked = 0;
  closed = false;
  returned = false;
  readonly #script: readonly (Partial<Batch> | Error | Promise<unknown>)[];

  constructor(lane: string, script: readonly (Partial<Batch> | Error | Promise<unknown>)[]) {
    this.lane = lane;
    this.#script = script;
  }

  async *read(held: (lane: string) => Promise<Position | null>): AsyncGenerator<Batch> {
    await held(this.lane);
    try {
      for (const step of this.#script) {
        this.asked += 1;
        if (step instanceof Error) throw step;
        if (step instanceof Promise) await step;
        else {
          const at = position(`${this.lane}${this.asked}`);
          yield { changes: [], positions: new Map([[this.lane, at]]), version: String(this.asked), ...step };
        }
      }
    } finally {
      this.returned = true;
    }
  }

  covers(held: Position, at: Position): boolean {
    return held >= at;
  }

  holds(): boolean {
    return false;
  }

  async acknowledge(held: ReadonlyMap<string, Position>): Promise<void> {
    this.acknowledged.push(...held.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

const read = async (source: Source): Promise<string[]> => {
  const seen: string[] = [];
  for await (const { positions } of source.read(async () => null, new AbortController().signal)) {
    seen.push([...positions.values()].join());
  }
  return seen;
};

test('every batch of every source comes, each source in its order, none starved', async () => {
  const seen = await read(mergeSources([new ScriptedSource('a', [{}, {}, {}]), new ScriptedSource('b', [{}, {}])]));
  assert.deepEqual(
    seen.filter((place) => place.startsWith('a')),
    ['a1', 'a2', 'a3'],
  );
  assert.deepEqual(
    seen.filter((place) => place.startsWith('b')),
    ['b1', 'b2'],
  );
  assert(seen.indexOf('b1') < seen.indexOf('a3'), seen.join());
});

test('a source that waits does not hold the others up', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const merged = mergeSources([new ScriptedSource('a', [promise, {}]), new ScriptedSource('b', [{}, {}])]);
  const seen: string[] = [];
  for await (const { positions } of merged.read(async () => null, new AbortController().signal)) {
    seen.push([...positions.values()].join());
    if (seen.length === 2) resolve();
  }
  assert.deepEqual(seen, ['b1', 'b2', 'a2']);
});

test('a transaction in parts is not interrupted by another source', async () => {
  const part = (index: number, last: boolean): Partial<Batch> => ({ part: { transaction: 't', index, last } });
  const parts = new ScriptedSource('a', [
    part(0, false),
    Promise.resolve(),
    part(1, false),
    Promise.resolve(),
    part(2, true),
  ]);
  const seen = await read(mergeSources([parts, new ScriptedSource('b', [{}, {}, {}])]));
  const first = seen.indexOf('a1');
  assert.deepEqual(seen.slice(first, first + 3), ['a1', 'a3', 'a5']);
});

test('sinks are asked for one lane at a time', async () => {
  let asking = 0;
  const merged = mergeSources([new ScriptedSource('a', [{}]), new ScriptedSource('b', [{}])]);
  const held = async (): Promise<null> => {
    asking += 1;
    assert.equal(asking, 1);
    await Promise.resolve();
    asking -= 1;
    return null;
  };
  for await (const _ of merged.read(held, new AbortController().signal));
});

test('sinks are not asked for a lane between the parts of a transaction', async () => {
  const part = (index: number, last: boolean): Partial<Batch> => ({ part: { transaction: 't', index, last } });
  const late = Promise.withResolvers<void>();
  const slow = new ScriptedSource('b', [{}]);
  const begin = slow.read.bind(slow);
  slow.read = async function* (held) {
    await late.promise;
    yield* begin(held);
  };
  const merged = mergeSources([new ScriptedSource('a', [part(0, false), part(1, false), part(2, true), {}]), slow]);
  const course: string[] = [];
  const held = async (lane: string): Promise<null> => {
    course.push(`asked for ${lane}`);
    return null;
  };
  for await (const { positions } of merged.read(held, new AbortController().signal)) {
    course.push([...positions.values()].join());
    late.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(course.slice(0, 4), ['asked for a', 'a1', 'a2', 'a3']);
  assert(course.includes('asked for b') && course.includes('b1'));
});

test('a source that fails ends the reading, and the others are let go', async () => {
  const other = new ScriptedSource('b', [{}, {}, {}, {}]);
  await assert.rejects(read(mergeSources([new ScriptedSource('a', [{}, new Error('gone')]), other])), /gone/);
  assert(other.returned);
});

test('positions are acknowledged to the source whose they are, and all sources are closed', async () => {
  const [a, b] = [new ScriptedSource('a', [{}]), new ScriptedSource('b', [{}])];
  const merged = mergeSources([a, b]);
  await read(merged);
  await merged.acknowledge?.(new Map([['a', position('a1')]]));
  assert.deepEqual(a.acknowledged, ['a1']);
  assert.deepEqual(b.acknowledged, []);
  await merged[Symbol.asyncDispose]();
  assert(a.closed && b.closed);
});
