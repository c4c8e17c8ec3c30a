import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowImages } from '../../../core/row-images.ts';
import type { Column } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { benchOf, database } from '../../../testing/value-bench.ts';
import { integers, numbers, temporals, typedTable } from '../../../testing/value-samples.ts';
import { writtenRow } from '../../../testing/written-row.ts';
import { rowReader } from './binlog-row-images.ts';
import { builtinCollations } from './collations.ts';
import { tableFromMap } from './table-definition.ts';

for (const server of testServers()) {
  const on = `on ${server.name}`;
  const isMysql = server.flavor === 'mysql';

  test(`a log with full metadata needs no catalogue ${on}`, async () => {
    const bench = await benchOf(server);
    for (const [name, types] of [
      ['alone_integers', integers],
      ['alone_numbers', numbers],
      ['alone_temporals', temporals()],
    ] as const) {
      const statements = typedTable(name, types);
      const logged = await bench.logged(() => bench.run(...statements));
      const { rows } = await bench.selectText(await bench.describe(name), true);
      const fromLog = logged.flatMap(({ map, event }) => {
        const table = tableFromMap(map, builtinCollations(server.flavor), null);
        assert.deepEqual(table.primaryKey, [0]);
        assert.deepEqual(
          table.columns.map((column) => column.name),
          ['id', ...Object.keys(types).map((_, i) => `c${i}`)],
        );
        return afterRows(rowReader(table, map, builtinCollations(server.flavor)).images(event));
      });
      assert.deepEqual(fromLog, rows);
    }
  });

  test(`I-25: columns that were not logged are absent, never NULL, ${on}`, async () => {
    const bench = await benchOf(server);
    await bench.run(
      'DROP TABLE IF EXISTS images',
      `CREATE TABLE images (id INT PRIMARY KEY, t TEXT, n INT, v VARCHAR(20)${isMysql ? ', j JSON' : ''})`,
      `INSERT INTO images VALUES (1, 'text', NULL, 'v'${isMysql ? `, '{"a": 1}'` : ''})`,
    );
    const json = isMysql ? 1 : 0;
    const read = async (
      image: string,
      sql: string,
    ): Promise<{ before: Row | null; after: Row | null; images: RowImages }> => {
      const logged = await bench.logged(() => bench.run(`SET SESSION binlog_row_image = '${image}'`, sql));
      assert.equal(logged.length, 1);
      const { map, event } = logged[0]!;
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      const plain = rowReader(table, map, bench.collations, { compile: false }).images(event);
      for (const side of ['before', 'after'] as const) {
        assert.deepEqual(images[side](0), plain[side](0));
        if (images[side](0) !== null) assert.deepEqual(writtenRow(table, images, 0, side), images[side](0));
        for (let column = 0; column < 4 + json; column += 1) {
          assert.equal(
            images.has(0, side, column),
            (images[side](0)?.[column] ?? undefined) !== undefined || images[side](0)?.[column] === null,
          );
        }
      }
      return { before: images.before(0), after: images.after(0), images };
    };
    const none = undefined;
    const padded = (row: (Value | undefined)[], last: Value | undefined): (Value | undefined)[] =>
      isMysql ? [...row, last] : row;
    const minimal = await read('MINIMAL', "UPDATE images SET v = 'w' WHERE id = 1");
    assert.deepEqual(minimal.before, padded([1, none, none, none], none));
    assert.deepEqual(minimal.after, padded([none, none, none, 'w'], none));
    const toNull = await read('MINIMAL', 'UPDATE images SET t = NULL WHERE id = 1');
    assert.deepEqual(toNull.after, padded([none, null, none, none], none));
    const noblob = await read('NOBLOB', 'UPDATE images SET n = 5 WHERE id = 1');
    assert.equal(noblob.before![1], none);
    assert.deepEqual(noblob.after!.slice(0, 4), [1, none, 5, 'w']);
    const inserted = await read('MINIMAL', 'INSERT INTO images (id, n) VALUES (2, 7)');
    assert.deepEqual([inserted.before, inserted.after!.slice(0, 4)], [null, [2, none, 7, none]]);
    const deleted = await read('MINIMAL', 'DELETE FROM images WHERE id = 2');
    assert.deepEqual([deleted.before, deleted.after], [padded([2, none, none, none], none), null]);
    await bench.run("SET SESSION binlog_row_image = 'FULL'");
  });

  test(`I-29: one UPDATE of 3000 small rows comes as few events and reads as 3000 rows ${on}`, async () => {
    const bench = await benchOf(server);
    const values = Array.from({ length: 3000 }, (_, i) => `(${i}, ${i * 3}, 'row ${i}')`).join(', ');
    await bench.run(
      'DROP TABLE IF EXISTS small',
      'CREATE TABLE small (id INT PRIMARY KEY, n INT, s VARCHAR(20))',
      `INSERT INTO small VALUES ${values}`,
    );
    const logged = await bench.logged(() => bench.run('UPDATE small SET n = n + 1'));
    assert.ok(logged.length > 1 && logged.length < 100, `${logged.length} events`);
    const table = tableFromMap(logged[0]!.map, bench.collations, null);
    const reader = rowReader(table, logged[0]!.map, bench.collations);
    let row = 0;
    for (const { event } of logged) {
      const images = reader.images(event);
      for (let i = 0; i < images.length; i += 1, row += 1) {
        assert.deepEqual(images.before(i), [row, row * 3, `row ${row}`]);
        assert.deepEqual(images.after(i), [row, row * 3 + 1, `row ${row}`]);
      }
    }
    assert.equal(row, 3000);
  });

  test(`I-30: ENUM and SET values are those of the definition that was in force at the event ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS orders_of_values',
        "CREATE TABLE orders_of_values (id INT PRIMARY KEY, e ENUM('a','b','c'), s SET('x','y'))",
        "INSERT INTO orders_of_values VALUES (1, 'a', 'y')",
        "ALTER TABLE orders_of_values MODIFY e ENUM('c','b','a'), MODIFY s SET('y','x','z')",
        "UPDATE orders_of_values SET s = 'y,z' WHERE id = 1",
      ),
    );
    const rows = logged.map(({ map, event }) => {
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      return [images.before(0), images.after(0)];
    });
    assert.deepEqual(rows, [
      [null, [1, 'a', 'y']],
      [
        [1, 'a', 'y'],
        [1, 'a', 'y,z'],
      ],
    ]);
    // The catalogue's later definition must not win over what the log says.
    const later = await bench.describe('orders_of_values');
    const first = logged[0]!;
    const corrected = tableFromMap(first.map, bench.collations, later);
    assert.deepEqual(afterRows(rowReader(corrected, first.map, bench.collations).images(first.event)), [[1, 'a', 'y']]);
    assert.notEqual(corrected.id, later.id);
  });

  test(`a definition that the log contradicts is refused, naming both, ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS changed',
        'CREATE TABLE changed (id INT PRIMARY KEY, a INT)',
        'INSERT INTO changed VALUES (1, 2)',
      ),
    );
    const known = await bench.describe('changed');
    const { map } = logged[0]!;
    const column = known.columns[1]!;
    const refuses = (columns: Column[], details: object): void => {
      assert.throws(() => tableFromMap(map, bench.collations, { ...known, columns }), {
        code: 'VALUES_TABLE_MISMATCH',
        details,
      });
    };
    const table = `${database}.changed`;
    refuses([known.columns[0]!], { table, logged: '2 columns', known: '1 columns' });
    refuses([known.columns[0]!, { ...column, name: 'b' }], { table, logged: 'column a at place 2', known: 'column b' });
    refuses([known.columns[0]!, { ...column, type: { kind: 'date' }, declaration: 'date' }], {
      table,
      logged: 'column a with wire type 3, meta 0',
      known: 'column a as date',
    });
    refuses(
      [known.columns[0]!, { ...column, type: { kind: 'integer', bits: 64, unsigned: false }, declaration: 'bigint' }],
      {
        table,
        logged: 'column a with wire type 3, meta 0',
        known: 'column a as bigint',
      },
    );
  });

  test(`the built-in collations are those of the server ${on}`, async () => {
    const bench = await benchOf(server);
    const own = builtinCollations(server.flavor);
    for (const [id, collation] of bench.collations) {
      assert.deepEqual(own.get(id), collation, `collation ${id}`);
    }
  });
}

const afterRows = (images: RowImages): Row[] => Array.from({ length: images.length }, (_, i) => images.after(i)!);
