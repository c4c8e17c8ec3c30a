import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueryFigures } from '../core/operating.ts';
import { metricsText } from '../server/metrics-text.ts';
import { type PipelineView, silentStatus } from '../server/pipeline-view.ts';
import { pipelinePage, pipelineTable } from './pipeline-lines.ts';

const viewOf = (query: QueryFigures, sinks: PipelineView['sinks'] = []): PipelineView => ({
  ...silentStatus('seen', 'running', '', null),
  reason: null,
  query,
  sinks,
  file: null,
  desired: 'running',
  process: { pid: 1, startedAt: null, restarts: 0, lastEnd: null },
  verifications: [],
});

const plain = (_: unknown, text: string): string => text;

const held = viewOf({
  lateRows: 7,
  overflows: 3,
  watermark: { reachedMs: Date.UTC(2024, 1, 29), stillMs: 180_000, heldBy: 'clicks' },
});

test('a watermark that stands still is shown beside the health, with the table that it waits for and since when', () => {
  assert.match(pipelineTable([held], plain), /watermark stands still for 3 min 0 s because of clicks/);
  const page = pipelinePage(held, plain);
  assert.match(page, /watermark +2024-02-29T00:00:00\.000Z, moved 3 min 0 s ago/);
  assert.match(page, /late rows +7 left out/);
  assert.match(page, /overflows +3 results/);
  const moving = viewOf({
    lateRows: 0,
    overflows: 0,
    watermark: { reachedMs: null, stillMs: 1_000, heldBy: 'clicks' },
  });
  assert.doesNotMatch(pipelineTable([moving], plain), /watermark/);
  assert.match(pipelinePage(moving, plain), /watermark +not known yet/);
});

test('metrics tell of late rows, of the watermark, and of the table that holds it up', () => {
  const text = metricsText([held], '1');
  assert.match(text, /^millrace_late_rows_total\{pipeline="seen"\} 7$/m);
  assert.match(text, /^millrace_sql_overflows_total\{pipeline="seen"\} 3$/m);
  assert.match(text, /^millrace_watermark_seconds\{pipeline="seen"\} 1709164800$/m);
  assert.match(text, /^millrace_watermark_held_seconds\{pipeline="seen",table="clicks"\} 180$/m);
  assert.doesNotMatch(
    metricsText([{ ...held, query: { lateRows: 0, overflows: 0, watermark: null } }], '1'),
    /millrace_watermark/,
  );
});

test('keys that a cache was to lose are told by whether they were there, and of sinks that do not count them nothing is', () => {
  const writes = { steps: [], count: 0, sumSeconds: 0 };
  const quiet = { lateRows: 0, overflows: 0, watermark: null };
  const view = viewOf(quiet, [
    { name: 'cache', queuedBytes: 0, capacityBytes: 0, writes, keys: [{ mode: 'invalidate', hit: 2, nothing: 40 }] },
    { name: 'topic', queuedBytes: 0, capacityBytes: 0, writes },
  ]);
  assert.match(pipelinePage(view, plain), /cache invalidate +2 keys removed or refreshed, 40 were not there/);
  const text = metricsText([view], '1');
  const of = 'millrace_redis_invalidations_total{pipeline="seen",sink="cache",mode="invalidate",result=';
  assert.ok(text.includes(`${of}"hit"} 2\n${of}"nothing"} 40\n`), text);
  assert.doesNotMatch(text, /invalidations_total\{[^}]*topic/);
});

test('a place is told in the words of its log: a file and a byte of it, or the byte of a stream', () => {
  const at = (file: string | null, offset: number | null): string => {
    const log = { source: 's', server: null, file, offset, gtids: null, bytesBehind: null };
    const more = { transactionsBehind: null, clockSkewMs: null, retentionSeconds: null };
    const view = { ...viewOf({ lateRows: 0, overflows: 0, watermark: null }), logs: [{ ...log, ...more }] };
    return pipelineTable([view], plain).split(/ {2,}/).at(-1)!;
  };
  assert.deepEqual(
    [at('binlog.000002', 157), at(null, 9_472), at(null, null)],
    ['binlog.000002:157', 'offset 9472', '-'],
  );
});

test('what servers of Redis say of themselves, and what waits of a stream, is on the page and in the metrics', () => {
  const server = { server: 'cache1:6379', answeredMs: 2, usedBytes: 1_000, maxBytes: 4_000 };
  const servers = [{ ...server, evictedKeys: 3, expiredKeys: null }];
  const sink = { name: 'cache', queuedBytes: 0, capacityBytes: 0, writes: { steps: [], count: 0, sumSeconds: 0 } };
  const log = { source: 'redis', server: null, file: null, offset: 7, gtids: null, bytesBehind: 0 };
  const more = { transactionsBehind: null, clockSkewMs: null, retentionSeconds: null };
  const view = {
    ...viewOf({ lateRows: 0, overflows: 0, watermark: null }, [{ ...sink, servers }]),
    logs: [{ ...log, ...more, spoolBytes: 512, readAgain: 2 }],
    snapshots: { initial: 4, 'it was not known when reading began': 1 },
  };
  const page = pipelinePage(view, plain);
  assert.match(page, /cache server +cache1:6379 answers in 2 ms, 1000 B of 3\.9 KB used, 3 keys evicted$/m);
  assert.match(page, /redis spool +512 B wait here/);
  assert.match(page, /redis gaps +2: everything was read again/);
  const text = metricsText([view], '1');
  for (const line of [
    'millrace_redis_memory_bytes{pipeline="seen",sink="cache",server="cache1:6379",kind="used"} 1000',
    'millrace_redis_memory_bytes{pipeline="seen",sink="cache",server="cache1:6379",kind="max"} 4000',
    'millrace_redis_removed_keys_total{pipeline="seen",sink="cache",server="cache1:6379",cause="evicted"} 3',
    'millrace_redis_answer_seconds{pipeline="seen",sink="cache",server="cache1:6379"} 0.002',
    'millrace_spool_bytes{pipeline="seen",source="redis"} 512',
    'millrace_read_again_total{pipeline="seen",source="redis"} 2',
    'millrace_snapshots_total{pipeline="seen",reason="initial"} 4',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
  }
  assert.doesNotMatch(text, /cause="expired"/);
});
