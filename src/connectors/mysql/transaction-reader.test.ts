import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import { encodeEvent } from '../../protocol/mysql/encode-event.ts';
import { eventFlag } from '../../protocol/mysql/event-frame.ts';
import { EventReader } from '../../protocol/mysql/event-reader.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import { LogOffset } from './log-offset.ts';
import { TableCatalogue } from './table-catalogue.ts';
import { TransactionReader } from './transaction-reader.ts';

const newReader = (): TransactionReader =>
  new TransactionReader({
    start: {
      flavor: 'mysql',
      server: 's',
      epoch: 0,
      file: 'binlog.000001',
      offset: 4,
      fileTime: 0,
      step: 0,
      gtids: null,
      prepared: [],
    },
    gtids: null,
    flavor: 'mysql',
    address: 'db:3306',
    hasGtids: false,
    catalogue: new TableCatalogue({
      captures: () => true,
      watermarkTable: null,
      collations: builtinCollations('mysql'),
      schema: emptySchema({ flavor: 'mysql' }),
      assumed: null,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    }),
    partBytes: 1_000,
    skip: null,
  });

const frameOf = (type: number, body: Buffer, flags = 0, logPos = 0) => {
  const bytes = encodeEvent({ type, timestamp: 1, serverId: 1, logPos, flags }, body, 'none');
  return new EventReader('none').read(bytes, 0, bytes.length);
};

test('I-34: an incident stops the stream at its place, and says what the server said', () => {
  const message = Buffer.from('The server lost events');
  const body = Buffer.concat([Buffer.from([1, 0, message.length]), message]);
  assert.throws(
    () => newReader().event(frameOf(eventType.INCIDENT, body)),
    (error) => {
      assert.ok(isMillraceError(error, 'MYSQL_INCIDENT') && !error.retryable);
      assert.deepEqual(error.details, { file: 'binlog.000001', offset: 4, reason: 'The server lost events' });
      return true;
    },
  );
});

test('an unknown event stops the stream, unless the server marked it as safe to ignore', () => {
  const reader = newReader();
  assert.throws(
    () => reader.event(frameOf(199, Buffer.alloc(4))),
    (error) => isMillraceError(error, 'BINLOG_UNKNOWN_EVENT'),
  );
  reader.event(frameOf(199, Buffer.alloc(4), eventFlag.IGNORABLE));
});

test('rows without a transaction or a table map are damage', () => {
  const rows = frameOf(eventType.WRITE_ROWS, Buffer.alloc(20));
  assert.throws(
    () => newReader().event(rows),
    (error) => isMillraceError(error, 'MYSQL_UNEXPECTED_EVENT'),
  );
});

test('offsets go on beyond 4 GiB, where headers start again at 0', () => {
  const log = new LogOffset('binlog.000001', 0xffff_ffff - 10);
  const size = 23;
  const wrapped = (0xffff_ffff - 10 + size) % 2 ** 32;
  assert.equal(log.advance(frameOf(eventType.XID, Buffer.alloc(4), 0, wrapped)), 0xffff_ffff - 10);
  assert.equal(log.next, 0xffff_ffff - 10 + size);
  // The server skipped some events: the next one ends further on.
  log.advance(frameOf(eventType.XID, Buffer.alloc(4), 0, wrapped + 500));
  assert.equal(log.next, 2 ** 32 + wrapped + 500);
});
