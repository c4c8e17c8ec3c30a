import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MirroredShop } from '../testing/mirrored-shop.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

const millrace = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [main, 'verify', ...args], { timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
};

const [server] = testServers();
const skip = server === undefined;

test('verify prints a table of figures and the keys that differ, and repairs them', { skip }, async () => {
  await using shop = await MirroredShop.open(server!, [
    'CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20))',
    "INSERT INTO a VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    'CREATE TABLE b (id INT PRIMARY KEY)',
  ]);
  const { database } = shop.rig;
  const file = `${shop.path}.yaml`;
  const fix = `${shop.path}.sql`;
  writeFileSync(
    file,
    `pipeline: {name: ${database}}
source: {type: mysql, hostname: ${server!.host}, port: ${server!.port}, username: ${server!.user}, password: "${server!.password}", tables: ${database}.\\.*}
sink: [{type: sqlite, path: ${shop.path}}, {type: blackhole}]
`,
  );
  try {
    const equal = await millrace(file);
    assert.equal(equal.code, 0, equal.stderr);
    assert.match(equal.stdout, new RegExp(`^${database}\\.a +3 +1 +3 +0 +0 +0 +0  equal$`, 'm'));
    assert.match(equal.stderr, /cannot be read back.*blackhole/);

    shop.tamper(`UPDATE "{db}.a" SET v = 'secret value' WHERE id = 2`, `DELETE FROM "{db}.a" WHERE id = 3`);
    const different = await millrace(file, '--export-fix', fix, '-o', 'json');
    assert.equal(different.code, 3, different.stderr);
    const { schema, data } = JSON.parse(different.stdout);
    assert.equal(schema, 'millrace.verify/v1');
    const [a] = data.comparisons[0].tables;
    assert.deepEqual([a.status, a.counts.match, a.counts.mismatched, a.counts.missing], ['different', 1, 1, 1]);
    assert.deepEqual(a.differences, [
      { key: { id: 2 }, verdict: 'mismatched', count: 1 },
      { key: { id: 3 }, verdict: 'missing', count: 1 },
    ]);
    assert.match(readFileSync(fix, 'utf8'), /^INSERT INTO .* VALUES \(2, 'two'\).*;$/m);
    assert.doesNotMatch(different.stderr, /two|secret value/);

    const urls = ['--from', `mysql://${server!.user}@${server!.host}:${server!.port}/`, '--to', `sqlite:${shop.path}`];
    const byUrl = await millrace(...urls, '--table', `${database}.a`);
    assert.equal(byUrl.code, 3, byUrl.stderr);
    assert.match(byUrl.stdout, /mismatched {2}id=2\n.*missing {2}id=3/);

    const repaired = await millrace(file, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.match(repaired.stdout, /equal, 2 repaired/);
    assert.equal((await millrace(file)).code, 0);
  } finally {
    rmSync(file);
    rmSync(fix, { force: true });
  }
});

test('verify says what is wrong with its command line', async () => {
  assert.match((await millrace()).stderr, /name a pipeline file, or two systems/);
  const half = await millrace('--from', 'mysql://a/');
  assert.deepEqual([half.code, /with both --from and --to/.test(half.stderr)], [2, true]);
  assert.match((await millrace('--from', 'http://a/', '--to', 'mysql://b/')).stderr, /write mysql:\/\/user/);
  assert.match((await millrace('--from', 'mysql://a/', '--to', 'sqlite:/nowhere/x.db')).stderr, /no such file/);
});
