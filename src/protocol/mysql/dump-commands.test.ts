import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBinlogDump } from './dump-commands.ts';

test('a dump by file and position goes to 4 GiB and no further', () => {
  const dump = { file: 'binlog.000001', flags: 0, serverId: 7 };
  assert.equal(encodeBinlogDump({ ...dump, position: 0xffff_ffff }).readUInt32LE(1), 0xffff_ffff);
  assert.throws(() => encodeBinlogDump({ ...dump, position: 0x1_0000_0000 }), { code: 'BINLOG_POSITION_TOO_FAR' });
});
