import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { LinkFailures } from './link-failures.ts';
import { OffsetWatch } from './offset-watch.ts';

const at = (offset: number): string =>
  `# Replication\r\nrole:master\r\nmaster_repl_offset:${offset}\r\nrepl_backlog:1\r\n`;

test('a stream that brings nothing for half a minute though the server is ahead is stuck', () => {
  const watch = new OffsetWatch('cache1:6379');
  watch.look(at(100), 100, 0);
  watch.look(at(200), 100, 40_000);
  watch.look(at(200), 100, 69_000);
  assert.equal(watch.offset, 200);
  assert.throws(
    () => watch.look(at(300), 100, 70_000),
    (error) =>
      isMillraceError(error, 'REDIS_REPLICATION_STUCK') && /offset 300 .* 30000 ms .* 100$/.test(error.message),
  );
});

test('a server that is quiet, one that is being caught up with, and one that does not say are not', () => {
  const watch = new OffsetWatch('cache1:6379');
  for (let s = 0; s < 100; s += 5) watch.look(at(100), 100, s * 1_000);
  for (let s = 100; s < 200; s += 5) watch.look(at(1_000 * s), 100 + s, s * 1_000);
  for (let s = 200; s < 300; s += 5) watch.look('', 300, s * 1_000);
});

test('five links in a row that the server ends at their beginning are enough; one that brings something begins the count anew', () => {
  const failures = new LinkFailures();
  const cut = new MillraceError('NET_CLOSED', { address: 'cache1:6379' });
  const end = (): void => {
    failures.asked();
    failures.began(100);
    failures.ended(cut, 'cache1:6379');
  };
  for (let i = 0; i < 4; i += 1) end();
  failures.asked();
  failures.began(100);
  failures.acknowledged(100);
  failures.acknowledged(101);
  failures.ended(cut, 'cache1:6379');
  // A server that is away is not even asked, which is another matter.
  for (let i = 0; i < 9; i += 1) failures.ended(cut, 'cache1:6379');
  for (let i = 0; i < 3; i += 1) end();
  assert.throws(
    end,
    (error) => isMillraceError(error, 'REDIS_REPLICATION_CUT_OFF') && /client-output-buffer-limit/.test(error.hint),
  );
});
