/** Every error code that millrace prints is asked for by name in some test. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorTable } from '../errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('every error code is raised by a test', () => {
  const own = fileURLToPath(import.meta.url);
  const files = globSync('{src,scripts,examples}/**/*.ts', { cwd: root }).filter(
    (file) => /\.test\.ts$|src\/testing\//.test(file) && !own.endsWith(file) && !file.includes('/locale/'),
  );
  const tests = files.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n');
  // What a test makes itself proves nothing of the code.
  const asked = tests.replaceAll(/new MillraceError\(\s*'\w+'/g, '');
  const words = new Set(asked.match(/\b[A-Z]+_[A-Z_0-9]+\b/g));
  assert.deepEqual(
    Object.keys(errorTable).filter((code) => !words.has(code)),
    [],
    'codes that no test raises: write the shortest test that does, beside the code that throws it',
  );
});
