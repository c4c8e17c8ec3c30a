import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key, Reader } from '../core/reader.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';

/**
 * One system with three tables that only this harness writes: `keyed` (id BIGINT key, name), `pairs` (a, b: a key of both; note) and
 * `bag` (word, no key).
 */
export interface ReaderHarness extends AsyncDisposable {
  /** The database that the tables are in. */
  readonly database: string;
  open(): Promise<Reader>;
  /** Adds rows of values in the order of the columns. */
  insert(table: 'keyed' | 'pairs' | 'bag', rows: readonly Row[]): Promise<void>;
}

export interface ReaderContractCase {
  readonly name: string;
  run(harness: ReaderHarness): Promise<void>;
}

/** Registers every rule of the reader's contract as a test against a fresh system each. */
export const readerContract = (name: string, makeHarness: () => Promise<ReaderHarness>): void => {
  for (const { name: rule, run } of readerCases) {
    test(`${name}: ${rule}`, async () => {
      await using harness = await makeHarness();
      await run(harness);
    });
  }
};

const never = new AbortController().signal;
const everything = { after: null, upTo: null };

const described = async (reader: Reader, { database }: ReaderHarness, name: string): Promise<Table> => {
  const table = await reader.describe(database, name);
  assert.ok(table !== null, `there is a table ${name}`);
  return table;
};

/** Walks a table page by page, as far as the reader says that there is more. */
const walk = async (reader: Reader, table: Table, limit: number, upTo: Key | null = null): Promise<Row[]> => {
  const rows: Row[] = [];
  let after: Key | null = null;
  for (;;) {
    const page = await reader.page(table, { after, upTo }, limit, never);
    assert.ok(page.rows.length <= limit);
    rows.push(...page.rows);
    if (page.last) return rows;
    after = table.primaryKey.map((column) => page.rows.at(-1)![column] ?? null);
  }
};

const scanned = async (reader: Reader, table: Table): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const piece of reader.scan(table, never)) rows.push(...piece);
  return rows;
};

const numbered = (count: number): Row[] => Array.from({ length: count }, (_, i) => [i * 7 - 20, `name ${i}`]);

const readerCases: readonly ReaderContractCase[] = [
  {
    name: 'describes tables, and says null of one that is not there',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('pairs', [[1, 'x', null]]);
      const table = await described(reader, harness, 'pairs');
      assert.deepEqual(
        table.columns.map(({ name }) => name),
        ['a', 'b', 'note'],
      );
      assert.deepEqual(table.primaryKey, [0, 1]);
      assert.equal(await reader.describe(harness.database, 'nothing'), null);
      assert.equal(await reader.describe('nowhere', 'nothing'), null);
    },
  },
  {
    name: 'walks every row once in key order, however long its pages are',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('keyed', numbered(100));
      const table = await described(reader, harness, 'keyed');
      for (const limit of [1, 7, 50, 100, 1_000]) assert.deepEqual(await walk(reader, table, limit), numbered(100));
    },
  },
  {
    name: 'walks a key of two parts, and ends a range where it is told to',
    async run(harness) {
      const rows = [1, 2, 3].flatMap((a) => ['k', 'm', 'p'].map((b): Row => [a, b, `${a}${b}`]));
      await using reader = await harness.open();
      await harness.insert('pairs', rows);
      const table = await described(reader, harness, 'pairs');
      assert.deepEqual(await walk(reader, table, 2), rows);
      assert.deepEqual(await walk(reader, table, 2, [2, 'm']), rows.slice(0, 5));
      const { rows: found, last } = await reader.page(table, { after: [1, 'p'], upTo: [2, 'k'] }, 9, never);
      assert.deepEqual({ found, last }, { found: [rows[3]!], last: true });
    },
  },
  {
    name: 'finds rows by key in the order asked, and nothing by a key that only looks alike',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('pairs', [
        [1, 'a', 'first'],
        [2, 'b', null],
      ]);
      const table = await described(reader, harness, 'pairs');
      const keys: Key[] = [
        [2, 'b'],
        [1, 'A'],
        [9, 'a'],
        [1, 'a'],
        [2, 'b'],
      ];
      assert.deepEqual(await reader.lookup(table, keys, never), [
        [2, 'b', null],
        null,
        null,
        [1, 'a', 'first'],
        [2, 'b', null],
      ]);
      assert.deepEqual(await reader.lookup(table, [], never), []);
    },
  },
  {
    name: 'has no order for a table without a key, but all of its rows',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('bag', [['b'], ['a'], ['b'], [null]]);
      const bag = await described(reader, harness, 'bag');
      assert.equal(await reader.order(bag), null);
      assert.deepEqual((await scanned(reader, bag)).map(String).toSorted(), ['', 'a', 'b', 'b']);
      const keyed = await described(reader, harness, 'keyed');
      assert.deepEqual(await reader.order(keyed), ['number']);
    },
  },
  {
    name: 'reads an empty table as nothing',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('keyed', [[1, 'x']]);
      const pairs = await described(reader, harness, 'pairs');
      const { rows, last } = await reader.page(pairs, everything, 10, never);
      assert.deepEqual({ rows, last }, { rows: [], last: true });
      assert.deepEqual(await scanned(reader, pairs), []);
    },
  },
  {
    name: 'sees what was written since its last call',
    async run(harness) {
      await using reader = await harness.open();
      await harness.insert('keyed', [[1, 'x']]);
      const table = await described(reader, harness, 'keyed');
      assert.equal((await reader.page(table, everything, 10, never)).rows.length, 1);
      await harness.insert('keyed', [[2, 'y']]);
      assert.equal((await reader.page(table, everything, 10, never)).rows.length, 2);
      assert.deepEqual(await reader.lookup(table, [[2]], never), [[2, 'y']]);
    },
  },
  {
    name: 'cuts pages short rather than holding huge rows in memory at once',
    async run(harness) {
      await using reader = await harness.open();
      const rows = Array.from({ length: 12 }, (_, i): Row => [i, 'x'.repeat(1_500_000)]);
      await harness.insert('keyed', rows);
      const table = await described(reader, harness, 'keyed');
      // The size of rows is known from those that came before.
      await reader.page(table, everything, 2, never);
      const page = await reader.page(table, everything, 12, never);
      assert.ok(page.rows.length >= 1 && page.rows.length < 12 && !page.last);
      assert.equal((await walk(reader, table, 12)).length, 12);
    },
  },
  {
    name: 'repairs rows by statements that may run twice',
    async run(harness) {
      await using reader = await harness.open();
      const { repairs } = reader;
      if (repairs === undefined) return;
      await harness.insert('pairs', [
        [1, 'a', 'wrong'],
        [1, 'b', 'extra'],
        [2, 'a', 'right'],
      ]);
      const table = await described(reader, harness, 'pairs');
      const texts = await repairs.statements(table, [
        { key: [1, 'a'], row: [1, 'a', "ri'ght\\ \n"] },
        { key: [1, 'b'], row: null },
        { key: [3, "c'"], row: [3, "c'", null] },
      ]);
      for (let again = 0; again < 2; again += 1) {
        await repairs.apply(texts, never);
        assert.deepEqual(await walk(reader, table, 10), [
          [1, 'a', "ri'ght\\ \n"],
          [2, 'a', 'right'],
          [3, "c'", null],
        ]);
      }
    },
  },
  {
    name: 'goes on after it was closed in the middle of a scan',
    async run(harness) {
      await harness.insert('keyed', numbered(3_000));
      await using reader = await harness.open();
      const table = await described(reader, harness, 'keyed');
      const stop = new AbortController();
      await assert.rejects(async () => {
        for await (const _ of reader.scan(table, stop.signal)) stop.abort();
        // One that ends in one piece has nothing left to be stopped in.
        stop.signal.throwIfAborted();
      });
      assert.equal((await reader.lookup(table, [[-20]], never))[0]?.[1], 'name 0');
    },
  },
];
