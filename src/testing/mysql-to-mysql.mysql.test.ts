import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import type { Log, LogFields } from '../core/log.ts';
import { routeTables } from '../operators/route-tables.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { changingTables, definitionScripts } from './definition-scripts.ts';
import { MysqlRig } from './mysql-rig.ts';
import { testServers } from './servers/test-servers.ts';

/** Rows of one database kept in another one, on the same server or another. */
class Mirror implements AsyncDisposable {
  readonly source: MysqlRig;
  readonly target: MysqlRig;
  readonly #settings: Readonly<Record<string, unknown>>;
  #running: { readonly stop: AbortController; readonly ended: Promise<unknown> } | null = null;
  #marker = 0;
  /** What the pipelines said, for whoever reads a failure. */
  readonly #said: string[] = [];
  readonly #log: Log = {
    debug: () => {},
    info: (message, fields) => this.#note(message, fields),
    warn: (message, fields) => this.#note(message, fields),
    error: (message, fields) => this.#note(message, fields),
  };

  constructor(source: MysqlRig, target: MysqlRig, settings: Readonly<Record<string, unknown>>) {
    this.source = source;
    this.target = target;
    this.#settings = settings;
  }

  static async open(
    from: ReturnType<typeof testServers>[number],
    to: ReturnType<typeof testServers>[number],
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<Mirror> {
    const source = await MysqlRig.open(from);
    const target = await MysqlRig.open(to);
    await source.run('CREATE TABLE done (id INT PRIMARY KEY)');
    return new Mirror(source, target, settings);
  }

  start(sourceSettings: Readonly<Record<string, unknown>> = {}): void {
    const { source, target } = this;
    const stop = new AbortController();
    const name = `to_${target.database}`;
    const { host, port, user, password } = target.server;
    const config = mysqlSinkConfig.parse({
      hostname: host,
      port,
      username: user,
      password,
      'position.database': target.database,
      ...this.#settings,
    });
    const pipeline = createPipeline({
      name,
      source: async () => source.source({ 'scan.startup.mode': 'initial', ...sourceSettings }, name),
      operators: [
        routeTables([
          {
            matches: (database) => database === source.database,
            rename: (table) => ({ database: target.database, name: table.name }),
            merges: false,
          },
        ]),
      ],
      sinks: [
        { name: 'mysql', open: () => openMysqlSink(config, { pipeline: name, clock: systemClock, log: this.#log }) },
      ],
      clock: systemClock,
      log: this.#log,
    });
    const ended = pipeline.run(stop.signal);
    ended.catch(() => {});
    this.#running = { stop, ended };
  }

  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.ended;
    this.#running = null;
  }

  /** Resolves when everything that was written so far is in the target. */
  async arrived(): Promise<void> {
    this.#marker += 1;
    await this.source.run(`INSERT INTO done VALUES (${this.#marker})`);
    const patience = performance.now() + 90_000;
    const there = async (): Promise<boolean> =>
      (await this.target.query(`SHOW TABLES LIKE 'done'`)).length > 0 &&
      (await this.target.query(`SELECT 1 FROM done WHERE id = ${this.#marker}`)).length > 0;
    while (!(await there())) {
      assert.ok(performance.now() < patience, `the target did not get there within 90 s\n${this.#said.join('\n')}`);
      await Promise.race([systemClock.sleep(20), this.#running?.ended]);
    }
  }

  /** Resolves when both sides hold the same rows: a table's snapshot may end after what was written since has arrived. */
  async isEqual(name: string): Promise<void> {
    const columns = (await this.source.query(`SHOW COLUMNS FROM ${name}`))
      .map(([column]) => `\`${column}\``)
      .join(', ');
    const patience = performance.now() + 90_000;
    for (;;) {
      const [wanted, held] = await Promise.all(
        [this.source, this.target].map(async (rig) => {
          // The target makes a table when its first row comes.
          const there = await rig.query(`SHOW TABLES LIKE '${name}'`);
          return there.length === 0 ? [] : sorted(await rig.query(`SELECT ${columns} FROM ${name}`));
        }),
      );
      if (JSON.stringify(held) === JSON.stringify(wanted)) return;
      if (performance.now() > patience) {
        assert.deepEqual(held, wanted, `${name} is not equal within 90 s\n${this.#said.join('\n')}`);
      }
      await Promise.race([systemClock.sleep(50), this.#running?.ended]);
    }
  }

  #note(message: string, fields: LogFields = {}): void {
    this.#said.push(`${new Date().toISOString()} ${message} ${JSON.stringify(fields)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.ended.catch(() => {});
    await this.source[Symbol.asyncDispose]();
    await this.target[Symbol.asyncDispose]();
  }
}

const sorted = (rows: readonly (readonly (string | null)[])[]): (string | null)[][] =>
  rows.map((row) => [...row]).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const servers = testServers();
const named = (name: string) => servers.find((server) => server.name === name);
const [mysql, mariadb, older] = [named('mysql-9.7'), named('mariadb-11.8'), named('mariadb-10.11')];
const pairs = [
  [mysql, mysql],
  [mysql, mariadb],
  [mariadb, mysql],
  [older, mariadb],
] as const;

for (const [from, to] of pairs) {
  if (from === undefined || to === undefined) continue;
  test(`${from.name} to ${to.name}: the target follows every change of a definition with its rows`, async () => {
    await using mirror = await Mirror.open(from, to);
    mirror.start();
    await mirror.arrived();
    for (const statements of Object.values(definitionScripts)) await mirror.source.run(...statements);
    await mirror.arrived();
    for (const name of changingTables) await mirror.isEqual(name);
    const left = (await mirror.target.query('SHOW TABLES')).flat();
    assert.ok(!left.includes('_swapped_old') && !left.includes('_swapped_new'), `tables ${left.join(', ')}`);
  });

  test(`${from.name} to ${to.name}: a snapshot, a restart, and a second snapshot that sweeps what vanished`, async () => {
    await using mirror = await Mirror.open(from, to, { 'sink.parallelism': 3 });
    await mirror.source.run(
      'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(40) COLLATE utf8mb4_general_ci, price DECIMAL(10,2), at TIMESTAMP(3) NULL, UNIQUE KEY (name))',
      'CREATE TABLE names (name VARCHAR(40) PRIMARY KEY, n INT)',
      "INSERT INTO items SELECT n, CONCAT('item ', n), n / 3, FROM_UNIXTIME(1700000000 + n) FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) AS numbers",
      "INSERT INTO names SELECT CONCAT('name ', id), id FROM items WHERE id < 50",
    );
    mirror.start({ 'scan.incremental.snapshot.chunk.size': 100 });
    await mirror.arrived();
    await mirror.isEqual('items');
    await mirror.isEqual('names');
    await mirror.stop();
    await mirror.source.run(
      'UPDATE items SET price = price + 1 WHERE id % 7 = 0',
      'DELETE FROM items WHERE id % 11 = 0',
      'UPDATE names SET name = UPPER(name) WHERE n % 2 = 0',
      'UPDATE items SET id = id + 10000 WHERE id % 13 = 0',
      "SET SESSION binlog_row_image = 'MINIMAL'",
      'UPDATE items SET price = 0.5 WHERE id % 5 = 0',
      "INSERT INTO items (id, name) VALUES (20000, 'no price'), (20001, 'none either')",
      'DELETE FROM items WHERE id % 17 = 0',
      "SET SESSION binlog_row_image = 'FULL'",
    );
    mirror.start();
    await mirror.arrived();
    await mirror.isEqual('items');
    await mirror.isEqual('names');
    await mirror.stop();
    // Rows that the source never had: what a lost log would leave behind.
    await mirror.target.run(
      "INSERT INTO items VALUES (555555, 'gone', 1, NULL)",
      "INSERT INTO names VALUES ('gone', 1)",
      'DELETE FROM millrace_position',
    );
    mirror.start({ 'scan.incremental.snapshot.chunk.size': 100 });
    await mirror.arrived();
    await mirror.isEqual('items');
    await mirror.isEqual('names');
  });
}
