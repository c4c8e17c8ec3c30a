/** What is published, unpacked into an empty folder beside nothing but its dependencies, does what the sources do. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
after(() => rmSync(folder, { recursive: true }));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const pack = (): Packed => {
  const text = execFileSync('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  // The build's own output may stand before it.
  return (JSON.parse(text.slice(text.search(/^\[/m))) as Packed[])[0]!;
};

/** As `npm install` of the tarball does, with the dependencies that are here already. */
const install = ({ filename }: Packed): string => {
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'millrace');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', home]);
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    readonly bin: { readonly millrace: string };
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(manifest.dependencies)) {
    // A scope's folder is the package's own parent.
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  const command = join(home, manifest.bin.millrace);
  chmodSync(command, 0o755);
  return command;
};

const packed = pack();
const command = install(packed);

/** Runs the installed command by its own first line. */
const millrace = (...args: readonly string[]): { readonly status: number | null; readonly output: string } => {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;
  const run = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH: path } });
  return { status: run.status, output: `${run.stdout}${run.stderr}${run.error ?? ''}` };
};

/** Run by whoever has the package, and not by it. */
const ownPrograms: readonly string[] = ['examples/enrich.ts', 'examples/functions.ts'];

test('the package holds what runs and what is read, and nothing that only tests it', () => {
  const paths = packed.files.map(({ path }) => path);
  for (const wanted of [
    'README.md',
    'LICENSE',
    'schema/v1.json',
    'docs/errors.md',
    'docs/README.md',
    'examples/mirror.yaml',
    'examples/process-rows.yaml',
    'examples/own-functions.yaml',
    // The step and the functions that they name.
    ...ownPrograms,
    'CHANGELOG.md',
    'dist/index.d.ts',
  ]) {
    assert.ok(paths.includes(wanted), `${wanted} is missing`);
  }
  assert.deepEqual(
    paths.filter((path) => /\.test\.|contract|(?<!\.d)\.ts$/.test(path) && !ownPrograms.includes(path)),
    [],
  );
});

test('the installed command tells its version, explains codes and checks files', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(millrace('version').output.split(' ').slice(0, 2), ['millrace', version]);
  assert.match(millrace('explain', 'MYSQL_SERVER_RESET').output, /MYSQL_SERVER_RESET/);
  writeFileSync(join(folder, 'mirror.yaml'), readFileSync(join(root, 'examples/mirror.yaml')));
  const good = millrace('lint', 'mirror.yaml');
  assert.equal(good.status, 0, good.output);
  writeFileSync(join(folder, 'wrong.yaml'), 'source: {type: mysqll}\nsink: {type: sqlite, path: a.db}\n');
  const wrong = millrace('lint', 'wrong.yaml');
  assert.equal(wrong.status, 78, wrong.output);
  assert.match(wrong.output, /mysqll/);
});

test('the installed demo ends with both sides equal', () => {
  const { status, output } = millrace('demo', '--recorded', '--seconds', '3');
  assert.equal(status, 0, output);
  assert.match(output, /12 of 12 tables equal/);
});

test('as a library it exports what the sources export, by each of its entries', () => {
  const script = `import { createPipeline, MillraceError, mysql } from 'millrace';
    import { mysqlSink } from 'millrace/mysql';
    import { kafka, kafkaSource } from 'millrace/kafka';
    import { openReader, verifyTables } from 'millrace/verify';
    import { createCache } from 'millrace/cache';
    import { streams } from 'millrace/stream';
    import schema from 'millrace/schema/v1.json' with { type: 'json' };
    const error = new MillraceError('MYSQL_INCIDENT', { file: 'binlog.000001', offset: 4, reason: 'lost events' });
    console.log(typeof createPipeline, mysql.type, error.code, typeof mysqlSink.openSink, typeof kafka.openSink,
      typeof kafkaSource.openSource, typeof openReader, typeof verifyTables, typeof createCache, typeof streams, typeof schema);`;
  writeFileSync(join(folder, 'use.mjs'), script);
  const run = spawnSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' });
  const said = 'function mysql MYSQL_INCIDENT function function function function function function function object';
  assert.equal(run.stdout.trim(), said, run.stderr);
});

test('what it does not export cannot be imported', () => {
  const run = spawnSync(
    process.execPath,
    ['-e', `import('millrace/dist/cli/main.js').catch((e) => console.log(e.code))`],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  assert.equal(run.stdout.trim(), 'ERR_PACKAGE_PATH_NOT_EXPORTED', run.stderr);
});

test('programs are checked against its types, wrong settings included', () => {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@types/node'), join(modules, '@types/node'), 'junction');
  const programs = globSync('*.ts', { cwd: join(root, 'examples') }).filter((name) => !name.endsWith('.test.ts'));
  assert.ok(programs.length >= 3);
  for (const name of programs) cpSync(join(root, 'examples', name), join(folder, name));
  const types = `import { changes, type Change, mysql, openSource, openSink, sqlite } from 'millrace';
    import { kafka, kafkaSource } from 'millrace/kafka';
    import { mysqlSink } from 'millrace/mysql';
    import { type TableResult, verifyTables } from 'millrace/verify';
    import { createCache } from 'millrace/cache';
    export const read = async (): Promise<readonly Change[]> => {
      await using source = await openSource(mysql, { hostname: 'db1', username: 'u', tables: 'shop.orders', 'scan.startup.mode': 'latest-offset' });
      for await (const change of changes(source)) if (change.kind === 'rows') return [change];
      return [];
    };
    export const sinks = [
      openSink(sqlite, { path: 'a.db' }),
      openSink(mysqlSink, { hostname: 'db2', username: 'u', 'sink.parallelism': 4 }),
      openSink(kafka, { 'properties.bootstrap.servers': 'k:9092' }),
    ];
    export const topics = openSource(kafkaSource, { 'properties.bootstrap.servers': 'k:9092', topic: 'a' });
    export const compare: (options: Parameters<typeof verifyTables>[0]) => Promise<readonly TableResult[]> = verifyTables;
    type Orders = { 'shop.orders': { row: { id: number; status: string }; key: 'id' } };
    export const status = async (): Promise<string | undefined> => {
      await using cache = await createCache<Orders>({ redis: 'redis://r:6379', mysql: 'mysql://u:p@db1' });
      const orders = await cache.table('shop.orders');
      return (await orders.get({ id: 7 }))?.status;
    };
    // @ts-expect-error: there is no such setting
    void openSink(sqlite, { paht: 'a.db' });
    // @ts-expect-error: there is no such mode
    void openSource(mysql, { hostname: 'db1', tables: 'a.b', 'scan.startup.mode': 'now' });`;
  writeFileSync(join(folder, 'types.ts'), types);
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts', ...programs] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [compiler, '-p', folder], { cwd: folder, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout);
});
