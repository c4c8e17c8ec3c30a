import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isMillraceError } from '../core/errors.ts';
import { killOnDisk } from '../testing/kill-on-disk.ts';
import { openState } from './open-state.ts';

const folder = () => mkdtempDisposableSync(join(tmpdir(), 'millrace-state-'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array | null): string | null => (of === null ? null : new TextDecoder().decode(of));

test('what was committed is there again, and what was not is as it was', async () => {
  using place = folder();
  {
    await using state = openState(place.path);
    const space = state.file.space('a');
    space.put(bytes('kept'), bytes('1'));
    space.put(bytes('gone'), bytes('2'));
    assert.equal(state.file.checkpoint, null);
    state.file.commit('first');
    space.put(bytes('kept'), bytes('3'));
    space.delete(bytes('gone'));
    state.file.space('b').put(bytes('new'), bytes('4'));
    assert.equal(text(space.get(bytes('kept'))), '3');
  }
  await using state = openState(place.path);
  assert.equal(state.file.checkpoint, 'first');
  assert.equal(text(state.file.space('a').get(bytes('kept'))), '1');
  assert.equal(text(state.file.space('a').get(bytes('gone'))), '2');
  assert.deepEqual([...state.file.space('b').entries()], []);
});

test('a process that is killed within a large transaction leaves the one before', async () => {
  using place = folder();
  const state = openState(place.path);
  state.file.space('a').put(bytes('k'), bytes('before'));
  state.file.commit('first');
  // More than the cache holds, so that pages of it are in the file.
  for (let number = 0; number < 1_500; number += 1)
    state.file.space('a').put(bytes(`k${number}`), new Uint8Array(40_000));
  state.file.space('a').put(bytes('k'), bytes('after'));
  await killOnDisk(place.path, { [Symbol.asyncDispose]: async () => await state[Symbol.asyncDispose]() });
  await using again = openState(place.path);
  assert.equal(again.file.checkpoint, 'first');
  assert.deepEqual(
    [...again.file.space('a').entries()].map(([key, value]) => [text(key), text(value)]),
    [['k', 'before']],
  );
});

test('names that nobody asks for lose their entries, and what is forgotten is no checkpoint', async () => {
  using place = folder();
  {
    await using state = openState(place.path);
    for (const name of ['old', 'used']) state.file.space(name).put(bytes('k'), bytes(name));
    state.file.commit('first');
  }
  {
    await using state = openState(place.path);
    state.file.space('used');
    state.file.forgetOthers();
    state.file.commit('second');
  }
  await using state = openState(place.path);
  assert.equal(text(state.file.space('used').get(bytes('k'))), 'used');
  assert.equal(state.file.space('old').get(bytes('k')), null);
  state.file.forget();
  assert.equal(state.file.checkpoint, null);
});

test('one process at a time has a state open, and a damaged one is refused', async () => {
  using place = folder();
  {
    await using first = openState(place.path);
    assert.throws(
      () => openState(place.path),
      (error) => isMillraceError(error, 'STATE_IN_USE'),
    );
    first.file.commit('still writes');
  }
  await openState(place.path)[Symbol.asyncDispose]();
  writeFileSync(join(place.path, 'state.db'), 'no database at all, but long enough to be taken for one'.repeat(200));
  assert.throws(
    () => openState(place.path),
    (error) => isMillraceError(error, 'STATE_UNREADABLE'),
  );
});

test('a journal gives the ticks behind a checkpoint, in order, without a line that was cut off', async () => {
  using place = folder();
  const open = () => openState(place.path);
  {
    await using state = open();
    state.journal.begin({ run: 'r', tick: 4 });
    for (const line of ['4', '5', '6']) state.journal.append(line);
    state.journal.begin({ run: 'r', tick: 7 });
    state.journal.append('7');
  }
  const [, last] = readdirSync(place.path)
    .filter((name) => name.endsWith('.ticks'))
    .sort();
  appendFileSync(join(place.path, last!), '8 was cut o');
  await using state = open();
  assert.deepEqual(state.journal.after({ run: 'r', tick: 3 }), ['4', '5', '6', '7']);
  assert.deepEqual(state.journal.after({ run: 'r', tick: 5 }), ['6', '7']);
  assert.deepEqual(state.journal.after({ run: 'r', tick: 7 }), []);
  assert.deepEqual(state.journal.after({ run: 'r', tick: 1 }), [], 'two ticks are missing');
  assert.deepEqual(state.journal.after({ run: 'other', tick: 3 }), []);
  state.journal.begin({ run: 'r', tick: 8 });
  state.journal.append('8');
  assert.deepEqual(state.journal.after({ run: 'r', tick: 6 }), ['7', '8']);
  state.journal.forgetBefore({ run: 'r', tick: 6 });
  assert.deepEqual(state.journal.after({ run: 'r', tick: 6 }), ['7', '8']);
  assert.deepEqual(state.journal.after({ run: 'r', tick: 3 }), []);
});

test('a job that goes on while somebody looks at its file waits for him', async () => {
  using place = folder();
  {
    await using state = openState(place.path);
    state.file.commit('first');
  }
  const looker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const database = new (require('node:sqlite').DatabaseSync)(workerData);
     database.exec('BEGIN IMMEDIATE');
     parentPort.postMessage('locked');
     setTimeout(() => database.exec('ROLLBACK'), 20);`,
    { eval: true, workerData: join(place.path, 'state.db') },
  );
  await once(looker, 'message');
  await using again = openState(place.path);
  assert.equal(again.file.checkpoint, 'first');
  await once(looker, 'exit');
});
