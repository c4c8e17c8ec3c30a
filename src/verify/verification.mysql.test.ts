import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Reader } from '../core/reader.ts';
import { columnPatterns } from '../core/table-pattern.ts';
import { projectColumns } from '../operators/project-columns.ts';
import { routeTables } from '../operators/route-tables.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MirroredShop, openMysqlReader } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { ProgressFile } from './progress-state.ts';
import type { TableResult } from './table-result.ts';
import { Verification, type VerificationOptions } from './verification.ts';

const never = new AbortController().signal;

type Overrides = Partial<VerificationOptions>;

const verify = async (
  sides: { readonly source: Reader; readonly target: Reader },
  overrides: Overrides = {},
): Promise<readonly TableResult[]> => {
  const { source, target } = sides;
  const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 100, pauseMs: 20 };
  return await new Verification({ ...options, waitMs: 20_000, ...overrides }).run(never);
};

/** `table: status match/mismatched/missing/extra/unsettled`, and the keys that differ. */
const told = (results: readonly TableResult[]): readonly string[] =>
  results.map(({ table, status, method, counts, differences }) => {
    const { rows, mismatched, missing, extra, unsettled } = counts;
    const keys = differences.map(
      ({ verdict, key, count }) => ` ${verdict} ${String(key)}${count > 1 ? ` x${count}` : ''}`,
    );
    return `${table.split('.')[1]} ${method} ${status} ${[rows, mismatched, missing, extra, unsettled].join('/')}${keys.toSorted().join('')}`;
  });

const rowsOf = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');

/** Changes rows of `orders` as fast as it can: new ones, ones that go, and a few that are never at rest, some between two values. */
const disturb = async (rig: MysqlRig): Promise<AsyncDisposable & { readonly made: () => number }> => {
  const writer = await MysqlRig.open(rig.server, { database: rig.database });
  const stop = new AbortController();
  let made = 0;
  const running = (async () => {
    for (; !stop.signal.aborted; made += 1) {
      await writer.run(
        `UPDATE orders SET total = total + 1, note = 'n${made}' WHERE id IN (${made % 900}, 7, ${(made * 7) % 900})`,
      );
      await writer.run(`UPDATE orders SET note = IF(note = 'on', 'off', 'on') WHERE id = 500`);
      await writer.run(`INSERT INTO orders VALUES (${10_000 + made}, ${made}, 'new')`);
      if (made > 5) await writer.run(`DELETE FROM orders WHERE id = ${10_000 + made - 5}`);
      await writer.run(`UPDATE tags SET n = n + 1 WHERE tag = 'Tag ${made % 50}'`);
    }
  })();
  return {
    made: () => made,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await writer.disconnect();
    },
  };
};

const shopTables = [
  'CREATE TABLE orders (id BIGINT PRIMARY KEY, total DECIMAL(10, 2), note VARCHAR(40)) CHARSET utf8mb4',
  `INSERT INTO orders VALUES ${rowsOf(1_000, (i) => `${i}, ${i}.5, 'note ${i}'`)}`,
  'CREATE TABLE tags (tag VARCHAR(30), n INT, PRIMARY KEY (tag)) CHARSET utf8mb4',
  `INSERT INTO tags VALUES ${rowsOf(250, (i) => `'${i % 2 ? 'Tag' : 'tAG'} ${i}', ${i}`)}`,
  'CREATE TABLE bag (word VARCHAR(20), n INT)',
  `INSERT INTO bag VALUES ${rowsOf(200, (i) => `'word ${i % 50}', ${i % 10}`)}, (NULL, NULL), (NULL, NULL)`,
  'CREATE TABLE wide (id BIGINT UNSIGNED, part SMALLINT, v BLOB, f FLOAT, PRIMARY KEY (part, id))',
  `INSERT INTO wide VALUES (18446744073709551615, 2, x'00ff27', 1.1), (3, 1, NULL, -0.0), (20, 1, '', NULL)`,
  'CREATE TABLE hollow (id INT PRIMARY KEY)',
];

for (const server of testServers()) {
  test(`${server.name}: a mirror is equal while rows change, and every planted difference is found and repaired`, async () => {
    await using shop = await MirroredShop.open(server, shopTables);
    {
      await using load = await disturb(shop.rig);
      const results = await verify(shop);
      assert.deepEqual(
        results.map(({ table, status, method }) => `${table.split('.')[1]} ${method} ${status}`),
        ['bag bags equal', 'hollow rows equal', 'orders rows equal', 'tags lookups equal', 'wide lookups equal'],
        told(results).join('\n'),
      );
      shop.tamper(
        `UPDATE "{db}.orders" SET note = 'tampered' WHERE id = 901`,
        `DELETE FROM "{db}.orders" WHERE id IN (902, 903)`,
        `INSERT INTO "{db}.orders" VALUES (-4, '0.00', NULL), (5000, '0.00', 'x')`,
        `UPDATE "{db}.tags" SET n = 99 WHERE tag = 'tAG 100'`,
        `INSERT INTO "{db}.tags" VALUES ('TAG 100', 1)`,
        `DELETE FROM "{db}.bag" WHERE rowid IN (SELECT rowid FROM "{db}.bag" WHERE word IS NULL LIMIT 1)`,
        `INSERT INTO "{db}.bag" VALUES ('word 3', 3)`,
        `UPDATE "{db}.wide" SET v = x'00ff28' WHERE part = 2`,
        `INSERT INTO "{db}.hollow" VALUES (1)`,
      );
      const fixes: string[] = [];
      const found = await verify(shop, { onFix: (_, statements) => fixes.push(...statements) });
      const expected = [
        'bag bags different 202/0/1/1/0 extra word 3,3 missing ,',
        'hollow rows different 0/0/0/1/0 extra 1',
        'orders rows different N/1/2/2/0 extra -4 extra 5000 mismatched 901 missing 902 missing 903',
        'tags lookups different 250/1/0/1/0 extra TAG 100 mismatched tAG 100',
        'wide lookups different 3/1/0/0/0 mismatched 2,18446744073709551615',
      ];
      const rowsLeftOut = (text: string): string => text.replace(/^(orders \w+ \w+) \d+/, '$1 N');
      assert.deepEqual(told(found).map(rowsLeftOut), expected);
      assert.equal(fixes.length, 9);

      const others = (table: { readonly name: string }): boolean => table.name !== 'bag';
      const repaired = await verify(shop, { repair: true, only: others });
      assert.deepEqual(
        repaired.map(({ status, repaired: rows }) => `${status} ${rows}`),
        ['equal 1', 'equal 5', 'equal 2', 'equal 1'],
      );
      assert.ok(load.made() > 10);
    }
    const last = await verify(shop);
    assert.deepEqual(
      last.map(({ status }) => status),
      ['different', 'equal', 'equal', 'equal', 'equal'],
    );
  });
}

const [server] = testServers();

test('rows that pass through projections and routes are compared as the sink should hold them', {
  skip: server === undefined,
}, async () => {
  const rig = await MysqlRig.open(server!);
  const name = rig.database;
  await rig[Symbol.asyncDispose]();
  const matching = (column: string) => columnPatterns([`\\.*.people.${column}`]);
  const operators = [
    projectColumns({
      drop: matching('secret'),
      hash: matching('mail'),
      salt: 'salt',
      mask: matching('phone'),
      maskText: null,
    }),
    routeTables([
      {
        matches: (_, table) => table === 'people',
        rename: () => ({ database: 'archive', name: 'persons' }),
        merges: false,
      },
    ]),
  ];
  assert.ok(name.length > 0);
  await using shop = await MirroredShop.open(
    server!,
    [
      'CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(40), phone VARCHAR(20), secret INT)',
      `INSERT INTO people VALUES ${rowsOf(300, (i) => `${i}, 'm${i}@example.org', '0${i}', ${i}`)}`,
    ],
    operators,
  );
  const steps = operators;
  assert.deepEqual(told(await verify(shop, { steps })), ['people rows equal 300/0/0/0/0']);
  shop.tamper(`UPDATE "archive.persons" SET mail = 'x' WHERE id = 3`, `DELETE FROM "archive.persons" WHERE id = 4`);
  assert.deepEqual(told(await verify(shop, { steps })), ['people rows different 300/1/1/0/0 mismatched 3 missing 4']);
  const [result] = await verify(shop, { steps, repair: true });
  assert.deepEqual([result!.status, result!.repaired], ['equal', 2]);
});

test('a table that the sink lacks, one that is left over and one that is dropped meanwhile are said to be so', {
  skip: server === undefined,
}, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE kept (id INT PRIMARY KEY)',
    'CREATE TABLE lacking (id INT PRIMARY KEY, v INT)',
    `INSERT INTO lacking VALUES ${rowsOf(500, (i) => `${i}, ${i}`)}`,
  ]);
  shop.tamper(
    'DROP TABLE "{db}.lacking"',
    `DELETE FROM millrace_table WHERE name = 'lacking'`,
    `INSERT INTO millrace_table (database, name, mirror, definition) SELECT database, 'old', 'old', definition FROM millrace_table WHERE name = 'kept'`,
  );
  assert.deepEqual(told(await verify(shop)), [
    'kept rows equal 0/0/0/0/0',
    'lacking null absent 0/0/0/0/0',
    'old null left-over 0/0/0/0/0',
  ]);
});

test('a comparison goes on when the server ends its connections, and a dropped table does not end it', {
  skip: server === undefined,
}, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE a (id INT PRIMARY KEY, v INT)',
    `INSERT INTO a VALUES ${rowsOf(2_000, (i) => `${i}, ${i}`)}`,
    'CREATE TABLE b LIKE a',
    'INSERT INTO b SELECT * FROM a',
  ]);
  let calls = 0;
  const page = shop.source.page.bind(shop.source);
  shop.source.page = async (table, range, limit, signal) => {
    calls += 1;
    if (calls === 5) {
      const own = await shop.rig.query(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND ID <> CONNECTION_ID()",
      );
      for (const [id] of own) await shop.rig.run(`KILL ${id}`).catch(() => {});
    }
    if (table.name === 'b' && range.after !== null) await shop.rig.run('DROP TABLE IF EXISTS b');
    return await page(table, range, limit, signal);
  };
  assert.deepEqual(told(await verify(shop)), ['a rows equal 2000/0/0/0/0', 'b null gone 0/0/0/0/0']);
});

test('a comparison that was stopped goes on where it was, with what it had found', {
  skip: server === undefined,
}, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE a (id BIGINT UNSIGNED PRIMARY KEY, v INT)',
    `INSERT INTO a VALUES ${rowsOf(2_000, (i) => `${i}, ${i}`)}, (18446744073709551615, 1)`,
  ]);
  shop.tamper(`UPDATE "{db}.a" SET v = -1 WHERE id IN ('5', '18446744073709551615')`);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-verify-'));
  try {
    const progress = new ProgressFile(join(folder, 'state.json'));
    const stop = new AbortController();
    let read = 0;
    const page = shop.source.page.bind(shop.source);
    shop.source.page = async (table, range, limit, signal) => {
      const found = await page(table, range, limit, signal);
      read += found.rows.length;
      if (read === 1_000) stop.abort();
      return found;
    };
    let seconds = 0;
    // A state a second: every look at the clock is one later.
    const clock = { ...systemClock, monotonic: () => (seconds += 1_001) };
    const options = { ...shop, steps: [], clock, log: silent, chunkRows: 100, progress, waitMs: 1e9 };
    await assert.rejects(new Verification({ ...options, source: shop.source, target: shop.target }).run(stop.signal));
    read = 5_000;
    const results = await new Verification({ ...options, source: shop.source, target: shop.target }).run(never);
    assert.deepEqual(told(results), ['a lookups different 2001/2/0/0/0 mismatched 18446744073709551615 mismatched 5']);
    assert.ok(read < 5_000 + 1_500, `${read - 5_000} rows were read again`);
    assert.equal(progress.read(`${shop.source.name} -> ${shop.target.name}`), null);
    progress.write({ job: 'another', done: [], tables: {} });
    await assert.rejects(verify(shop, { progress }), { code: 'VERIFY_STATE_UNREADABLE' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A copy of a table on another server, in a database of another name. */
const copied = async (from: MysqlRig, to: MysqlRig) => ({
  source: openMysqlReader(from),
  target: openMysqlReader(to),
  steps: [
    routeTables([
      {
        matches: (database) => database === from.database,
        rename: ({ name }) => ({ database: to.database, name }),
        merges: false,
      },
    ]),
  ],
});

const [one, ...others] = testServers();
for (const other of others) {
  test(`${one!.name} and ${other.name} are compared by checksums of their own, and repaired`, async () => {
    await using from = await MysqlRig.open(one!);
    await using to = await MysqlRig.open(other);
    const columns =
      "a INT, b VARCHAR(20) COLLATE utf8mb4_bin, d DECIMAL(9, 2), f FLOAT, g DOUBLE, e ENUM('x', 'y'), j JSON, t TIMESTAMP(2) NULL, c BLOB, PRIMARY KEY (a, b)";
    const values = (i: number): string =>
      `${i % 7}, 'k${i}', ${i}.25, ${i} / 3e0, ${i} / 7e30, 'y', '{"k": [${i}, "ä"]}', '2024-01-01 00:00:00.${10 + (i % 90)}', x'00${(16 + (i % 90)).toString(16)}'`;
    for (const rig of [from, to]) {
      await rig.run(
        `CREATE TABLE t (${columns}) CHARSET utf8mb4`,
        `INSERT INTO t VALUES ${rowsOf(1_000, values)}`,
        'CREATE TABLE k (name VARCHAR(20) CHARACTER SET utf8mb4 PRIMARY KEY, v INT)',
        `INSERT INTO k VALUES ${rowsOf(300, (i) => `'${i % 2 ? 'n' : 'N'}_${i}', ${i}`)}`,
        'CREATE TABLE bag (v DOUBLE, w TEXT)',
        `INSERT INTO bag VALUES ${rowsOf(500, (i) => `${i % 20} / 7e0, 'w${i % 3}'`)}`,
      );
    }
    const sides = await copied(from, to);
    await using source = sides.source;
    await using target = sides.target;
    const { steps } = sides;
    const equal = await verify({ source, target }, { steps });
    // JSON is text on MariaDB, and its servers' default collation is another one.
    assert.deepEqual(told(equal), [
      'bag bags equal 500/0/0/0/0',
      'k lookups equal 300/0/0/0/0',
      't checksums equal 1000/0/0/0/0',
    ]);
    await from.run(
      'ALTER TABLE t DROP COLUMN j; ALTER TABLE k CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
    );
    await to.run('ALTER TABLE k CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci');
    await to.run(
      "UPDATE t SET f = f + 1 WHERE b = 'k700'",
      "DELETE FROM t WHERE b IN ('k3', 'k4')",
      "INSERT INTO t (a, b) VALUES (99, 'extra'), (-99, 'extra')",
      "UPDATE k SET v = NULL WHERE name = 'n_7'",
      'DELETE FROM bag LIMIT 1',
    );
    const keyed = { steps, only: ({ name }: { readonly name: string }) => name !== 'bag' };
    const found = told(await verify({ source, target }, keyed));
    const suffix = other.flavor === 'mysql' ? 'checksums' : 'lookups';
    assert.match(found[0]!, new RegExp(`^k (${suffix}|checksums) different 300/1/0/0/0 mismatched n_7$`));
    assert.equal(
      found[1],
      't checksums different 1000/1/2/2/0 extra -99,extra extra 99,extra mismatched 0,k700 missing 3,k3 missing 4,k4',
    );
    assert.deepEqual(
      (await verify({ source, target }, { ...keyed, repair: true })).map(
        ({ status, repaired }) => `${status} ${repaired}`,
      ),
      ['equal 1', 'equal 5'],
    );
    const [bag] = await verify({ source, target }, { steps, only: ({ name }) => name === 'bag' });
    assert.deepEqual([bag!.status, bag!.counts.missing, bag!.counts.extra], ['different', 1, 0]);
    await assert.rejects(verify({ source, target }, { steps, repair: true, only: ({ name }) => name === 'bag' }), {
      code: 'VERIFY_REPAIR_REFUSED',
    });
  });
}
