import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Runs the runner over planted files, and gives its last line, exit code and everything it printed. */
const runOver = (files: Readonly<Record<string, string>>, patterns: readonly string[] = [], env = {}) => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-runner-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const clean: NodeJS.ProcessEnv = { ...process.env, CI: 'false', ...env, MILLRACE_TEST_ROOT: root };
    // Otherwise the runner under test takes itself for a test file of this run.
    delete clean['NODE_TEST_CONTEXT'];
    const runner = fileURLToPath(new URL('test.ts', import.meta.url));
    const run = spawnSync(process.execPath, [runner, ...patterns], { encoding: 'utf8', env: clean });
    return { status: run.status, last: run.stdout.trimEnd().split('\n').at(-1), stdout: run.stdout };
  } finally {
    rmSync(root, { recursive: true });
  }
};

const passing = "import { test } from 'node:test'; test('passes', () => {});";

test('closes with the counts and exits 0 when everything passed', () => {
  const run = runOver({
    'src/a.test.ts': passing,
    'bench/b.test.ts': `${passing} test('another', { skip: 'no reason' }, () => {});`,
    'src/not-a-test.ts': 'throw new Error()',
  });
  assert.deepEqual([run.last, run.status], ['2 passed, 0 failed, 1 skipped', 0]);
});

test('names a failing test with its words and the tests around it', () => {
  const run = runOver({
    'src/a.test.ts': `import { test } from 'node:test';
      test('outer', async (t) => { await t.test('inner', () => { throw new Error('planted'); }); });`,
  });
  assert.deepEqual([run.last, run.status], ['0 passed, 2 failed, 0 skipped', 1]);
  assert.match(run.stdout, /FAILED src\/a\.test\.ts\n\s+outer\n\s+inner\n\s+Error: planted/);
});

const falselyGreen: Readonly<Record<string, string>> = {
  'is empty': '',
  'exits before its first test': 'process.exit(0);',
  'exits in the middle of its tests': `${passing} test('exits', () => process.exit(0)); test('never', () => {});`,
  'exits while a test waits': `${passing} test('waits', () => new Promise((r) => setTimeout(r, 999)));
    setTimeout(() => process.exit(0), 50);`,
  'does not parse': 'const x: = 3;',
  'exits with an error after its tests': `${passing} process.on('exit', () => { process.exitCode = 1; });`,
  'throws after its tests': `import { test } from 'node:test';
    test('passes too early', () => { setTimeout(() => { throw new Error('planted'); }, 20); });`,
};

for (const [trait, text] of Object.entries(falselyGreen)) {
  test(`counts a file that ${trait} as a failure`, () => {
    const run = runOver({ 'src/a.test.ts': passing, 'src/b.test.ts': text });
    assert.match(run.last ?? '', /^[12] passed, 1 failed, 0 skipped$/);
    assert.equal(run.status, 1);
    assert.match(run.stdout, /FAILED src\/b\.test\.ts/);
  });
}

test('counts a failing todo as a failure', () => {
  const run = runOver({
    'src/a.test.ts': `${passing} test('later', { todo: true }, () => { throw new Error('planted'); });`,
  });
  assert.deepEqual([run.last, run.status], ['1 passed, 1 failed, 0 skipped', 1]);
});

test('fails when no file matches the pattern, and runs only those that do', () => {
  const files = { 'src/one.test.ts': passing, 'src/deep/two.test.ts': passing };
  assert.deepEqual(runOver(files, ['three']).last, '0 passed, 1 failed, 0 skipped');
  assert.equal(runOver(files, ['three']).status, 1);
  assert.deepEqual(runOver(files, ['two']).last, '1 passed, 0 failed, 0 skipped');
  assert.deepEqual(runOver(files, ['src/deep']).last, '1 passed, 0 failed, 0 skipped');
});

test('skips the files whose servers cannot be had, loudly, and fails on them in CI', () => {
  const empty = mkdtempSync(join(tmpdir(), 'millrace-empty-'));
  try {
    // No apt-get on the PATH and nothing in the cache: what a visitor on another system has.
    const elsewhere = { PATH: empty, XDG_CACHE_HOME: empty };
    const files = { 'src/a.test.ts': passing, 'src/b.mysql.test.ts': passing };
    const visitor = runOver(files, [], elsewhere);
    assert.deepEqual([visitor.last, visitor.status], ['1 passed, 0 failed, 3 skipped', 0]);
    assert.match(visitor.stdout, /SKIPPED 1 files on mysql-9\.7: .* cannot be had/);
    const ci = runOver(files, [], { ...elsewhere, CI: 'true' });
    assert.deepEqual([ci.last, ci.status], ['1 passed, 3 failed, 0 skipped', 1]);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test('uses the servers that the environment names, and launches none', () => {
  const named = Object.fromEntries(
    ['MYSQL_97', 'MARIADB_118', 'MARIADB_1011'].map((name, i) => [
      `MILLRACE_TEST_${name}`,
      `mysql://tester:p%40ss@db.example:330${i}`,
    ]),
  );
  const run = runOver(
    {
      'src/a.mysql.test.ts': `import { test } from 'node:test'; import assert from 'node:assert/strict';
        test('sees them', () => {
          const servers = JSON.parse(process.env.MILLRACE_TEST_SERVERS);
          assert.deepEqual(servers.map((s) => s.port), [3300, 3301, 3302]);
          assert.equal(servers[0].password, 'p@ss');
          assert.equal(servers[2].flavor, 'mariadb');
        });`,
    },
    [],
    named,
  );
  assert.deepEqual([run.last, run.status], ['1 passed, 0 failed, 0 skipped', 0]);
});
