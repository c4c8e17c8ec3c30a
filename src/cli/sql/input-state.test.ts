import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputState } from './input-state.ts';

const cases: readonly (readonly [text: string, state: ReturnType<typeof inputState>])[] = [
  ['', 'empty'],
  ['  \n-- nothing yet\n', 'empty'],
  ['SELECT 1\n', 'open'],
  ['SELECT 1;\n', 'whole'],
  ['SELECT 1; -- and that is all\n', 'whole'],
  ['SELECT 1; SELECT\n', 'open'],
  ["SELECT 'a;\n", 'open'],
  ["SELECT 'a;\n';\n", 'whole'],
  ['SELECT `a;\n', 'open'],
  ['SELECT 1 /* a; \n', 'open'],
  ['EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;\n', 'open'],
  ['EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;\nEND;\n', 'whole'],
  ['begin statement set; insert into a select CASE WHEN b THEN 1 END;\n', 'open'],
  ['BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END; SELECT 1;\n', 'whole'],
  ['SELECT "a"\n', 'whole'],
];

for (const [text, state] of cases) {
  test(`${JSON.stringify(text)} is ${state}`, () => assert.equal(inputState(text), state));
}
