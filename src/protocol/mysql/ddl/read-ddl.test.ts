import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyDdl } from './apply-ddl.ts';
import { ddlCorpus } from './ddl-corpus.ts';
import type { DdlEffect } from './effect.ts';
import { readDdl } from './read-ddl.ts';
import { emptySchema, findTable, type Schema } from './schema.ts';

const read = (sql: string, sqlMode: string | number = '', flavor: 'mysql' | 'mariadb' = 'mysql') =>
  readDdl(sql, { flavor, database: 'shop', sqlMode });

const apply = (schema: Schema, ...statements: readonly string[]) =>
  statements.flatMap((sql) => read(sql)).reduce((current, effect) => applyDdl(current, effect).schema, schema);

const columns = (schema: Schema, name: string, database = 'shop') =>
  findTable(schema, { database, name })?.table.columns.map((column) => `${column.name} ${column.declaration}`);

const start = emptySchema({ flavor: 'mysql' });

test('reads the names of the tables that a statement changes, with the default database filled in', () => {
  const names = (sql: string) => read(sql).map((effect) => JSON.stringify('table' in effect ? effect.table : effect));
  assert.deepEqual(names('drop table if exists a, `b c`.`d``e`, .f'), [
    '{"database":"shop","name":"a"}',
    '{"database":"b c","name":"d`e"}',
    '{"database":"shop","name":"f"}',
  ]);
  assert.deepEqual(read('RENAME TABLE a TO b, x.c TO `y`.d'), [
    { kind: 'rename-table', from: { database: 'shop', name: 'a' }, to: { database: 'shop', name: 'b' } },
    { kind: 'rename-table', from: { database: 'x', name: 'c' }, to: { database: 'y', name: 'd' } },
  ]);
  assert.deepEqual(read('truncate /* all of */ table t'), [
    { kind: 'truncate-table', table: { database: 'shop', name: 't' } },
  ]);
});

test('finds nothing in statements that touch no table, though they speak of some (I-6)', () => {
  for (const sql of [
    'BEGIN',
    'COMMIT',
    "XA COMMIT X'6162',X'6364',1",
    'SAVEPOINT `a`',
    'FLUSH TABLES shop.orders',
    "GRANT ALTER ON shop.* TO 'drop table t'@'%'",
    "ALTER USER 'u'@'%' IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD",
    'CREATE ROLE alter_table',
    'CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW v AS SELECT * FROM t',
    "CREATE OR REPLACE VIEW v AS SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS jt",
    'CREATE DEFINER=`root`@`%` PROCEDURE p() BEGIN DROP TABLE t; END',
    'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @x = 1',
    'CREATE TEMPORARY TABLE t (a INT)',
    'DROP TEMPORARY TABLE IF EXISTS t',
    'CREATE INDEX i ON t (a)',
    'ALTER TABLESPACE ts ADD DATAFILE x',
    'ALTER INSTANCE ROTATE INNODB MASTER KEY',
    'RENAME USER a TO b',
    '# only a comment',
    '/* CREATE TABLE t (a INT) */',
    '',
  ]) {
    assert.deepEqual(read(sql), [], sql);
  }
});

test('says of a statement about a table that it cannot be read, and which table, instead of guessing', () => {
  for (const sql of [
    'ALTER TABLE orders ADD COLUMN x NEWTYPE(3)',
    'ALTER TABLE orders MODIFY a INT SOMETHING NEW',
    'CREATE TABLE orders (a INT',
    'CREATE TABLE orders (id INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE (id, p WITHOUT OVERLAPS))',
  ]) {
    const [effect] = read(sql);
    assert.equal(effect?.kind, 'unreadable', sql);
    assert.deepEqual((effect as Extract<DdlEffect, { kind: 'unreadable' }>).tables, [
      { database: 'shop', name: 'orders' },
    ]);
  }
  const outcome = applyDdl(apply(start, 'CREATE TABLE orders (a INT)'), read('ALTER TABLE orders ADD x NEWTYPE')[0]!);
  assert.equal(outcome.unresolved[0]?.table.name, 'orders');
  assert.equal(findTable(outcome.schema, { database: 'shop', name: 'orders' }), null);
});

test('runs executable comments as the server of that flavor would', () => {
  const create = 'CREATE TABLE t (a INT /*!80023 INVISIBLE */, b INT /*M!100301 UNSIGNED */, c INT /*! UNSIGNED */)';
  const shapes = (flavor: 'mysql' | 'mariadb') => {
    const outcome = applyDdl(emptySchema({ flavor }), read(create, '', flavor)[0]!);
    return outcome.changes[0]?.after?.columns.map(({ declaration, invisible }) => `${declaration} ${invisible}`);
  };
  assert.deepEqual(shapes('mysql'), ['int true', 'int false', 'int unsigned false']);
  assert.deepEqual(shapes('mariadb'), ['int(11) false', 'int(10) unsigned false', 'int(10) unsigned false']);
});

test('reads quotes and backslashes as the sql_mode has it, by name or by number', () => {
  const ansi = 'CREATE TABLE "t" ("a" INT)';
  assert.equal(read(ansi, 'ANSI_QUOTES')[0]?.kind, 'create-table');
  assert.equal(read(ansi, 4)[0]?.kind, 'create-table');
  assert.equal(read(ansi)[0]?.kind, 'unreadable');
  const backslash = "CREATE TABLE t (a INT COMMENT 'x\\', b INT)";
  assert.equal(read(backslash, 'NO_BACKSLASH_ESCAPES')[0]?.kind, 'create-table');
  assert.equal(read(backslash, 0x100000)[0]?.kind, 'create-table');
  assert.equal(read(backslash)[0]?.kind, 'unreadable');
});

test('keeps the table of each version apart through the cut-overs of online schema changes (I-7)', () => {
  const before = apply(
    start,
    'CREATE TABLE orders (id INT PRIMARY KEY, a INT)',
    'CREATE TABLE _orders_gho LIKE orders',
  );
  const swapped = apply(
    before,
    'ALTER TABLE _orders_gho CHANGE id order_id BIGINT NOT NULL, ADD COLUMN note VARCHAR(10) AFTER order_id',
    'RENAME TABLE orders TO _orders_del, _orders_gho TO orders',
  );
  assert.deepEqual(columns(swapped, 'orders'), ['order_id bigint', 'note varchar(10)', 'a int']);
  assert.deepEqual(findTable(swapped, { database: 'shop', name: 'orders' })?.table.primaryKey, [0]);
  assert.deepEqual(columns(swapped, '_orders_del'), ['id int', 'a int']);
  assert.deepEqual(columns(before, 'orders'), ['id int', 'a int']);
});

test('a reordered ENUM is another table version with the members in their new order (I-30)', () => {
  const before = apply(start, "CREATE TABLE t (e ENUM('a','b'))");
  const after = apply(before, "ALTER TABLE t MODIFY e ENUM('b','a','c')");
  const table = (schema: Schema) => findTable(schema, { database: 'shop', name: 't' })!.table;
  assert.deepEqual(table(after).columns[0]?.type, { kind: 'enum', values: ['b', 'a', 'c'], charset: 'utf8mb4' });
  assert.notEqual(table(after).id, table(before).id);
});

test('a table renamed or copied from one that is not followed is unresolved, and so is one made from a query', () => {
  for (const sql of [
    'RENAME TABLE unknown TO orders',
    'CREATE TABLE orders LIKE unknown',
    'ALTER TABLE unknown RENAME TO orders',
    'CREATE TABLE orders (a INT) SELECT 1 AS b',
    'CREATE TABLE orders AS (SELECT 1 AS b)',
    'CREATE TABLE orders (SELECT 1 AS b)',
  ]) {
    const outcome = applyDdl(start, read(sql)[0]!);
    assert.deepEqual(
      outcome.unresolved.map(({ table }) => table),
      [{ database: 'shop', name: 'orders' }],
      sql,
    );
  }
});

test('a change that does not touch the shape gives no new version', () => {
  const schema = apply(start, 'CREATE TABLE t (a INT)');
  for (const sql of ['ALTER TABLE t ADD KEY (a)', 'ALTER TABLE t ENGINE=InnoDB', 'ALTER TABLE t FORCE', 'TRUNCATE t']) {
    assert.deepEqual(applyDdl(schema, read(sql)[0]!).changes, [], sql);
  }
});

test('names fold to lower case where the server does', () => {
  const folding = emptySchema({ flavor: 'mysql', caseSensitive: false });
  const schema = apply(folding, 'CREATE TABLE Orders (a INT)', 'ALTER TABLE ORDERS ADD b INT');
  assert.deepEqual(columns(schema, 'orders', 'SHOP'), ['a int', 'b int']);
  assert.equal(columns(apply(start, 'CREATE TABLE Orders (a INT)'), 'orders'), undefined);
});

test('what the session says goes before what the server says, for one statement', () => {
  const { schema } = applyDdl(start, read('CREATE DATABASE other')[0]!, { charset: 'latin1', collation: 'latin1_bin' });
  assert.equal(schema.databases.get('other')?.charset, 'latin1');
  assert.equal(schema.server.charset, 'utf8mb4');
  const collations = new Map([['utf8mb4', 'utf8mb4_bin']]);
  const create = read('CREATE TABLE t (a CHAR(1) CHARACTER SET utf8mb4)')[0]!;
  const [change] = applyDdl(start, create, { defaultCollations: collations }).changes;
  assert.deepEqual(change?.after?.columns[0]?.type, {
    kind: 'text',
    fixed: true,
    maxBytes: 4,
    charset: 'utf8mb4',
    collation: 'utf8mb4_bin',
  });
});

test('a TIMESTAMP is NOT NULL unless it says NULL, where explicit_defaults_for_timestamp is off', () => {
  const create = read('CREATE TABLE t (a TIMESTAMP, b TIMESTAMP NULL, c DATETIME)')[0]!;
  const nullable = (explicitTimestampDefaults: boolean) =>
    applyDdl(start, create, { explicitTimestampDefaults }).changes[0]?.after?.columns.map((column) => column.nullable);
  assert.deepEqual(nullable(true), [true, true, true]);
  assert.deepEqual(nullable(false), [false, true, true]);
});

test('never throws on any text, made of tokens or cut and mixed from real statements', () => {
  const words = fc.constantFrom(
    ...'CREATE ALTER DROP TABLE TEMPORARY IF NOT EXISTS ADD COLUMN MODIFY CHANGE RENAME TO FIRST AFTER PRIMARY UNIQUE KEY INDEX CONSTRAINT CHECK REFERENCES DEFAULT NULL COMMENT CHARACTER SET COLLATE GENERATED ALWAYS AS ENUM VARCHAR INT DECIMAL SERIAL NATIONAL LONG PARTITION BY LIKE SELECT DATABASE CONVERT PERIOD FOR ON TRUNCATE'.split(
      ' ',
    ),
    ...[
      '(',
      ')',
      ',',
      '.',
      ';',
      "'",
      '"',
      '`',
      '/*!',
      '/*M!100000',
      '/*',
      '*/',
      '--',
      '#',
      '\\',
      '=',
      '-1',
      '1.5e',
      "x'6",
      "DEFAULT x'zz'",
      'BINARY(9999999999) DEFAULT 5',
      '0x',
      '@',
      '\0',
    ],
    ...['t', 'a', '`b`', "'c'", '10', '\n', 'é'],
  );
  const mixed = fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' '));
  const cut = fc
    .tuple(fc.constantFrom(...ddlCorpus), fc.nat(400), fc.nat(400), fc.constantFrom('', '(', ')', "'", '`', '/*', ','))
    .map(([{ sql }, from, to, between]) => sql.slice(0, from) + between + sql.slice(to));
  const modes = fc.constantFrom('', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'REAL_AS_FLOAT,ANSI');
  const schema = apply(start, 'CREATE TABLE t (a INT, b VARCHAR(10), PRIMARY KEY (a), UNIQUE (b))');
  fc.assert(
    fc.property(
      fc.oneof(mixed, cut, fc.string({ unit: 'binary', maxLength: 200 })),
      modes,
      fc.constantFrom('mysql' as const, 'mariadb' as const),
      (sql, sqlMode, flavor) => {
        const effects = readDdl(sql, { flavor, database: 'shop', sqlMode });
        effects.reduce((current, effect) => applyDdl(current, effect).schema, schema);
      },
    ),
    { numRuns: 4_000 },
  );
});

test('takes time linear in the statement: a megabyte of anything is read in well under a second', () => {
  const size = 1_000_000;
  for (const sql of [
    `CREATE TABLE t (${'('.repeat(size)}`,
    `CREATE TABLE t (a INT DEFAULT ${'('.repeat(size / 2)}${')'.repeat(size / 2)})`,
    `CREATE TABLE t (a ENUM('${"''".repeat(size / 2)}'))`,
    `CREATE TABLE t (${Array.from({ length: 40_000 }, (_, i) => `column_${i} INT`).join()})`,
    `ALTER TABLE t ${'/*!'.repeat(size / 3)}`,
    `ALTER TABLE t ${'/*!99999 /*'.repeat(size / 11)}`,
    `CREATE TABLE t (a INT COMMENT ${"'x' ".repeat(size / 4)})`,
    `INSERT INTO t VALUES ${'(1),'.repeat(size / 4)}`,
    `ALTER TABLE t ${'ADD x INT FIRST, '.repeat(size / 17)}`,
    `DROP TABLE ${'t,'.repeat(size / 2)}`,
  ]) {
    const started = performance.now();
    read(sql);
    read(sql, '', 'mariadb');
    assert.ok(performance.now() - started < 20_000, `${sql.slice(0, 40)} took ${performance.now() - started} ms`);
  }
});
