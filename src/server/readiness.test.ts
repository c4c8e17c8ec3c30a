import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Desired, type PipelineView, retentionMarginMs, silentStatus } from './pipeline-view.ts';
import { planChanges } from './plan-changes.ts';
import { readiness } from './readiness.ts';

const view = (name: string, desired: Desired, more: Partial<PipelineView>): PipelineView => ({
  ...silentStatus(name, 'running', '', null),
  reason: null,
  file: null,
  desired,
  process: { pid: 1, startedAt: null, restarts: 0, lastEnd: null },
  verifications: [],
  ...more,
});

test('is ready when everything that should run is connected and moves, or is done', () => {
  const right = [
    view('a', 'running', { connected: true }),
    view('b', 'running', { connected: true, health: 'snapshotting' }),
    view('c', 'paused', { health: 'paused' }),
    view('d', 'running', { health: 'paused', finished: true }),
  ];
  assert.deepEqual(readiness(right), { ready: true, reasons: [] });
  const wrong = [
    view('e', 'running', {}),
    view('f', 'running', { connected: true, health: 'stalled', reason: 'no sink write has ended for 31 s' }),
    view('g', 'running', { health: 'failed', reason: 'access denied' }),
  ];
  assert.deepEqual(
    readiness([...right, ...wrong]).reasons.map(({ pipeline, reason }) => [pipeline, reason]),
    [
      ['e', 'not connected yet'],
      ['f', 'no sink write has ended for 31 s'],
      ['g', 'access denied'],
    ],
  );
});

test('takes lag and silence from the time that the server keeps its log', () => {
  const none = { bytesBehind: null, transactionsBehind: null, clockSkewMs: null };
  const log = { source: 'mysql', server: null, file: null, offset: null, gtids: null, ...none };
  const lag = { currentMs: 60_000, maxMs: 0, p99Ms: 0 };
  const behind = view('a', 'running', { lag, sourceIdleMs: 5_000, logs: [{ ...log, retentionSeconds: 3_600 }] });
  assert.equal(retentionMarginMs(behind), 3_535_000);
  assert.equal(retentionMarginMs(view('a', 'running', { logs: [{ ...log, retentionSeconds: null }] })), null);
});

test('names what differs between two plans by the path of each setting', () => {
  const before = { name: 'a', sources: [{ settings: { tables: ['s.a'], port: 3306 } }], routes: [] };
  const after = {
    name: 'a',
    sources: [{ settings: { tables: ['s.a', 's.b'], port: 3306, hostname: 'db' } }],
    routes: [],
  };
  assert.deepEqual(planChanges(before, after), [
    'sources.0.settings.tables: s.a -> s.a, s.b',
    'sources.0.settings.hostname: unset -> db',
  ]);
  assert.deepEqual(planChanges(before, before), []);
});
