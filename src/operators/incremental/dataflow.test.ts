import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shop } from '../../sql/testdata/recorded-queries.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { LiveQuery, planOf } from '../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../testing/sqlite-oracle.ts';
import { dataflow } from './dataflow.ts';

const settings = { timeZone: 'UTC', random: () => 0.5 };

test('filters and computes columns of rows that come and go', () => {
  const live = new LiveQuery("SELECT id + 1 AS n, UPPER(name) FROM customers WHERE country = 'DE'", shop);
  assert.deepEqual(
    live.tick([
      ['customers', [1, 'a', 'DE'], 1],
      ['customers', [2, 'b', 'FR'], 1],
      ['customers', [3, null, 'DE'], 1],
      ['customers', [4, 'd', null], 1],
    ]),
    ['+[2,"A"]', '+[4,null]'],
  );
  assert.deepEqual(
    live.tick([
      ['customers', [1, 'a', 'DE'], -1],
      ['customers', [1, 'x', 'DE'], 1],
    ]),
    ['-[2,"A"]', '+[2,"X"]'],
  );
});

test('what comes and goes within one tick is not told', () => {
  const live = new LiveQuery('SELECT name FROM customers', shop);
  assert.deepEqual(
    live.tick([
      ['customers', [1, 'a', 'DE'], 1],
      ['customers', [1, 'a', 'DE'], -1],
      ['customers', [2, 'b', 'DE'], 1],
      ['customers', [2, 'b', 'DE'], -1],
      ['customers', [2, 'b', 'DE'], 1],
    ]),
    ['+["b"]'],
  );
});

test('what several queries have in common is computed once and remembered once, in whatever words it is written', () => {
  const queries = [
    'SELECT a, n FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a) x WHERE n > 1',
    'SELECT c.n, COUNT(*) FROM (SELECT t.a AS k, COUNT(*) AS n FROM t GROUP BY t.a) c GROUP BY c.n',
    'SELECT x.id FROM t x JOIN u ON x.a = u.k',
    'SELECT t.id, u.v FROM t JOIN u ON t.a = u.k WHERE u.v IS NULL OR u.v IS NOT NULL',
  ];
  const memoryOf = (...texts: string[]): number =>
    dataflow(new Map(texts.map((text, at) => [String(at), planOf(text, oracleCatalog)])), settings).memory!.length;
  const alone = queries.reduce((sum, query) => sum + memoryOf(query), 0);
  assert.equal(alone, 1 + 2 + 2 + 2);
  // The groups of the first two, and no sides of the joins, as one keeps filtered rows of u.
  assert.equal(memoryOf(...queries), alone - 1);
  assert.equal(memoryOf(queries[2]!, queries[2]!), 2);
});

test('an update of a column that is not asked for tells nothing', () => {
  const live = new LiveQuery('SELECT id, name FROM customers', shop);
  live.tick([['customers', [1, 'a', 'DE'], 1]]);
  assert.deepEqual(
    live.tick([
      ['customers', [1, 'a', 'DE'], -1],
      ['customers', [1, 'a', 'FR'], 1],
    ]),
    [],
  );
});

test('VALUES stand in the result from the first tick on, once', () => {
  const live = new LiveQuery("SELECT id * 2, name FROM (VALUES (1, 'a'), (2, 'bc')) AS v (id, name)", shop);
  assert.deepEqual(live.tick([]), ['+[2,"a"]', '+[4,"bc"]']);
  assert.deepEqual(live.tick([]), []);
});

test('UNION ALL keeps what several inputs give', () => {
  const live = new LiveQuery('SELECT id FROM orders UNION ALL SELECT id FROM customers', shop);
  live.tick([
    ['customers', [1, 'a', 'DE'], 1],
    ['orders', [1, 1, 100, 1, null, null], 1],
  ]);
  assert.deepEqual([...live.rows], [['[1]', 2]]);
});

test('says which columns of a table are read', () => {
  const plans = new Map([
    ['a', planOf('SELECT UPPER(name) FROM customers WHERE id > 1', shop)],
    ['b', planOf('SELECT qty FROM orders', shop)],
    ['c', planOf('SELECT * FROM lines WHERE amount > 1e0', shop)],
  ]);
  const joined =
    'SELECT c.name, COUNT(*) FROM orders o JOIN customers c ON o.customer = c.id WHERE o.qty > 1 GROUP BY c.name';
  const tied =
    'SELECT id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY country ORDER BY name) AS n FROM customers) WHERE n = 1';
  const columnsOf = (query: string): unknown =>
    [...dataflow(new Map([['out', planOf(query, shop)]]), settings).inputs].map(([name, { columns }]) => [
      name,
      [...columns].sort(),
    ]);
  assert.deepEqual(columnsOf(joined), [
    ['orders', [1, 3]],
    ['customers', [0, 1]],
  ]);
  assert.deepEqual(columnsOf(tied), [['customers', [0, 1, 2]]]);
  const { inputs } = dataflow(plans, settings);
  const read = [...inputs].map(([name, { columns }]) => [name, [...columns].sort()]);
  assert.deepEqual(read, [
    ['customers', [0, 1]],
    ['orders', [3]],
    ['lines', [0, 1, 2]],
  ]);
});

test('a dataflow that failed is not used again', () => {
  const live = new LiveQuery('SELECT 1 / qty FROM orders', shop);
  assert.throws(() => live.tick([['orders', [1, 1, 100, 0, null, null], 1]]), { code: 'SQL_DIVISION_BY_ZERO' });
  assert.throws(() => live.tick([]), /ticks no more/);
});

test('the same changes give the same result, wherever ticks end', () => {
  const queries = [
    'SELECT a, FIRST_VALUE(s), LAST_VALUE(s), LISTAGG(s), MIN(b), COUNT(DISTINCT b) FROM t GROUP BY a',
    'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.k AND t.b < u.id',
    'SELECT a FROM t EXCEPT ALL SELECT k FROM u',
    'SELECT u.v, SUM(t.b) AS total FROM t JOIN u ON t.a = u.k GROUP BY u.v ORDER BY total DESC LIMIT 2',
  ];
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (seed, sizes) => {
      using oracle = new SqliteOracle(new SeededRandom(seed));
      const changes = oracle.change(30);
      for (const query of queries) {
        const [whole, split] = [new LiveQuery(query, oracleCatalog), new LiveQuery(query, oracleCatalog)];
        whole.tick(changes);
        let at = 0;
        for (let tick = 0; at < changes.length; tick += 1) {
          const size = sizes[tick % sizes.length]!;
          split.tick(changes.slice(at, at + size));
          at += size;
        }
        assert.deepEqual(split.resultRows(), whole.resultRows(), query);
      }
    }),
    { numRuns: 60 },
  );
});

test('a row goes with the time it came at, and with the chance it had', () => {
  let chance = 0;
  const random = (): number => {
    chance += 0.125;
    return chance;
  };
  const query = "SELECT id, UNIX_TIMESTAMP() AS came, RAND() AS r FROM customers WHERE country = 'DE'";
  const flow = dataflow(new Map([['out', planOf(query, shop)]]), { timeZone: 'UTC', random });
  const tick = (now: number, weight: 1 | -1, country: string): unknown => {
    flow.inputs.get('customers')!.push([1, 'a', country], weight);
    return flow.tick({ now }).get('out')!.rows;
  };
  assert.deepEqual(tick(1000, 1, 'DE'), [[1, 1, 0.125]]);
  assert.deepEqual(tick(2000, 1, 'FR'), []);
  assert.deepEqual(tick(3000, 1, 'DE'), [[1, 3, 0.25]]);
  assert.deepEqual(tick(4000, -1, 'FR'), []);
  assert.deepEqual(tick(5000, -1, 'DE'), [[1, 3, 0.25]]);
  assert.deepEqual(tick(6000, -1, 'DE'), [[1, 1, 0.125]]);
});

test('a row stays out of a result or in it as it was when it came, whatever the time says later', () => {
  const live = new LiveQuery('SELECT COUNT(*) FROM customers WHERE UNIX_TIMESTAMP() < 5', shop);
  live.tick([['customers', [1, 'a', 'DE'], 1]], 1000);
  live.tick([['customers', [2, 'b', 'DE'], 1]], 9000);
  assert.deepEqual(live.resultRows(), ['[1]']);
  live.tick([['customers', [2, 'b', 'DE'], -1]], 1000);
  assert.deepEqual(live.resultRows(), ['[1]']);
  live.tick([['customers', [1, 'a', 'DE'], -1]], 9000);
  assert.deepEqual(live.resultRows(), ['[0]']);
});
