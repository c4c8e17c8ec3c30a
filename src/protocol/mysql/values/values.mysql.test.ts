import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { launchServer } from '../../../testing/servers/launch-server.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { Bench, benchOf, database, threeWays } from '../../../testing/value-bench.ts';
import {
  integers,
  mariadbOnly,
  mysqlOnly,
  numbers,
  seeded,
  strings,
  temporals,
  typedTable,
} from '../../../testing/value-samples.ts';
import { tableFromMap } from './table-definition.ts';

for (const server of testServers()) {
  const on = `on ${server.name}`;
  const isMysql = server.flavor === 'mysql';

  test(`I-22: integers of every width are exact three ways, beyond 2^53 too, ${on}`, async () => {
    const { rows } = await threeWays(await benchOf(server), 'integers', typedTable('integers', integers));
    assert.equal(rows[0]!.at(-1), 18446744073709551615n);
  });

  test(`DECIMAL, FLOAT, DOUBLE, BIT and YEAR are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'numbers', typedTable('numbers', numbers));
  });

  test(`I-23: dates and times at their limits, with fractions, negative and zero, are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'temporals', typedTable('temporals', temporals()));
  });

  test(`random FLOAT and DOUBLE values are the same three ways ${on}`, async () => {
    const random = seeded(7);
    const bits = Buffer.alloc(8);
    const value = (read: () => number): string => {
      for (;;) {
        for (let i = 0; i < 8; i += 1) bits[i] = Math.floor(random() * 256);
        if (Number.isFinite(read())) return String(read());
      }
    };
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `(${i}, ${value(() => bits.readDoubleLE(0))}, ${value(() => bits.readFloatLE(0))})`,
    );
    await threeWays(await benchOf(server), 'floats', [
      'DROP TABLE IF EXISTS floats',
      'CREATE TABLE floats (id INT PRIMARY KEY, d DOUBLE, f FLOAT)',
      `INSERT INTO floats VALUES ${rows.join(', ')}`,
    ]);
  });

  test(`text of every kind of charset, bytes, ENUM and SET are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'strings', typedTable('strings', strings));
  });

  test(`types that only ${server.name} has are the same three ways`, async () => {
    const own = isMysql ? mysqlOnly : mariadbOnly(server.name);
    await threeWays(await benchOf(server), 'own_types', typedTable('own_types', own));
  });
}

test('MariaDB tables in the old temporal format, and logs without any metadata, are read by the catalogue', async () => {
  await using server = await launchServer({
    flavor: 'mariadb',
    version: '11.8',
    options: ['--mysql56-temporal-format=OFF', '--binlog-row-metadata=NO_LOG'],
  });
  const { host, port, user, password } = server;
  await using bench = await Bench.open({ name: 'old', flavor: 'mariadb', host, port, user, password });
  await threeWays(bench, 'old_temporals', typedTable('old_temporals', temporals()));
  await threeWays(bench, 'unlabelled', typedTable('unlabelled', { ...integers, ...strings, ...mariadbOnly('11.8') }));
  const logged = await bench.logged(() => bench.run("INSERT INTO old_temporals (id, c1) VALUES (1000, '01:02:03')"));
  assert.throws(() => tableFromMap(logged[0]!.map, bench.collations, null), {
    code: 'VALUES_TABLE_UNKNOWN',
    details: { table: `${database}.old_temporals`, columns: 23 },
    hint: /binlog_row_metadata=FULL/,
  });
  await bench.run('SET GLOBAL binlog_row_metadata = FULL');
  const named = await bench.logged(() => bench.run("INSERT INTO old_temporals (id, c1) VALUES (1001, '01:02:03')"));
  assert.throws(() => tableFromMap(named[0]!.map, bench.collations, null), {
    code: 'VALUES_FRACTION_UNKNOWN',
    details: { table: `${database}.old_temporals`, column: 'c1' },
  });
});
