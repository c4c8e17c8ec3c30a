import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../pipeline/system-clock.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { MysqlRig } from '../../testing/mysql-rig.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { rowText } from '../../testing/sql-rig.ts';
import { followQuery } from '../follow-query.ts';
import { SqlProgram } from '../sql-program.ts';

const declared = ({ server: { host, port, user, password }, database }: MysqlRig): string => {
  const login = `'username' = '${user}', 'password' = '${password}'`;
  return `
    CREATE TABLE orders (id BIGINT, \`text\` STRING, number BIGINT, price DECIMAL(10, 2), \`day\` DATE, seen TIMESTAMP(3), \`bytes\` BYTES,
      kind STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'mysql', 'hostname' = '${host}', 'port' = '${port}', ${login},
      'database-name' = '${database}', 'table-name' = 'orders');
    CREATE TABLE dim (\`text\` STRING, number BIGINT, price DECIMAL(10, 2), \`day\` DATE, seen TIMESTAMP(3), \`bytes\` BYTES, kind STRING, v INT)
      WITH ('connector' = 'jdbc', 'url' = 'jdbc:mysql://${host}:${port}/${database}', 'table-name' = 'dim', ${login});`;
};

const columns = ['text', 'number', 'price', 'day', 'seen', 'bytes', 'kind'].map((name) => `\`${name}\``);

/** The rows of a query over the orders as they stand. */
const resultOf = async (rig: MysqlRig, query: string): Promise<readonly string[]> => {
  const program = new SqlProgram({ bounded: true, server: null, expand: (text) => text, hide: () => {} });
  const outcome = parseScript(declared(rig) + query)
    .map((statement) => program.take(statement))
    .at(-1)!;
  assert.ok(outcome.kind === 'query');
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { pipeline: 'lookups', log, clock: systemClock };
  const found: string[] = [];
  const { signal } = new AbortController();
  for await (const { rows } of followQuery({ ...outcome.query, context, signal })) found.push(...rows.map(rowText));
  return found.toSorted();
};

const joined = (on: string): string =>
  `SELECT o.id, d.v FROM (SELECT *, PROCTIME() AS p FROM orders) AS o
    LEFT JOIN dim FOR SYSTEM_TIME AS OF o.p AS d ON ${on}`;

for (const server of testServers()) {
  test(`rows are found by values of every type, one column or several, by the very values alone: ${server.name}`, {
    timeout: 60_000,
  }, async () => {
    await using rig = await MysqlRig.open(server);
    const types = `\`text\` VARCHAR(20), number INT, price DECIMAL(10, 2), \`day\` DATE, seen DATETIME(6), \`bytes\` VARBINARY(9), kind ENUM('a', 'it''s')`;
    await rig.run(
      `CREATE TABLE orders (id BIGINT PRIMARY KEY, ${types}, KEY (number)) CHARSET utf8mb4;
       CREATE TABLE dim (${types}, v INT, KEY (number), KEY (\`text\`)) CHARSET utf8mb4;
       INSERT INTO orders VALUES
         (1, 'Ann', 7, '1.50', '2024-02-29', '2024-02-29 12:00:00.123', x'00ff', 'it''s'),
         (2, 'ann', 8, '-0.10', '1999-12-31', '2024-02-29 12:00:00', x'27', 'a'),
         (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
         (4, 'é\\\\''', 9, '0', '2000-01-01', '2000-01-01', '', NULL);
       INSERT INTO dim SELECT \`text\`, number, price, \`day\`, seen, \`bytes\`, kind, id * 10 FROM orders;
       INSERT INTO dim (\`text\`, number, v) VALUES ('Ann', 7, 11), ('ANN', 7, 12)`,
    );
    for (const column of columns) {
      const found = await resultOf(rig, joined(`o.${column} = d.${column}`));
      const again = column === '`text`' || column === '`number`' ? ['[1,11]'] : [];
      const spelled = column === '`number`' ? ['[1,12]'] : [];
      const last = column === '`kind`' ? '[4,null]' : '[4,40]';
      assert.deepEqual(found, ['[1,10]', ...again, ...spelled, '[2,20]', '[3,null]', last].toSorted(), column);
    }
    const all = columns.slice(0, 6).map((column) => `o.${column} = d.${column}`);
    assert.deepEqual(await resultOf(rig, joined(all.join(' AND '))), ['[1,10]', '[2,20]', '[3,null]', '[4,40]']);
    // More keys than one statement asks for.
    const many = Array.from({ length: 1_200 }, (_, at) => `(${at + 100}, ${at + 100})`).join(', ');
    await rig.run(`INSERT INTO orders (id, number) VALUES ${many}; INSERT INTO dim (v, number) VALUES ${many}`);
    const found = await resultOf(
      rig,
      `SELECT COUNT(*), SUM(v) FROM (${joined('o.number = d.number')}) AS x WHERE id > 99`,
    );
    assert.deepEqual(found, [`[1200,${Array.from({ length: 1_200 }, (_, at) => at + 100).reduce((a, b) => a + b)}]`]);
    await rig.run('ALTER TABLE dim DROP COLUMN v');
    await assert.rejects(resultOf(rig, joined('o.number = d.number')), { code: 'SQL_UNKNOWN_NAME' });
  });
}
