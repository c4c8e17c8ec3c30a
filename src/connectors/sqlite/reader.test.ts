import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Context } from '../../core/connector.ts';
import { position } from '../../core/position.ts';
import type { Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { readerContract } from '../../testing/reader-contract.ts';
import { origin } from '../../testing/sample-origin.ts';
import { bigint, bigintUnsigned, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { SqliteReader } from './reader.ts';
import { openSqliteSink } from './sink.ts';

const context: Context = {
  pipeline: 'test',
  clock: new FakeClock(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};
const never = new AbortController().signal;

const tables = {
  keyed: table('keyed', [column('id', bigint), column('name', varchar)], [0]),
  pairs: table('pairs', [column('a', int), column('b', varchar), column('note', varchar)], [0, 1]),
  bag: table('bag', [column('word', varchar)], []),
} as const;

/** A mirror that a sink writes, as a pipeline does. */
const openMirror = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-reader-'));
  const path = join(folder, 'mirror.db');
  const sink = openSqliteSink(path, context);
  await sink.claim('log');
  let step = 0;
  const write = async (of: Table, rows: readonly Row[]): Promise<void> => {
    step += 1;
    const images = new ArrayRowImages(of, { before: null, after: rows });
    await sink.write(
      {
        changes: [{ kind: 'rows', op: 'create', table: of, rows: images, origin }],
        positions: new Map([['log', position(`place ${step}`)]]),
        version: String(step).padStart(9, '0'),
      },
      never,
    );
  };
  return {
    path,
    write,
    [Symbol.asyncDispose]: async () => {
      await sink[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
};

readerContract('sqlite', async () => {
  const mirror = await openMirror();
  for (const each of Object.values(tables)) await mirror.write(each, []);
  return {
    database: 'shop',
    open: async () => new SqliteReader({ path: mirror.path, pipeline: 'test' }),
    insert: (name, rows) => mirror.write(tables[name], rows),
    [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
  };
});

test('numbers that SQLite keeps as text come back as the numbers they were', async () => {
  await using mirror = await openMirror();
  const wide = table('wide', [column('id', bigintUnsigned), column('v', bigint)], [0]);
  const rows: Row[] = [
    [18446744073709551615n, -9223372036854775808n],
    [7, 9007199254740991],
  ];
  await mirror.write(wide, rows);
  await using reader = new SqliteReader({ path: mirror.path, pipeline: null });
  const described = (await reader.describe('shop', 'wide'))!;
  assert.deepEqual(await reader.lookup(described, [[7], [18446744073709551615n]]), rows.toReversed());
  assert.deepEqual(await reader.order(described), ['text of integer']);
});

test('says what each pipeline holds, and nothing of others', async () => {
  await using mirror = await openMirror();
  await mirror.write(tables.bag, []);
  for (const [pipeline, held] of [
    ['test', ['place 1']],
    ['other', []],
    [null, ['place 1']],
  ] as const) {
    await using reader = new SqliteReader({ path: mirror.path, pipeline });
    assert.deepEqual(await reader.held('log'), held);
    assert.deepEqual(await reader.held('schema'), []);
  }
});

test('a table that is dropped while it is read is an error, not empty', async () => {
  await using mirror = await openMirror();
  await mirror.write(tables.keyed, [[1, 'a']]);
  await using reader = new SqliteReader({ path: mirror.path, pipeline: null });
  const gone = table('gone', [column('id', bigint)], [0]);
  await assert.rejects(reader.page(gone, { after: null, upTo: null }, 10), {
    code: 'READER_TABLE_GONE',
    details: { system: mirror.path, table: 'shop.gone' },
  });
});

test('a file that is not there or no mirror is an error, or holds no table', async () => {
  await using mirror = await openMirror();
  await using missing = new SqliteReader({ path: `${mirror.path}.none`, pipeline: null });
  await assert.rejects(missing.tables(), { code: 'SQLITE_CANNOT_OPEN' });
});
