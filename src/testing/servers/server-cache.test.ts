import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning } from './process-identity.ts';
import { exclusively } from './server-cache.ts';

test('one at a time under a lock file, and the next one goes on when a holder throws', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
  try {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(10);
      inside -= 1;
      throw new Error('planted');
    };
    const runs = [0, 1, 2, 3].map(() => exclusively(join(folder, 'made', 'x.lock'), work));
    assert.ok((await Promise.allSettled(runs)).every(({ status }) => status === 'rejected'));
    assert.equal(most, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a holder that is killed lets go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
  const lock = join(folder, 'x.lock');
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { exclusively } = await import(process.argv[1]);
       await exclusively(process.argv[2], () => { console.log('held'); return new Promise((r) => setTimeout(r, 60_000)); });`,
      new URL('server-cache.ts', import.meta.url).href,
      lock,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    await once(holder.stdout, 'data');
    let taken = false;
    const next = exclusively(lock, async () => {
      taken = true;
    });
    await sleep(120);
    assert.equal(taken, false);
    holder.kill('SIGKILL');
    await next;
    assert.equal(taken, true);
  } finally {
    holder.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

test('a process is told from a later one with the same pid', () => {
  const self = identify(process.pid);
  assert.ok(self !== null && isRunning(self));
  assert.ok(!isRunning({ pid: process.pid, startTime: '1' }));
  assert.equal(identify(2 ** 22 + 1), null);
});
