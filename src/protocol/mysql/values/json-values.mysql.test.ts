import assert from 'node:assert/strict';
import { test } from 'node:test';
import type mysql from 'mysql2/promise';
import type { RowImages } from '../../../core/row-images.ts';
import type { Row } from '../../../core/value.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { benchOf, database, threeWays } from '../../../testing/value-bench.ts';
import { seeded } from '../../../testing/value-samples.ts';
import { writtenRow } from '../../../testing/written-row.ts';
import { rowReader } from './binlog-row-images.ts';
import { tableFromMap } from './table-definition.ts';

/** Documents that stress the text rules: numbers around every limit, strings with escapes, temporal and opaque values. */
const randomJson = (random: () => number, depth: number): string => {
  const pick = Math.floor(random() * (depth > 4 ? 8 : 11));
  const text = (): string => {
    const pieces = [
      'a',
      'key',
      'é',
      '日本',
      '🎉',
      '\\u0000',
      '\\u001f',
      '\\"',
      '\\\\',
      '/',
      '\\n',
      '\\b\\f\\r\\t',
      ' ',
      '.',
      '[0]',
      '$',
      '\u007f',
    ];
    return Array.from({ length: Math.floor(random() * 4) }, () => pieces[Math.floor(random() * pieces.length)]).join(
      '',
    );
  };
  switch (pick) {
    case 0:
      return ['null', 'true', 'false'][Math.floor(random() * 3)]!;
    case 1:
      return String(Math.floor((random() - 0.5) * 2 ** Math.floor(random() * 34)));
    case 2:
      return [
        '-32768',
        '32767',
        '32768',
        '65535',
        '65536',
        '-2147483648',
        '4294967295',
        '4294967296',
        '9223372036854775807',
        '18446744073709551615',
        '-9223372036854775808',
        '18446744073709551616',
      ][Math.floor(random() * 12)]!;
    case 3:
      return randomDouble(random);
    case 4:
    case 5:
      return `"${text()}"`;
    case 6:
      return `"${'x'.repeat(Math.floor(random() * 300))}"`;
    case 7:
      return random() < 0.5 ? '{}' : '[]';
    case 8:
      return `[${Array.from({ length: Math.floor(random() * 6) }, () => randomJson(random, depth + 1)).join(',')}]`;
    default:
      return `{${Array.from({ length: Math.floor(random() * 6) }, () => `"${text()}${Math.floor(random() * 30)}":${randomJson(random, depth + 1)}`).join(',')}}`;
  }
};

const randomDouble = (random: () => number): string => {
  const digits = 1 + Math.floor(random() * 17);
  const mantissa = Array.from({ length: digits }, (_, i) =>
    i === 0 ? 1 + Math.floor(random() * 9) : Math.floor(random() * 10),
  ).join('');
  const exponent = Math.floor((random() - 0.5) * (random() < 0.3 ? 600 : 44));
  return `${random() < 0.5 ? '-' : ''}${mantissa[0]}.${mantissa.slice(1)}0e${exponent}`;
};

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

for (const server of testServers().filter((one) => one.flavor === 'mysql')) {
  const on = `on ${server.name}`;

  test(`I-31: JSON of every kind, over 64 KB and 100 levels deep, is the server's own text ${on}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(31);
    const documents = Array.from({ length: 1500 }, () => randomJson(random, 0));
    for (let i = 0; i < 800; i += 1) documents.push(`[${randomDouble(random)}, ${randomDouble(random)}]`);
    documents.push(`${'['.repeat(99)}{"a": 1}${']'.repeat(99)}`);
    documents.push(`[${Array.from({ length: 20_000 }, (_, i) => `{"k${i}": ${i * 7_919}}`).join(',')}]`);
    documents.push(`{${Array.from({ length: 9_000 }, (_, i) => `"key ${i}": [${i}, "${i}", ${i / 8}]`).join(',')}}`);
    documents.push(`"${'é'.repeat(70_000)}"`, `["${'x'.repeat(127)}", "${'x'.repeat(128)}", "${'x'.repeat(16_384)}"]`);
    const rows = documents.map((document, i) => `(${i}, ${quoted(document)})`);
    const inserts: string[] = [];
    for (let i = 0; i < rows.length; i += 400)
      inserts.push(`INSERT INTO documents VALUES ${rows.slice(i, i + 400).join(', ')}`);
    await threeWays(bench, 'documents', [
      'DROP TABLE IF EXISTS documents',
      'CREATE TABLE documents (id INT PRIMARY KEY, j JSON)',
      ...inserts,
    ]);
  });

  test(`changes to parts of JSON documents give what the server then selects ${on}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(39);
    const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    await bench.run(
      'DROP TABLE IF EXISTS partial',
      'CREATE TABLE partial (id INT PRIMARY KEY, a JSON, n INT, b JSON, c JSON)',
      "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
    );
    const filler = `"filler": "${'f'.repeat(400)}"`;
    const start = `{${filler}, "a": {"x": [1, 2, {"deep": [true]}], "k y": "v", "é": 1}, "list": [0, 1, 2, 3, 4, 5, 6, 7], "z": 1.5, "q\\"uote": {}}`;
    for (let id = 0; id < 20; id += 1)
      await bench.run(`INSERT INTO partial VALUES (${id}, ${quoted(start)}, 0, ${quoted(start)}, NULL)`);
    const paths = [
      '$.a',
      '$.a.x',
      '$.a.x[0]',
      '$.a.x[1]',
      '$.a.x[2].deep',
      '$.a.x[2].deep[0]',
      '$.a."k y"',
      '$.a."é"',
      '$.list[0]',
      '$.list[3]',
      '$.list[7]',
      '$.list[20]',
      '$.z',
      '$."q\\"uote"',
      '$."q\\"uote".new',
      '$.fresh',
      '$.a.fresh',
      '$.list',
      '$.z[0]',
      '$.z[1]',
      '$.a.x[last]',
      '$.list[last-1]',
    ];
    const values = [
      '1',
      '"short"',
      'NULL',
      'true',
      '123456789012',
      '1.5',
      "JSON_OBJECT('n', JSON_ARRAY(1, 'two'))",
      'JSON_ARRAY()',
      "REPEAT('y', 200)",
      "CAST('2024-01-02' AS DATE)",
    ];
    const change = (column: string): string => {
      const path = quoted(any(paths));
      switch (Math.floor(random() * 6)) {
        case 0:
          return `JSON_SET(${column}, ${path}, ${any(values)})`;
        case 1:
          return `JSON_REPLACE(${column}, ${path}, ${any(values)}, ${quoted(any(paths))}, ${any(values)})`;
        case 2:
          return `JSON_REMOVE(${column}, ${path})`;
        case 3:
          return `JSON_SET(${column}, ${path}, ${any(values)}, ${quoted(any(paths))}, ${any(values)})`;
        case 4:
          return `JSON_SET(JSON_REMOVE(${column}, ${path}), ${quoted(any(paths))}, ${any(values)})`;
        default:
          return `JSON_ARRAY_INSERT(${column}, ${quoted(any(['$.list[0]', '$.list[3]', '$.list[30]', '$.a.x[1]']))}, ${any(values)})`;
      }
    };
    const selected: string[] = [];
    const logged = await bench.logged(async () => {
      for (let step = 0; step < 600; step += 1) {
        const sets = [`a = ${change('a')}`];
        if (random() < 0.5) sets.push(`b = ${change('b')}`);
        if (random() < 0.2) sets.push(`n = ${step}`);
        if (random() < 0.1) sets.push(`c = ${any(['NULL', 'JSON_ARRAY(1)', 'JSON_SET(a, "$.z", 1)'])}`);
        const id = step % 20;
        const [, changed] = await Promise.all([
          null,
          bench.connection.query(`UPDATE partial SET ${sets.join(', ')} WHERE id = ${id}`),
        ]);
        if ((changed[0] as mysql.ResultSetHeader).changedRows === 1) {
          const [[a, b, c]] = (await bench.query(
            `SELECT CAST(a AS CHAR), CAST(b AS CHAR), CAST(c AS CHAR) FROM partial WHERE id = ${id}`,
          )) as [[string, string, string]];
          selected.push(JSON.stringify([a, b, c]));
        }
      }
    });
    await bench.run("SET SESSION binlog_row_value_options = ''");
    const partial = logged.filter(({ event }) => event.partialJson).length;
    assert.ok(partial > 300, `${partial} partial events`);
    const seen: string[] = [];
    for (const { map, event } of logged) {
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      for (let i = 0; i < images.length; i += 1) {
        const row = images.after(i)!;
        assert.deepEqual(writtenRow(table, images, i, 'after'), row);
        assert.deepEqual(writtenRow(table, images, i, 'before'), images.before(i));
        seen.push(JSON.stringify([row[1], row[3], row[4]]));
      }
    }
    assert.equal(seen.length, selected.length);
    for (const [i, text] of seen.entries()) assert.equal(text, selected[i], `update ${i}`);
  });

  test(`a partial JSON value without the document before it is refused with a remedy ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS unresolvable',
        'CREATE TABLE unresolvable (id INT PRIMARY KEY, j JSON)',
        `INSERT INTO unresolvable VALUES (1, JSON_OBJECT('a', 1, 'filler', REPEAT('f', 200)))`,
        "SET SESSION binlog_row_image = 'MINIMAL', binlog_row_value_options = 'PARTIAL_JSON'",
        "UPDATE unresolvable SET j = JSON_SET(j, '$.a', 2)",
        "SET SESSION binlog_row_image = 'FULL', binlog_row_value_options = ''",
      ),
    );
    const { map, event } = logged.at(-1)!;
    assert.equal(event.partialJson, true);
    const table = tableFromMap(map, bench.collations, null);
    assert.throws(() => rowReader(table, map, bench.collations).images(event), {
      code: 'VALUES_JSON_BASE_MISSING',
      details: { table: `${database}.unresolvable`, column: 'j' },
      hint: /binlog_row_image=FULL/,
    });
  });

  test(`rows over 16 MB are read whole, from the log and from a SELECT, ${on}`, async () => {
    const bench = await benchOf(server);
    const { rows } = await threeWays(bench, 'huge', [
      'DROP TABLE IF EXISTS huge',
      'CREATE TABLE huge (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT)',
      "INSERT INTO huge VALUES (1, REPEAT(x'00FF', 9000000), 'after'), (2, x'01', REPEAT('é', 100))",
      `INSERT INTO huge VALUES (3, REPEAT('x', ${0xffffff - 6}), '')`,
    ]);
    assert.equal((rows[0]![1] as Uint8Array).length, 18_000_000);
  });
}

const _afterRows = (images: RowImages): Row[] => Array.from({ length: images.length }, (_, i) => images.after(i)!);
