import assert from 'node:assert/strict';
import { test } from 'node:test';
import { position } from '../core/position.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import { create } from '../testing/pipeline-rig.ts';
import { changes } from './changes.ts';

test('changes() acknowledges a batch when its reader comes back, and not when it leaves', async () => {
  const log = new MemoryLog();
  log.commit(create(1), create(2));
  log.commit(create(3));
  const source = new MemorySource(log);
  const seen: string[] = [];
  for await (const change of changes(source, { onPositions: (held) => void seen.push(`held ${held.get('log')}`) })) {
    assert.ok(change.kind === 'rows');
    seen.push(`row ${change.rows.after(0)![0]}`);
    if (seen.at(-1) === 'row 3') break;
  }
  assert.deepEqual(seen, ['row 1', 'row 2', 'held 1', 'row 3']);
  assert.deepEqual([...source.acknowledged], [['log', '1']]);
  const rest: unknown[] = [];
  for await (const change of changes(source, { held: () => position('1') })) rest.push(change);
  assert.equal(rest.length, 1);
});
