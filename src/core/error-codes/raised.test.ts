/** Every error code that millrace prints is asked for by name in some test, but for those named here, each with the reason. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorTable } from '../errors.ts';

/** Codes that no test raises, and why. A code that gets its test is taken off. */
const withoutTest: Readonly<Record<string, string>> = {
  MYSQL_DEFINITION_UNREADABLE: 'every definition that the servers here can make is read',
  SNAPSHOT_NOT_VISIBLE: 'needs a commit that hangs between the log and the engine',
  SNAPSHOT_OTHER_SERVER: 'needs a balancer in front of two servers',
};

/** Areas whose codes all have their test; the others are listed, not enforced. */
const enforced = [
  'BINLOG',
  'BYTES',
  'CLI',
  'CONFIG',
  'CONVERT',
  'FILE',
  'GTID',
  'NET',
  'PROJECTION',
  'ROUTE',
  'SQLITE',
];

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('every error code is raised by a test', (context) => {
  const own = fileURLToPath(import.meta.url);
  const files = globSync('{src,scripts,examples}/**/*.ts', { cwd: root }).filter(
    (file) => /\.test\.ts$|src\/testing\//.test(file) && !own.endsWith(file) && !file.includes('/locale/'),
  );
  const tests = files.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n');
  const raised = (code: string): boolean => new RegExp(`\\b${code}\\b`).test(tests);
  const missing = Object.keys(errorTable).filter((code) => !raised(code) && withoutTest[code] === undefined);
  for (const code of missing) context.diagnostic(`${code} is raised by no test`);
  for (const code of Object.keys(withoutTest)) {
    assert.ok(code in errorTable, `${code} is no code any more`);
    if (raised(code)) context.diagnostic(`${code} has its test now: take it off the list`);
  }
  assert.deepEqual(
    missing.filter((code) => enforced.includes(code.slice(0, code.indexOf('_')))),
    [],
  );
});
