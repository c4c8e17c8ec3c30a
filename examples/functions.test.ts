import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const data = mkdtempSync(join(tmpdir(), 'millrace-example-'));
after(() => rmSync(data, { recursive: true }));
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

test('own-functions.yaml takes numbers apart with a table function, and an aggregate brings them together', () => {
  const file = fileURLToPath(new URL('own-functions.yaml', import.meta.url));
  const env = { ...process.env, FACTORED: join(data, 'factored.db') };
  const ran = spawnSync(process.execPath, [main, 'run', file], { cwd: data, env, encoding: 'utf8', timeout: 120_000 });
  assert.equal(ran.status, 0, ran.stderr);
  const rows = new DatabaseSync(env.FACTORED).prepare('SELECT * FROM factored ORDER BY id').all();
  assert.equal(rows.length, 59);
  for (const { id, product } of rows) assert.equal(product, id);
  assert.deepEqual({ ...rows[58] }, { id: 60, factors: 4, product: 60, largest: 5 });
});
