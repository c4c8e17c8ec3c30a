import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import { followQuery } from '../follow-query.ts';
import { type Outcome, SqlProgram } from '../sql-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-functions-'));
after(() => rmSync(folder, { recursive: true }));
const defined = new URL('define-function.ts', import.meta.url).href;
writeFileSync(
  join(folder, 'own.ts'),
  `import { defineFunction } from '${defined}';
export const masked = defineFunction({
  arguments: ['STRING', 'INT'],
  returns: 'STRING',
  call: (text, kept) => (text === null ? null : text.slice(0, kept ?? 0).padEnd(text.length, '*')),
});
export const twice = defineFunction({ arguments: ['DECIMAL(10, 2)'], returns: 'DECIMAL(12, 2)', call: (v) => v === null ? null : String((Number(v) * 2).toFixed(2)) });
export const told = defineFunction({ arguments: ['BIGINT', 'DATE', 'TIMESTAMP(3)', 'BYTES', 'BOOLEAN'], returns: 'STRING',
  call: (...values) => values.map((v) => (v instanceof Uint8Array ? [...v].join() : String(v))).join(' ') });
export const beyond = defineFunction({ arguments: ['BIGINT'], returns: 'INT', call: (v) => Number(v) });
export const throwing = defineFunction({ arguments: ['STRING'], returns: 'INT', call: (v) => { throw new RangeError(v ?? ''); } });
export const later = defineFunction({ arguments: [], returns: 'INT', call: async () => 1 } as never);
export const odd = defineFunction({ arguments: ['ARRAY<INT>'], returns: 'INT', call: () => 1 } as never);
export default defineFunction({ arguments: [], returns: 'INT', call: () => 42 });
`,
);

const run = async (sql: string): Promise<readonly Outcome[]> => {
  const program = new SqlProgram({ bounded: true, server: null, expand: (text) => text, hide: () => {}, folder });
  const outcomes: Outcome[] = [];
  for (const statement of parseScript(sql)) {
    await program.prepare(statement);
    outcomes.push(program.take(statement));
  }
  return outcomes;
};

const create = (name: string, more = 'LANGUAGE TYPESCRIPT'): string => `CREATE FUNCTION ${name} AS './own.ts' ${more};`;

/** The rows of the last statement, which is a query over no table. */
const rows = async (sql: string): Promise<readonly unknown[]> => {
  const last = (await run(sql)).at(-1)!;
  assert.equal(last.kind, 'query');
  if (last.kind !== 'query') return [];
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { pipeline: 'test', log, clock: systemClock };
  const { signal } = new AbortController();
  for await (const delta of followQuery({ ...last.query, context, signal })) return delta.rows;
  return [];
};

test('a function of a module is called by its name in any case, with arguments cast and NULL handed on', async () => {
  const sql = `${create('masked')} SELECT masked(name, CAST(2 AS SMALLINT)), Masked(CAST(NULL AS STRING), 1) FROM (VALUES ('abcd')) AS t (name)`;
  assert.deepEqual(await rows(sql), [['ab**', null]]);
  assert.deepEqual(await rows(`${create('twice')} SELECT twice(1.25), CAST(twice(1.5) + 1 AS STRING)`), [
    [250, '4.00'],
  ]);
  assert.deepEqual(
    await rows(
      `${create('told')} SELECT told(9007199254740993, DATE '2026-01-31', TIMESTAMP '2026-01-31 12:00:00.5', x'01ff', TRUE)`,
    ),
    [['9007199254740993 2026-01-31 2026-01-31 12:00:00.500 1,255 true']],
  );
  assert.deepEqual(await rows(`${create('whatever', '')} SELECT whatever()`), [[42]]);
});

test('it can stand in views and inserts, replaces a built-in one when it says so, and can be dropped', async () => {
  const system = "CREATE TEMPORARY SYSTEM FUNCTION reverse AS './own.ts' LANGUAGE TYPESCRIPT;";
  assert.deepEqual(await rows(`${system} CREATE VIEW v AS SELECT reverse() AS n; SELECT n + 1 FROM v`), [[43]]);
  const outcomes = await run(`${create('masked')} SHOW USER FUNCTIONS; DROP FUNCTION MASKED; SHOW USER FUNCTIONS`);
  assert.deepEqual(
    outcomes.flatMap((outcome) => (outcome.kind === 'answer' ? [outcome.answer.rows] : [])),
    [[['MASKED']], []],
  );
});

test('CURRENT_DATABASE() is the database in use when a statement is settled', async () => {
  const sql = 'CREATE DATABASE shop; CREATE VIEW v AS SELECT current_database() AS d; USE shop;';
  assert.deepEqual(await rows(`${sql} SELECT CURRENT_DATABASE(), d FROM default_database.v`), [
    ['shop', 'default_database'],
  ]);
});

const refused: readonly (readonly [what: string, sql: string, code: string, at: string, said: RegExp])[] = [
  ['a module that is not there', "CREATE FUNCTION f AS './none.ts'", 'SQL_INVALID', 'CREATE', /cannot be loaded/],
  ['a class of Java', "CREATE FUNCTION f AS 'org.x.F'", 'SQL_NOT_SUPPORTED', 'CREATE', /LANGUAGE TYPESCRIPT/],
  ['a type that cannot pass', create('odd'), 'SQL_INVALID', 'CREATE', /no ARRAY<INT>/],
  ['a built-in name', create('reverse'), 'SQL_INVALID', 'reverse', /built in/],
  ['a name that is taken', `${create('masked')}${create('masked')}`, 'SQL_INVALID', 'masked AS', /already/],
  [
    'too few arguments',
    `${create('masked')} SELECT masked('a')`,
    'SQL_INVALID',
    "masked('a')",
    /masked\(STRING, INT\)/,
  ],
  [
    'a wrong argument',
    `${create('masked')} SELECT masked('a', DATE '2026-01-01')`,
    'SQL_TYPE_MISMATCH',
    'DATE',
    /takes INT/,
  ],
  [
    'one that was dropped',
    `${create('masked')} DROP FUNCTION masked; SELECT masked('a', 1)`,
    'SQL_UNKNOWN_NAME',
    "masked('a'",
    /function/,
  ],
  ['one that was never there', 'DROP FUNCTION masked', 'SQL_UNKNOWN_NAME', 'masked', /no function/],
];

for (const [what, sql, code, at, said] of refused) {
  test(`${what} is refused at its place`, async () => {
    await assert.rejects(run(sql), (error: unknown) => {
      assert.ok(isMillraceError(error) && error.code === code, String(error));
      assert.match(error.message, said);
      assert.ok(sql.slice(spanOfError(error)!.start).startsWith(at), sql.slice(spanOfError(error)!.start));
      return true;
    });
  });
}

test('what a function throws, or gives that it should not, stops the row and tells no value', async () => {
  for (const [name, args, said] of [
    ['throwing', "'a secret'", /^throwing failed: it threw RangeError at own\.ts:\d+:\d+$/],
    ['beyond', '3000000000', /it returns INT, and gave a number that is none/],
    ['later', '', /a promise, and nothing is waited for/],
  ] as const) {
    await assert.rejects(rows(`${create(name)} SELECT ${name}(${args})`), (error: unknown) => {
      assert.ok(isMillraceError(error, 'SQL_FUNCTION_FAILED'));
      assert.match(error.message, said);
      return true;
    });
  }
});
