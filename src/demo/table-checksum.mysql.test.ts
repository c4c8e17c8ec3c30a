import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import mysql from 'mysql2/promise';
import { testServers } from '../testing/servers/test-servers.ts';
import { checksumTables } from './checksum-tables.ts';
import { ChecksumOfRows } from './table-checksum.ts';

for (const { name, host, port, user, password } of testServers()) {
  test(`${name} and we come to the same checksum of the same rows, whatever their order`, async () => {
    const database = 'table_checksum_test';
    const connection = await mysql.createConnection({ host, port, user, password });
    try {
      await connection.query(`DROP DATABASE IF EXISTS ${database}`);
      await connection.query(`CREATE DATABASE ${database}`);
      await connection.query(
        `CREATE TABLE ${database}.t (a BIGINT UNSIGNED, b VARCHAR(30) CHARACTER SET utf8mb4, c VARBINARY(30), d DECIMAL(20,4), e DOUBLE)`,
      );
      const row = fc.tuple(
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
        fc.option(fc.string({ unit: 'grapheme', maxLength: 5 }), { freq: 3 }),
        fc.option(fc.uint8Array({ maxLength: 30 })),
        fc.option(fc.integer().map((n) => (n / 10_000).toFixed(4))),
        fc.option(fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 1000)),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
          await connection.query(`DELETE FROM ${database}.t`);
          const stored = rows.map((values) =>
            values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)),
          );
          if (rows.length > 0) await connection.query(`INSERT INTO ${database}.t VALUES ?`, [stored]);
          const ours = new ChecksumOfRows();
          for (const values of [...rows].reverse()) ours.add(values);
          const [theirs] = await checksumTables(connection, database);
          assert.deepEqual({ rows: theirs!.rows, checksum: theirs!.checksum }, ours.result());
        }),
        { numRuns: 25 },
      );
    } finally {
      await connection.query(`DROP DATABASE IF EXISTS ${database}`);
      await connection.end();
    }
  });
}

test('the checksum notices a changed value, a missing row, a row that is there twice, and NULL for an empty text', () => {
  const of = (...rows: (string | null)[][]): string => {
    const checksum = new ChecksumOfRows();
    for (const row of rows) checksum.add(row);
    return checksum.result().checksum;
  };
  const base = of(['a', 'b'], ['c', 'd']);
  assert.equal(of(['c', 'd'], ['a', 'b']), base);
  for (const other of [
    of(['a', 'b'], ['c', 'e']),
    of(['a', 'b']),
    of(['a', 'b'], ['c', 'd'], ['c', 'd']),
    of(['a', 'b'], ['c', 'd'], ['x', 'y'], ['x', 'y']),
    of(['ab', ''], ['c', 'd']),
    of(['a', 'd'], ['c', 'b']),
  ]) {
    assert.notEqual(other, base);
  }
  assert.notEqual(of(['a', '']), of(['a', null]));
});
