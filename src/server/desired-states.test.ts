import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesiredStates } from './desired-states.ts';

test('what was asked of pipelines survives the process, and a file that is not understood is never guessed at', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-state-'));
  try {
    const states = new DesiredStates(folder);
    states.set('a', 'paused');
    states.set('b', 'stopped');
    states.set('b', 'running');
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => new DesiredStates(folder).of(name)),
      ['paused', 'running', 'running'],
    );
    const file = join(folder, 'state.json');
    for (const text of ['', '{"version":2,"pipelines":{}}', '{"version":1,"pipelines":{"a":"asleep"}}']) {
      writeFileSync(file, text);
      assert.throws(() => new DesiredStates(folder), {
        code: 'SERVE_STATE_UNREADABLE',
        details: { file, reason: 'it is damaged' },
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
