import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { dumpFailure, mysqlFailure } from './mysql-failure.ts';

const context = { address: 'db:3306', user: 'u', what: 'SELECT 1' };
const failed = (errno: number, message = 'words'): MillraceError =>
  mysqlFailure(Object.assign(new Error(message), { errno }), context);

test('a server that is full, locked or stopping is busy and asked again; what it refuses otherwise is not', () => {
  const busy = failed(1040, 'Too many connections');
  assert.ok(isMillraceError(busy, 'MYSQL_SERVER_BUSY') && busy.retryable);
  const refused = failed(1064, 'You have an error in your SQL syntax');
  assert.ok(isMillraceError(refused, 'MYSQL_SERVER_REFUSED') && !refused.retryable);
  assert.equal(refused.details.number, 1064);
});

test('what a dump is refused for is told by the words of the one number there is', () => {
  const dumped = (message: string): unknown =>
    dumpFailure(new MillraceError('MYSQL_SERVER_ERROR', { code: 1236, state: 'HY000', message }), {
      address: 'db:3306',
      user: 'u',
      start: { by: 'file', file: 'b.1', offset: 4 },
      identity: { serverId: 7 },
    });
  const large = 'log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source';
  assert.ok(isMillraceError(dumped(large), 'MYSQL_PACKET_TOO_LARGE'));
  assert.ok(
    isMillraceError(dumped('Could not find first log file name in binary log index file'), 'MYSQL_BINLOG_PURGED'),
  );
  assert.ok(isMillraceError(dumped('something new'), 'MYSQL_SERVER_REFUSED'));
  const other = new Error('not a server error');
  assert.equal(dumpFailure(other, { ...context, start: { by: 'gtid', gtids: '' }, identity: { serverId: 1 } }), other);
});
