import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import { serverColumns } from '../sql-pipeline/scanned-columns.ts';
import { ScannedTable } from '../sql-pipeline/scanned-table.ts';
import { SourceInput } from '../sql-pipeline/source-input.ts';
import { HistorySource, SqlHistory, tableOf } from '../testing/sql-history.ts';
import { Rows } from './rows.ts';
import { Topology, type TopologyOptions } from './topology.ts';

const schema = { id: 'BIGINT', a: 'BIGINT', b: 'BIGINT', s: 'STRING' } as const;
const key = ['id'] as const;
type T = Rows<typeof schema, 'changes'>;
type Target = Parameters<T['to']>[1];

/** Runs steps over the table t of a history (sql-history.ts) up to some transaction. Gives what the log said, and how many rows were read. */
const run = async (options: Omit<TopologyOptions, 'name'>, build: (t: T) => void, transactions: number) => {
  const topology = new Topology({ name: 'kept', ...options });
  const columns = Object.entries(schema).map(([name, type]) => `${name} ${type}`);
  const server = `'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop', 'table-name' = 't'`;
  topology.table('t', [...columns, 'PRIMARY KEY (id) NOT ENFORCED'], `WITH ('connector' = 'mysql-cdc', ${server})`);
  build(new Rows(topology, { view: 't', schema, key }));
  const said: string[] = [];
  const say = (text: string, details: object = {}): number => said.push(`${text} ${JSON.stringify(details)}`);
  const source = new HistorySource(5, transactions, Math.random, { tables: ['t'] });
  const pipeline = topology.pipeline({
    log: { debug() {}, info: say, warn: say, error: say },
    open: async (flow) => {
      const tables = [...flow.inputs].map(([name, input]) => {
        const table = tableOf(name);
        return [qualifiedName(table), [new ScannedTable(table, serverColumns(table), input, { name })]] as const;
      });
      return [new SourceInput({ identity: 'history', source, tables: new Map(tables), snapshots: true })];
    },
  });
  await pipeline.run(new AbortController().signal);
  return { said: said.join('\n'), read: source.rowsRead.values().reduce((sum, rows) => sum + rows, 0) };
};

/** For each `a`, how many rows have it, and the sum of their `b` times `factor`. */
const sums =
  (factor: number, options: Target) =>
  (t: T): void =>
    t
      .mapValues({ k: 'BIGINT', b: 'BIGINT' }, ({ a, b }) => ({ k: a ?? -9, b: Number(b ?? 0) * factor }))
      .groupBy('k')
      .aggregate(
        { n: 'BIGINT', sum: 'BIGINT' },
        () => ({ n: 0, sum: 0 }),
        ({ n, sum }, { b }) => ({ n: Number(n) + 1, sum: Number(sum) + Number(b) }),
        ({ n, sum }, { b }) => ({ n: Number(n) - 1, sum: Number(sum) - Number(b) }),
      )
      .to('sums', options);

/** The same of the rows that the history leaves. */
const expected = (transactions: number, factor: number): readonly unknown[] => {
  const history = new SqlHistory(5);
  for (let count = 0; count < transactions; count += 1) history.next();
  const groups = Map.groupBy(history.rows.t.values(), ([, a]) => Number(a ?? -9));
  return [...groups]
    .map(([k, rows]) => ({ k, n: rows.length, sum: rows.reduce((sum, row) => sum + Number(row[2] ?? 0) * factor, 0) }))
    .toSorted((one, other) => one.k - other.k);
};

const written = (path: string): readonly unknown[] => {
  using mirror = new DatabaseSync(path, { readOnly: true });
  return mirror
    .prepare('SELECT k, n, sum FROM sums ORDER BY k')
    .all()
    .map((row) => ({ ...row }));
};

test('a program goes on from its state as long as its version, steps and functions are the same', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-kept-state-'));
  const path = join(folder.path, 'mirror.db');
  const mirror = { connector: 'sqlite', path };
  const state = { directory: join(folder.path, 'state'), intervalMs: 20 };
  const first = await run({ version: '1', state }, sums(1, mirror), 30);
  assert.match(first.said, /computed anew .*"from":"sources"/);
  assert.deepEqual(written(path), expected(30, 1));
  const second = await run({ version: '1', state }, sums(1, mirror), 60);
  assert.match(second.said, /goes on from its checkpoint/);
  assert.equal(second.read, 0);
  assert.deepEqual(written(path), expected(60, 1));

  // What a function captures is in no text of it: the version has to say it.
  const untold = await run({ version: '1', state }, sums(10, mirror), 60);
  assert.match(untold.said, /goes on from its checkpoint/);
  assert.deepEqual(written(path), expected(60, 1));
  const told = await run({ version: '2', state }, sums(10, mirror), 70);
  assert.match(told.said, /the statements changed .*"read":"","written":"sums"/);
  assert.equal(told.read, 0);
  assert.deepEqual(written(path), expected(70, 10));

  // A function with another text is another one, whatever the version.
  const positive = (t: T): void => sums(10, mirror)(t.filter(({ id }) => Number(id) > 0));
  const all = await run({ version: '2', state }, positive, 80);
  assert.match(all.said, /the statements changed/);
  assert.deepEqual(written(path), expected(80, 10));
  const none = await run({ version: '2', state }, (t) => sums(10, mirror)(t.filter(({ id }) => Number(id) < 0)), 80);
  assert.match(none.said, /the statements changed/);
  assert.deepEqual(written(path), []);
});

test('another version is refused where the rows of the one before stay: in a topic or a file', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-kept-state-'));
  const file = { connector: 'filesystem', path: join(folder.path, 'sums.ndjson'), format: 'debezium-json' };
  const state = { directory: join(folder.path, 'state') };
  await run({ version: '1', state }, sums(1, file), 20);
  await assert.rejects(run({ version: '2', state }, sums(2, file), 20), (error: unknown) =>
    isMillraceError(error, 'STATE_TARGET_HOLDS_OTHER'),
  );
  assert.match((await run({ version: '1', state }, sums(1, file), 40)).said, /goes on from its checkpoint/);
});

test('functions without a version keep nothing, which the log says, and state that is asked for is refused', async (context) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-kept-state-'));
  const own = process.env['MILLRACE_STATE'];
  process.env['MILLRACE_STATE'] = join(folder.path, 'state');
  context.after(() => {
    if (own === undefined) delete process.env['MILLRACE_STATE'];
    else process.env['MILLRACE_STATE'] = own;
  });
  const path = join(folder.path, 'mirror.db');
  const mirror = { connector: 'sqlite', path };
  const first = await run({}, sums(1, mirror), 30);
  assert.match(first.said, /^no state is kept .*its functions have no version/m);
  assert.ok(!readdirSync(folder.path).includes('state'));
  assert.ok((await run({}, sums(3, mirror), 40)).read > 0);
  assert.deepEqual(written(path), expected(40, 3));
  await assert.rejects(run({ state: {} }, sums(1, mirror), 40), /state is kept of functions that have a version/);
  await run({ state: { intervalMs: 0 } }, sums(1, mirror), 40);
  await assert.rejects(run({ version: '' }, sums(1, mirror), 40), /a version has at least one character/);

  // Steps of the engine's own are known by what they do.
  const counts = (t: T): void => t.groupBy('id').count().to('counts', mirror);
  await run({}, counts, 30);
  const again = await run({}, counts, 40);
  assert.match(again.said, /goes on from its checkpoint/);
  assert.equal(again.read, 0);
});
