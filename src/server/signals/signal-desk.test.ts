import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lane, Position } from '../../core/batch.ts';
import type { Source } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { LogFields } from '../../core/log.ts';
import type { Snapshots } from '../../core/operating.ts';
import { position } from '../../core/position.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { SignalDesk } from './signal-desk.ts';

const lane = 'mysql/snapshot:shop.orders';

/** A pipeline whose source notes what is asked of it; its positions are numbers, and a higher one covers a lower. */
class AskedPipeline {
  readonly name = 'orders';
  readonly asked: string[] = [];
  readonly held = new Map<Lane, Position>();
  readonly said: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  source: Source | null = null;

  open(snapshots: Partial<Snapshots> | null | undefined = {}): void {
    const asking: Snapshots = {
      request: ({ tables, reason }) => {
        this.asked.push(`request ${tables.join(',')} ${reason}`);
        return new Map([[lane, position('5')]]);
      },
      tryCondition: async () => {},
      pause: () => this.asked.push('pause'),
      unpause: () => this.asked.push('unpause'),
      cancel: (tables) => this.asked.push(`cancel ${tables?.join(',') ?? 'all'}`),
      progress: { paused: false, tablesDone: 0, tables: [] },
    };
    const covers = (held: Position, at: Position): boolean => Number(held) >= Number(at);
    const found = snapshots === null || snapshots === undefined ? snapshots : { ...asking, ...snapshots };
    this.source = { covers, ...(found === undefined ? {} : { snapshots: found }) } as Source;
  }

  status(): { readonly positions: ReadonlyMap<Lane, Position> } {
    return { positions: this.held };
  }

  desk(): SignalDesk {
    const say =
      (level: string) =>
      (message: string, fields: LogFields = {}): void =>
        void this.said.push({ level, message, fields });
    const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
    return new SignalDesk({ pipeline: this, clock: systemClock, log });
  }

  /** The codes that were warned of. */
  get warned(): unknown[] {
    return this.said.filter(({ level }) => level === 'warn').map(({ fields }) => fields['code']);
  }
}

const running = new AbortController().signal;
const execute = '{"type":"execute-snapshot","data":{"data-collections":["shop.orders"],"type":"incremental"}}';
const signal = (value: string | null, key: string | null = 'orders') => ({ offset: 3, key, value });

describe('signals', () => {
  test('are asked of the source, each kind by its own word', async () => {
    const pipeline = new AskedPipeline();
    pipeline.open();
    const desk = pipeline.desk();
    for (const value of [
      execute,
      '{"type":"pause-snapshot"}',
      '{"type":"resume-snapshot"}',
      '{"type":"stop-snapshot","data":{"data-collections":["shop.orders"]}}',
      '{"type":"stop-snapshot"}',
    ])
      await desk.take(signal(value), running);
    assert.deepEqual(pipeline.asked, [
      'request shop.orders signal',
      'pause',
      'unpause',
      'cancel shop.orders',
      'cancel all',
    ]);
    assert.deepEqual(pipeline.warned, []);
  });

  test('of other pipelines are none of its business', async () => {
    const pipeline = new AskedPipeline();
    const keeping = await pipeline.desk().take(signal(execute, 'customers'), running);
    assert.equal(keeping(), 'kept');
    assert.deepEqual([pipeline.said, pipeline.asked], [[], []]);
  });

  test('that cannot be carried out are warned of, and done with', async () => {
    const pipeline = new AskedPipeline();
    pipeline.open({
      request: () => {
        throw new MillraceError('SNAPSHOT_UNKNOWN_TABLE', { table: 'shop.orders' });
      },
    });
    const desk = pipeline.desk();
    for (const each of [signal(execute, null), signal('{'), signal(null), signal(execute)])
      assert.equal((await desk.take(each, running))(), 'kept');
    assert.deepEqual(pipeline.warned, ['SIGNAL_REFUSED', 'SIGNAL_REFUSED', 'SIGNAL_REFUSED', 'SNAPSHOT_UNKNOWN_TABLE']);
    assert.ok(pipeline.said.every(({ fields }) => fields['offset'] === 3));
  });

  test('to a source without snapshots are warned of', async () => {
    const pipeline = new AskedPipeline();
    pipeline.open(undefined);
    delete (pipeline.source as { snapshots?: unknown }).snapshots;
    await pipeline.desk().take(signal(execute), running);
    assert.deepEqual(pipeline.warned, ['SNAPSHOT_UNSUPPORTED']);
  });

  test('to be logged are, without any source', async () => {
    const pipeline = new AskedPipeline();
    await pipeline.desk().take(signal('{"type":"log","data":{"message":"at {}"}}'), running);
    assert.deepEqual(pipeline.said, [
      { level: 'info', message: 'a signal says something', fields: { offset: 3, text: 'at 3' } },
    ]);
  });

  test('wait for a pipeline that is paused, or has just begun', async () => {
    const pipeline = new AskedPipeline();
    const taken = pipeline.desk().take(signal(execute), running);
    pipeline.open(null);
    assert.deepEqual(pipeline.asked, []);
    pipeline.open();
    await taken;
    assert.deepEqual(pipeline.asked, ['request shop.orders signal']);
  });

  test('wait no longer than until the stop, and count as not carried out', async () => {
    const pipeline = new AskedPipeline();
    const stop = new AbortController();
    const taken = pipeline.desk().take(signal(execute), stop.signal);
    stop.abort();
    assert.equal((await taken)(), 'lost');
  });

  test('are kept once the sinks hold that a snapshot is due, or more', async () => {
    const pipeline = new AskedPipeline();
    pipeline.open();
    const keeping = await pipeline.desk().take(signal(execute), running);
    assert.equal(keeping(), 'pending');
    pipeline.held.set(lane, position('4'));
    assert.equal(keeping(), 'pending');
    pipeline.held.set(lane, position('6'));
    assert.equal(keeping(), 'kept');
  });

  test('are lost when the source is opened anew before that', async () => {
    const pipeline = new AskedPipeline();
    pipeline.open();
    const keeping = await pipeline.desk().take(signal(execute), running);
    pipeline.open();
    assert.equal(keeping(), 'lost');
    pipeline.held.set(lane, position('5'));
    assert.equal(keeping(), 'kept');
  });
});
