import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { SessionFunctions } from '../../sql/catalog/session-functions.ts';
import { parseQueryText } from '../../sql/parse/grammar.ts';
import { bindQuery } from '../../sql/plan/bind-query.ts';
import { explainText } from '../../sql/plan/explain.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import { MapSpace } from '../../testing/map-space.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { LiveQuery, sqlCatalog, sqlTable, type TableChange } from '../../testing/sql-rig.ts';
import { aggregateFunction } from './aggregate-function.ts';
import { defineAggregate } from './define-aggregate.ts';
import { defineTableFunction } from './define-table-function.ts';
import { tableFunction } from './table-function.ts';

const catalog = sqlCatalog([
  sqlTable('notes', { id: 'INT NOT NULL', body: 'STRING', n: 'INT' }, { primaryKey: [0] }),
  sqlTable('log', { id: 'INT NOT NULL', body: 'STRING', n: 'INT' }, { appendOnly: true }),
]);

const words = defineTableFunction({
  arguments: ['STRING'],
  returns: { word: 'STRING', length: 'INT' },
  *call(text) {
    for (const word of text?.split(' ') ?? []) yield word === '-' ? { length: 0 } : { word, length: word.length };
  },
});

/** The values, least first: what it keeps is a Map. */
const listed = defineAggregate({
  arguments: ['INT'],
  returns: 'STRING',
  createAccumulator: () => new Map<number | null, number>(),
  accumulate: (kept, value) => void kept.set(value, (kept.get(value) ?? 0) + 1),
  retract(kept, value) {
    const count = kept.get(value)! - 1;
    if (count === 0) kept.delete(value);
    else kept.set(value, count);
  },
  getValue: (kept) =>
    [...kept]
      .sort(([a], [b]) => (a ?? -1) - (b ?? -1))
      .map(([value, count]) => `${value}x${count}`)
      .join(' '),
});

const growing = defineAggregate({
  arguments: ['INT'],
  returns: 'BIGINT',
  createAccumulator: () => ({ sum: 0 }),
  accumulate(kept, value) {
    kept.sum += value ?? 0;
  },
  getValue: (kept) => kept.sum,
});

const nowhere = { span: { start: 0, end: 0 }, made: 'test' };
const functions = new SessionFunctions();
functions.declare(tableFunction('words', words, nowhere));
functions.declare(aggregateFunction('listed', listed, nowhere));
functions.declare(aggregateFunction('growing', growing, nowhere));

const plan = (query: string): Plan => bindQuery(functions.resolved(parseQueryText(query), 'd'), catalog);
const live = (query: string): LiveQuery => new LiveQuery(plan(query), catalog);
const note = (weight: 1 | -1, id: number, body: string | null, n: number | null = null): TableChange => [
  'notes',
  [id, body, n],
  weight,
];

test('LATERAL TABLE lays the rows of a function beside the row that they are made of, and takes them back with it', () => {
  const inner = live('SELECT id, w, l FROM notes, LATERAL TABLE(words(body)) AS t (w, l)');
  inner.tick([note(1, 1, 'to be to'), note(1, 2, ''), note(1, 3, null), note(1, 4, '-')]);
  assert.deepEqual(inner.resultRows(), ['[1,"be",2]', '[1,"to",2]', '[1,"to",2]', '[2,"",0]', '[4,null,0]']);
  assert.deepEqual(inner.tick([note(-1, 1, 'to be to'), note(1, 1, 'be')]), ['-[1,"to",2]', '-[1,"to",2]']);
  inner.tick([note(-1, 1, 'be'), note(-1, 2, ''), note(-1, 3, null), note(-1, 4, '-')]);
  assert.deepEqual(inner.resultRows(), []);

  const left = live('SELECT id, word FROM notes LEFT JOIN LATERAL TABLE(words(body)) ON TRUE');
  left.tick([note(1, 3, null), note(1, 4, 'a b')]);
  assert.deepEqual(left.resultRows(), ['[3,null]', '[4,"a"]', '[4,"b"]']);
  const filtered = live('SELECT id, word FROM notes JOIN LATERAL TABLE(words(body)) AS w ON w.length > notes.n');
  filtered.tick([note(1, 4, 'a bcd', 2)]);
  assert.deepEqual(filtered.resultRows(), ['[4,"bcd"]']);
});

test('a table function without a table before it is called once', () => {
  const alone = live("SELECT word, COUNT(*) FROM TABLE(words('a b a')) GROUP BY word");
  alone.tick([]);
  assert.deepEqual(alone.resultRows(), ['["a",2]', '["b",1]']);
});

test('an aggregate is what its rows make it, as they come, change and go, and after it was restored', () => {
  const text = `SELECT id / 4, listed(n), listed(DISTINCT n), listed(n) FILTER (WHERE body = 'x') FROM notes GROUP BY id / 4`;
  let query = live(text);
  const spaces = query.flow.memory!.map((memory) => {
    const space = new MapSpace();
    memory.keepIn(space);
    return space;
  });
  const random = new SeededRandom(7);
  const rows = new Map<number, TableChange>();
  for (let turn = 0; turn < 60; turn += 1) {
    const changes: TableChange[] = [];
    for (let times = random.integer(0, 4); times > 0; times -= 1) {
      const id = random.integer(0, 15);
      const before = rows.get(id);
      if (before !== undefined) changes.push([before[0], before[1], -1]);
      const after = note(1, id, random.pick(['x', 'y', null]), random.pick([null, 1, 2, 3]));
      if (random.chance(0.7)) changes.push(after);
      if (changes.at(-1) === after) rows.set(id, after);
      else rows.delete(id);
    }
    query.tick(changes);
    const expected = Map.groupBy(rows.values(), ([, [id]]) => Math.trunc((id as number) / 4));
    assert.deepEqual(
      query.resultRows(),
      [...expected].map(([group, of]) => JSON.stringify([group, ...recomputed(of)])).sort(),
      `turn ${turn}`,
    );
    if (!random.chance(0.2)) continue;
    for (const memory of query.flow.memory!) memory.write();
    const kept = query.rows;
    query = live(text);
    for (const [row, count] of kept) query.rows.set(row, count);
    for (const [at, memory] of query.flow.memory!.entries()) memory.restoreFrom(spaces[at]!);
    query.flow.restored();
  }
});

/** What the three columns are, computed from the rows alone. */
const recomputed = (changes: readonly TableChange[]): readonly string[] => {
  const values = changes.map(([, [, , n]]) => n as number | null);
  const chosen = changes.filter(([, [, body]]) => body === 'x').map(([, [, , n]]) => n as number | null);
  return [values, [...new Set(values)], chosen].map((each) => {
    const kept = listed.createAccumulator();
    for (const value of each) listed.accumulate(kept, value);
    return listed.getValue(kept)!;
  });
};

test('without retract it is computed over rows that only come, and refused where they change', () => {
  const query = live('SELECT growing(n) FROM log');
  query.tick([['log', [1, null, 4], 1]]);
  query.tick([['log', [2, null, 5], 1]]);
  assert.deepEqual(query.resultRows(), ['[9]']);
  assert.match(explainText(query.plan), /GROWING/);
});

const refused: readonly (readonly [what: string, query: string, code: string, at: string, said: RegExp])[] = [
  [
    'an aggregate without retract over rows that change',
    'SELECT growing(n) FROM notes',
    'SQL_NOT_SUPPORTED',
    'growing',
    /no retract/,
  ],
  [
    'an aggregate of an aggregate',
    'SELECT listed(growing(n)) FROM log',
    'SQL_INVALID',
    'growing',
    /aggregate of an aggregate/,
  ],
  ['an aggregate in WHERE', 'SELECT id FROM log WHERE listed(n) = 1', 'SQL_INVALID', 'listed', /aggregate/],
  ['an aggregate with OVER', 'SELECT listed(n) OVER (ORDER BY id) FROM log', 'SQL_NOT_SUPPORTED', 'listed', /GROUP BY/],
  [
    'an argument of a wrong type',
    "SELECT listed(DATE '2026-01-01') FROM log",
    'SQL_TYPE_MISMATCH',
    'DATE',
    /takes INT/,
  ],
  ['too many arguments', 'SELECT listed(n, n) FROM log', 'SQL_INVALID', 'listed', /listed\(INT\)/],
  ['a table function as a value', 'SELECT words(body) FROM notes', 'SQL_INVALID', 'words', /LATERAL TABLE/],
  [
    'a function of one row as a table',
    'SELECT 1 FROM notes, LATERAL TABLE(UPPER(body))',
    'SQL_INVALID',
    'UPPER',
    /makes no rows/,
  ],
  [
    'a table function that nobody declared',
    'SELECT 1 FROM notes, LATERAL TABLE(letters(body))',
    'SQL_NOT_SUPPORTED',
    'letters',
    /CREATE FUNCTION/,
  ],
  [
    'names for too few columns',
    'SELECT 1 FROM notes, LATERAL TABLE(words(body)) AS t (w)',
    'SQL_INVALID',
    'AS t (w)',
    /1 names are given to 2/,
  ],
  [
    'a table function on the outer side',
    'SELECT 1 FROM notes RIGHT JOIN LATERAL TABLE(words(body)) ON TRUE',
    'SQL_NOT_SUPPORTED',
    'LATERAL',
    /INNER, LEFT/,
  ],
];

for (const [what, query, code, at, said] of refused) {
  test(`${what} is refused at its place`, () => {
    assert.throws(
      () => plan(query),
      (error: unknown) => {
        assert.ok(isMillraceError(error) && error.code === code, String(error));
        assert.match(error.message, said);
        assert.ok(query.slice(spanOfError(error)!.start).startsWith(at), query.slice(spanOfError(error)!.start));
        return true;
      },
    );
  });
}

class Sum {
  sum = 0;
}

const badly: readonly (readonly [what: string, run: () => void, said: RegExp])[] = [
  ...(
    [
      ['a row that is no object', () => ['a'], /a row of it is an object/],
      ['a column that it does not return', () => [{ words: 'a' }], /a column words, which it does not return/],
      ['a value that the type does not hold', () => [{ word: 1 }], /its column word returns STRING/],
      ['no rows', () => 'abc', /it gives rows/],
      [
        'an error in its generator',
        () => {
          throw new RangeError('a secret');
        },
        /^words failed: it threw RangeError at user-functions\.test\.ts:\d+:\d+$/,
      ],
    ] as const
  ).map(
    ([what, call, said]) =>
      [
        `a table function that gives ${what}`,
        (): void => {
          const own = new SessionFunctions();
          own.declare(tableFunction('words', { ...words, call } as never, nowhere));
          const query = own.resolved(parseQueryText('SELECT word FROM notes, LATERAL TABLE(words(body))'), 'd');
          new LiveQuery(bindQuery(query, catalog), catalog).tick([note(1, 1, 'a')]);
        },
        said,
      ] as const,
  ),
  ...(
    [
      ['an accumulator of a class', { createAccumulator: () => new Sum() }, /no object of plain data/],
      ['an accumulator that is a number', { createAccumulator: () => 1 }, /no object of plain data/],
      ['a promise', { accumulate: async () => {} }, /promise/],
      ['a value that the type does not hold', { getValue: () => 1.5 }, /it returns BIGINT/],
    ] as const
  ).map(
    ([what, steps, said]) =>
      [
        `an aggregate that gives ${what}`,
        (): void => {
          const own = new SessionFunctions();
          own.declare(aggregateFunction('growing', { ...growing, ...steps } as never, nowhere));
          const query = own.resolved(parseQueryText('SELECT growing(n) FROM log'), 'd');
          new LiveQuery(bindQuery(query, catalog), catalog).tick([['log', [1, null, 4], 1]]);
        },
        said,
      ] as const,
  ),
];

for (const [what, run, said] of badly) {
  test(`${what} stops the query and tells no value`, () => {
    assert.throws(run, (error: unknown) => {
      assert.ok(isMillraceError(error, 'SQL_FUNCTION_FAILED'), String(error));
      assert.match(error.message, said);
      return true;
    });
  });
}
