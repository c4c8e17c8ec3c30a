import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { faults, runAndKill, runToFault } from '../testing/killed-job.ts';
import { assertJobDone } from '../testing/sql-job.ts';

test('a job that is killed at steps of its commit groups and checkpoints ends as if it had not been', {
  timeout: 240_000,
}, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-killed-job-'));
  const [seed, transactions] = [7, 600];
  const args = [folder.path, String(seed), String(transactions)];
  for (const fault of faults.slice(0, 5)) {
    // Every one comes twice however few checkpoints there is time for.
    const { killed } = await runToFault(args, fault, 2);
    assert.ok(killed, `it never came to: ${fault}`);
  }
  const last = await runAndKill(args, Number.POSITIVE_INFINITY);
  assert.match(last.said, /the job goes on from its checkpoint/);
  assertJobDone(folder.path, seed, transactions);
});
