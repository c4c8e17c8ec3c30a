import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { parseScript } from '../sql/parse/script.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { fileJob } from './file-job.ts';
import { jobOptions } from './job-options.ts';
import { type Outcome, SqlProgram } from './sql-program.ts';

const [server] = testServers();
const log = { debug() {}, info() {}, warn() {}, error() {} };

test('the databases of a server are a catalog: its tables are shown, read and written without a declaration', {
  skip: server === undefined,
  timeout: 60_000,
}, async () => {
  const { host, port, user, password } = server!;
  await using rig = await MysqlRig.open(server!);
  const { database } = rig;
  await rig.run(
    `CREATE TABLE ${database}.orders (id BIGINT UNSIGNED PRIMARY KEY, status ENUM('new', 'paid') NOT NULL, total DECIMAL(10, 2), \`order\` JSON, at DATETIME(3), place POINT)`,
    `CREATE TABLE ${database}.counts (status VARCHAR(10) PRIMARY KEY, n BIGINT)`,
    `INSERT INTO ${database}.orders (id, status, total) VALUES (1, 'new', 1.5), (2, 'paid', 2), (3, 'paid', 3)`,
  );
  const secrets: string[] = [];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable as statements write it.
  const expand = (text: string): string => text.replace('${PASSWORD}', password);
  const program = new SqlProgram({
    bounded: true,
    server: null,
    expand,
    hide: (secret) => void secrets.push(secret),
  });
  const run = async (sql: string): Promise<Outcome> => {
    let last: Outcome = { kind: 'done' };
    for (const statement of parseScript(sql)) {
      await program.prepare(statement);
      last = program.take(statement);
    }
    return last;
  };
  const rows = async (sql: string): Promise<readonly (readonly (string | null)[])[]> => {
    const outcome = await run(sql);
    assert.equal(outcome.kind, 'answer');
    return outcome.kind === 'answer' ? outcome.answer.rows : [];
  };
  const options = `'hostname' = '${host}', 'port' = '${port}', 'username' = '${user}', 'password' = '\${PASSWORD}'`;
  await run(`CREATE CATALOG shop WITH ('type' = 'mysql', ${options})`);
  assert.deepEqual(await rows('SHOW CATALOGS'), [['default_catalog'], ['shop']]);
  assert.deepEqual(await rows('DESCRIBE CATALOG shop'), [
    ['name', 'shop'],
    ['type', 'mysql'],
    ['comment', ''],
  ]);
  assert.ok((await rows('SHOW DATABASES FROM shop')).some(([name]) => name === database));
  assert.deepEqual(await rows(`SHOW TABLES FROM shop.${database}`), [['counts'], ['orders']]);
  assert.deepEqual(await rows(`DESCRIBE shop.${database}.orders`), [
    ['id', 'DECIMAL(20, 0)', 'FALSE', 'PRI(id)', null, null],
    ['status', 'STRING', 'FALSE', null, null, null],
    ['total', 'DECIMAL(10, 2)', 'TRUE', null, null, null],
    ['order', 'STRING', 'TRUE', null, null, null],
    ['at', 'TIMESTAMP(3)', 'TRUE', null, null, null],
    ['place', 'BYTES', 'TRUE', null, null, null],
  ]);
  await run(`USE CATALOG shop; USE ${database}`);
  assert.deepEqual(await rows('SHOW CURRENT CATALOG'), [['shop']]);
  assert.deepEqual(await rows('SHOW CURRENT DATABASE'), [[database]]);
  assert.deepEqual(await rows('SHOW TABLES'), [['counts'], ['orders']]);
  assert.match(
    (await rows('SHOW CREATE TABLE orders'))[0]![0]!,
    /`order` STRING.*'connector' = 'mysql-cdc'.*'password' = '\*{6}'/,
  );
  assert.match((await rows('SHOW CREATE CATALOG shop'))[0]![0]!, /'type' = 'mysql'.*'password' = '\*{6}'/);
  if (password !== '') assert.ok(secrets.includes(password));

  // A pipeline file's statements are settled by asking the server too.
  const surroundings = { folder: '.', expand, hide: () => {} };
  const file = `CREATE CATALOG shop WITH ('type' = 'mysql', ${options}); USE CATALOG shop; USE ${database};
    INSERT INTO counts SELECT status, COUNT(*) FROM orders GROUP BY status`;
  const { job: told } = await fileJob(file, surroundings);
  assert.deepEqual([told.name, [...told.tables.keys()].length], ['insert-into_counts', 1]);
  await assert.rejects(fileJob(file.replace('INTO counts', 'INTO cuonts'), surroundings), /did you mean/);

  const outcome = await run('INSERT INTO counts SELECT status, COUNT(*) FROM orders GROUP BY status');
  assert.equal(outcome.kind, 'job');
  if (outcome.kind !== 'job') return;
  const pipeline = createPipeline(
    jobOptions(outcome.job, { log, clock: systemClock, print: async () => {}, state: null }),
  );
  await pipeline.run(new AbortController().signal);
  assert.deepEqual(await rig.query(`SELECT status, n FROM ${database}.counts ORDER BY status`), [
    ['new', '1'],
    ['paid', '2'],
  ]);

  const refused = async (sql: string, code: string, said: RegExp): Promise<void> => {
    await assert.rejects(run(sql), (error: unknown) => {
      assert.ok(isMillraceError(error) && error.code === code, String(error));
      assert.match(error.message, said);
      return true;
    });
  };
  await refused('SELECT id FROM orders2', 'SQL_UNKNOWN_NAME', /did you mean orders\?/);
  await refused('USE nowhere_at_all', 'SQL_UNKNOWN_NAME', /no database/);
  await refused(
    "CREATE TABLE made (a INT) WITH ('connector' = 'print')",
    'SQL_NOT_SUPPORTED',
    /CREATE TEMPORARY TABLE/,
  );
  await refused('DROP CATALOG shop', 'SQL_INVALID', /in use/);
  await refused(`CREATE CATALOG shop WITH ('type' = 'mysql', ${options})`, 'SQL_INVALID', /already/);
  await refused("CREATE CATALOG hive WITH ('type' = 'hive')", 'SQL_NOT_SUPPORTED', /'mysql', 'jdbc'/);
  await run(
    "CREATE TEMPORARY TABLE seen (n BIGINT) WITH ('connector' = 'print'); INSERT INTO seen SELECT COUNT(*) FROM orders",
  );

  // Flink's own options: what is read is read once, and a table that was made meanwhile is found once it is looked for again.
  await rig.run(`CREATE TABLE ${database}.later (a INT)`);
  await program.refresh();
  const jdbc = `'type' = 'jdbc', 'base-url' = 'jdbc:mysql://${host}:${port}', 'username' = '${user}', 'password' = '\${PASSWORD}'`;
  await run(`CREATE CATALOG once WITH (${jdbc}, 'default-database' = '${database}'); USE CATALOG once`);
  assert.deepEqual(await rows('SHOW TABLES'), [['counts'], ['later'], ['orders']]);
  assert.match((await rows('SHOW CREATE TABLE later'))[0]![0]!, /'connector' = 'jdbc', 'url' = 'jdbc:mysql:/);
  const query = await run('SELECT a FROM later');
  assert.equal(query.kind === 'query' && [...query.query.tables.values()][0]?.source.kind, 'scan');
  await run('DROP CATALOG shop');
  assert.deepEqual(await rows('SHOW CATALOGS'), [['default_catalog'], ['once']]);
});
