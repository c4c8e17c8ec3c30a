/**
 * What a process that runs one pipeline loads. Each module stays in the memory of each of fifty idle ones, so what checks settings,
 * reads files and serves HTTP must not come back.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** Files under src/ and names of packages, as loading these modules one after the other adds them. */
const loadedBy = (...modules: readonly string[]): readonly ReadonlySet<string>[] => {
  const script = `
    const { registerHooks } = await import('node:module');
    let urls = [];
    registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
    const steps = [];
    for (const url of JSON.parse(process.argv[1])) {
      await import(url);
      steps.push(urls.splice(0));
    }
    console.log(JSON.stringify(steps));`;
  const urls = modules.map((path) => new URL(path, root).href);
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(urls)], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  });
  return (JSON.parse(output) as string[][]).map((step) => new Set(step.map(nameOf)));
};

const nameOf = (url: string): string => {
  const [, named] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  return named ?? url.replace(root.href, '');
};

const packagesIn = (loaded: ReadonlySet<string>): readonly string[] =>
  [...loaded].filter((name) => !name.includes('.ts') && !name.startsWith('node:')).sort();

test('the process of a pipeline loads no package, and nothing that checks, serves or computes what its file does not ask for', () => {
  const [loaded] = loadedBy('cli/run-pipeline-process.ts');
  assert.deepEqual(packagesIn(loaded!), []);
  const idle =
    /^(sql|verify|demo|formats|protocol)\/|^operators\/transform\/|^server\/(api|routes|route|openapi|supervisor)|^config\/(frame|section|config-node|read-pipeline)/;
  assert.deepEqual(
    [...loaded!].filter((name) => idle.test(name)),
    [],
  );
});

test('the ends of a pipeline bring what they work with, and nothing that checks their settings', () => {
  const ends = [
    'blackhole/ends.ts',
    'file/ends.ts',
    'sqlite/ends.ts',
    'mysql/source.ts',
    'mysql/snapshot/snapshot-run.ts',
  ];
  const later = [
    'mysql/file-source.ts',
    'mysql/sink/ends.ts',
    'redis/source/ends.ts',
    'redis/sink/ends.ts',
    'kafka/ends.ts',
    'kafka/source/ends.ts',
  ];
  const steps = loadedBy(...[...ends, ...later].map((path) => `connectors/${path}`));
  for (const step of steps.slice(0, 3)) assert.deepEqual(packagesIn(step), []);
  const checks = /^(zod|yaml)$|^core\/settings\.ts|^connectors\/.*config\.ts$/;
  for (const step of steps)
    assert.deepEqual(
      [...step].filter((name) => checks.test(name)),
      [],
    );
});
