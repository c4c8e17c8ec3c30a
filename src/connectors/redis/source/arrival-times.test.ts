import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivalTimes } from './arrival-times.ts';

test('the time of a byte is that of the piece that brought it, and passed ones are forgotten', () => {
  const times = new ArrivalTimes(100);
  assert.equal(times.behind(100), null);
  times.note(150, 1_000);
  times.note(170, 1_004);
  times.note(300, 1_060);
  assert.equal(times.behind(99), null, 'it was there before');
  assert.equal(times.behind(100), 1_000);
  assert.equal(times.behind(169), 1_000);
  assert.equal(times.behind(170), 1_060);
  assert.equal(times.behind(299), 1_060);
  assert.equal(times.behind(300), null);
  times.note(301, 2_000);
  assert.equal(times.behind(300), 2_000);
});

test('a target that stands still for hours costs no more memory, and little of the truth', () => {
  const times = new ArrivalTimes(0);
  const hours = 5 * 3_600_000;
  for (let ms = 0; ms < hours; ms += 20) times.note(ms + 20, ms);
  let before = -1;
  for (let offset = 0; offset < hours; offset += 60_000) {
    const at = times.behind(offset)!;
    assert.ok(at <= offset && at >= before, `${offset} at ${at}`);
    assert.ok(offset - at < hours / 1_000, `${offset} at ${at}`);
    before = at;
  }
});
