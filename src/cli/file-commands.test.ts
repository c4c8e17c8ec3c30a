/** Commands that write, check and compare files, run as a user runs them. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { commands } from './command-table.ts';
import { runRowTest } from './row-test.ts';
import { completionScript, shells } from './shell-completion.ts';
import { templates } from './templates.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-files-'));
after(() => rmSync(folder, { recursive: true }));

const secret = 'Geheim-4711';

const millrace = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    maxBuffer: 16_777_216,
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  });
  assert.ok(!`${stdout}${stderr}`.includes(secret), 'a secret was shown');
  return { status, stdout, stderr };
};

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const pipeline = (more = ''): string =>
  `source: {type: mysql, hostname: 127.0.0.1, port: 1, username: u, password: ${secret}, tables: a.b, connect.timeout: 2s}\nsink: {type: sqlite, path: a.db}\n${more}`;

describe('init', () => {
  test('lists templates, writes one, and never over a file that is there', () => {
    assert.match(millrace(['init']).stdout, /^mysql-sqlite {2}A mirror/);
    const written = millrace(['init', 'mysql-sqlite']);
    assert.equal(written.status, 0);
    assert.equal(written.stdout, 'mysql-sqlite.yaml\n');
    file('mysql-sqlite.yaml', 'mine');
    const again = millrace(['init', 'mysql-sqlite']);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /CLI_FILE_EXISTS {2}mysql-sqlite\.yaml is there already/);
    assert.equal(readFileSync(join(folder, 'mysql-sqlite.yaml'), 'utf8'), 'mine');
    assert.equal(millrace(['init', 'mysql-sqlite', '--force']).status, 0);
    assert.equal(readFileSync(join(folder, 'mysql-sqlite.yaml'), 'utf8'), templates['mysql-sqlite']!.text);
  });

  test('names the nearest template, and a place that cannot be written', () => {
    assert.match(millrace(['init', 'mysql-sqlit']).stderr, /CLI_UNKNOWN_TEMPLATE .*did you mean mysql-sqlite\?/);
    assert.match(
      millrace(['init', 'several', '--to', 'no/such/folder.yaml']).stderr,
      /CLI_FILE_UNWRITABLE {2}cannot write no\/such\/folder\.yaml: there is no such file/,
    );
  });

  for (const [name, { text, sinks }] of Object.entries(templates)) {
    const missing = sinks.filter(
      (sink) => !connectors.some(({ type, roles }) => type === sink && roles.includes('sink')),
    );
    test(`the template ${name} loads without a finding, and its tests pass`, {
      skip: missing.length > 0 && `no sink ${missing}`,
    }, async () => {
      const loaded = await loadPipelineFile(name, {
        env: {},
        overrides: [],
        version: '0',
        connectors,
        readText: () => text,
      });
      assert.deepEqual(
        loaded.diagnostics.map(({ error }) => error.message),
        [],
      );
      for (const each of loaded.pipelines)
        for (const row of each.tests) assert.ok((await runRowTest(each, row)).passed);
    });
  }
});

describe('test', () => {
  const tests = (output: string) =>
    pipeline(`tests: [{name: one, input: [{table: a.b, after: {id: 1}}], output: ${output}}]\n`);

  test('answers 0 when all pass, 3 with the difference when one fails, 78 to a wrong file', () => {
    const good = millrace(['test', file('good.yaml', tests('[{table: a.b, after: {id: 1}}]')), '-q']);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /^✔ good: one\n$/);
    const bad = millrace(['test', file('bad.yaml', tests('[{table: a.b, after: {id: 2}}]')), '-q']);
    assert.equal(bad.status, 3);
    assert.match(
      bad.stdout,
      /^✘ bad: one {2}bad\.yaml:3:10\n {4}- a\.b create \{"id":"2"\}\n {4}\+ a\.b create \{"id":"1"\}\n$/,
    );
    assert.equal(millrace(['test', file('wrong.yaml', tests('3'))]).status, 78);
  });

  test('gives the same as JSON, and an error as an error', () => {
    const { stdout } = millrace(['test', 'bad.yaml', '-o', 'json', '-q']);
    const answer = JSON.parse(stdout);
    assert.equal(answer.schema, 'millrace.test/v1');
    assert.equal(answer.data.failed, 1);
    assert.equal(JSON.parse(millrace(['test', 'wrong.yaml', '-o', 'json']).stdout).error.code, 'CONFIG_WRONG_SHAPE');
  });
});

describe('config', () => {
  test('show prints what is in force, secrets as ***', () => {
    const { stdout, status } = millrace([
      'config',
      'show',
      file('show.yaml', pipeline()),
      '--set',
      'source.port=3310',
      '-q',
    ]);
    assert.equal(status, 0);
    assert.match(stdout, /password +\*\*\*/);
    assert.match(stdout, /port +3310/);
  });

  test('diff compares what is in force and answers 3 when it differs', () => {
    file('one.yaml', pipeline('pipeline: {name: p}\n'));
    file('two.yaml', pipeline('pipeline:\n  name: p\n  commit.interval: 10 ms\n'));
    file('three.yaml', pipeline('pipeline: {name: p, commit: {interval: 20ms}}\n'));
    assert.equal(millrace(['config', 'diff', 'one.yaml', 'two.yaml', '-q']).status, 0);
    const differing = millrace(['config', 'diff', 'one.yaml', 'three.yaml', '-q']);
    assert.equal(differing.status, 3);
    assert.equal(differing.stdout, '- pipeline commit.interval  10\n+ pipeline commit.interval  20\n');
  });

  test('schema prints the schema that editors use', () => {
    const schema = JSON.parse(millrace(['config', 'schema']).stdout);
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
    assert.deepEqual(Object.keys(schema.properties).slice(0, 2), ['connections', 'pipelines']);
  });
});

describe('doctor and conns', () => {
  test('name a server that is not there, with the exit code 4', () => {
    const name = file('gone.yaml', pipeline());
    const doctor = millrace(['doctor', name, '-q']);
    assert.equal(doctor.status, 4);
    assert.match(
      doctor.stdout,
      /gone: source mysql \(mysql 127\.0\.0\.1:1\)\n {2}✘ cannot reach 127\.0\.0\.1:1.* NET_UNREACHABLE\n {6}\S/,
    );
    assert.match(doctor.stdout, /gone: sink sqlite \(sqlite a\.db\)\n {2}✔ ready/);
    const conns = millrace(['conns', 'test', name]);
    assert.equal(conns.status, 4);
    assert.match(conns.stdout, /✘ gone +source +mysql +127\.0\.0\.1:1 +NET_UNREACHABLE/);
  });

  test('list the ends of files', () => {
    assert.match(
      millrace(['conns', 'list', file('list.yaml', pipeline())]).stdout,
      /^PIPELINE.*\nlist +source +mysql +mysql +127\.0\.0\.1:1\n/,
    );
  });

  test('refuse a URL that cannot be used, without its password', () => {
    for (const url of [`postgres://u:${secret}@h/`, `mysql://u:${secret}@h/?nonsense=1`, secret]) {
      const { status, stderr } = millrace(['doctor', '--conn', url]);
      assert.equal(status, 2, url);
      assert.match(stderr, /CLI_ARGUMENTS/);
    }
    assert.match(
      millrace(['conns', 'discover', 'mysql://u@h/?password_env=NOT_SET']).stderr,
      /CONFIG_VARIABLE_MISSING .*NOT_SET/,
    );
  });

  test('doctor of nothing is a usage error', () => {
    assert.equal(millrace(['doctor']).status, 2);
  });
});

describe('copy', () => {
  test('shows what would run, without the password', () => {
    const from = `mysql://u:${secret}@127.0.0.1:1/`;
    const { status, stdout } = millrace([
      'copy',
      '--from',
      from,
      '--to',
      'sqlite:c.db',
      '--tables',
      'a.b',
      '--dry-run',
    ]);
    assert.equal(status, 0);
    assert.match(stdout, /scan\.startup\.mode +snapshot/);
    assert.match(stdout, /sink +sqlite \(sqlite\)\n +path +c\.db/);
  });

  test('says what it needs, and which targets there are not', () => {
    assert.match(millrace(['copy', '--to', '-', '--tables', 'a.b']).stderr, /it needs --from/);
    assert.match(millrace(['copy', '--from', 'mysql://u@h/', '--to', '-']).stderr, /it needs --tables/);
    assert.match(
      millrace(['copy', '--from', 'mysql://u@h/', '--to', 's3:x', '--tables', 'a.b']).stderr,
      /there is no sink for s3:/,
    );
  });
});

describe('convert', () => {
  test('prints a file, what is left out below it, and no password', () => {
    file(
      'c.json',
      JSON.stringify({
        name: 'x',
        config: {
          'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
          'database.password': secret,
          'database.hostname': 'h',
          'database.user': 'u',
          'max.batch.size': '1',
        },
      }),
    );
    const { status, stdout, stderr } = millrace(['convert', 'debezium', 'c.json']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /password: \$\{MYSQL_PASSWORD\}/);
    assert.match(stdout, /^# {3}max\.batch\.size: /m);
    assert.match(stderr, /set MYSQL_PASSWORD to what database\.password was/);
    const json = JSON.parse(millrace(['convert', 'debezium', 'c.json', '-o', 'json']).stdout);
    assert.ok(json.warnings.some(({ key }: { key: string }) => key === 'max.batch.size'));
  });

  test('answers 78 to a file that is something else, and to none', () => {
    assert.equal(millrace(['convert', 'debezium', file('n.json', '{}')]).status, 78);
    assert.match(millrace(['convert', 'maxwell', 'nowhere.properties']).stderr, /CONFIG_UNREADABLE/);
  });
});

describe('support-bundle', () => {
  test('holds versions, files and findings, and none of the secrets, wherever they stand', () => {
    file('s1.yaml', `${pipeline()}# the password is ${secret}\n`);
    file('s2.yaml', `source: {type: mysql, pasword: ${secret}2, hostname: h}\nsink: [\n`);
    file(
      's3.yaml',
      `source: {type: mysql, hostname: h, username: u, tables: a.b, password: "\${FROM_ENV}"}\nsink: {type: sqlite, path: "x-\${FROM_ENV}.db"}\n`,
    );
    const { status, stdout, stderr } = millrace(['support-bundle', 's1.yaml', 's2.yaml', 's3.yaml'], {
      FROM_ENV: `${secret}3`,
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'millrace-support.tar.gz\n');
    const bytes = gunzipSync(readFileSync(join(folder, 'millrace-support.tar.gz')));
    assert.ok(!bytes.includes(secret), 'the bundle holds a secret');
    const list = spawnSync('tar', ['tzf', 'millrace-support.tar.gz'], { cwd: folder, encoding: 'utf8' });
    assert.deepEqual(list.stdout.trim().split('\n').slice(0, 3), [
      'versions.json',
      's1.yaml/file.yaml',
      's1.yaml/lint.txt',
    ]);
    const one = spawnSync('tar', ['xzOf', 'millrace-support.tar.gz', 's1.yaml/file.yaml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.match(one.stdout, /password: \*\*\*/);
    assert.equal(millrace(['support-bundle', 's1.yaml', '--offline']).status, 2);
  });
});

test('support-bundle asks a running millrace, and hides the token and whatever secret it repeats', async () => {
  const server = createServer((request, response) => {
    const said =
      request.url === '/api/v1/pipelines' ? { pipelines: [{ name: 'a b' }] } : { path: request.url, said: secret };
    response.end(JSON.stringify({ ...said, token: request.headers.authorization }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const env = { PATH: process.env['PATH'], HOME: folder, MILLRACE_API_TOKEN: 'Token-0815' };
  const args = [
    'support-bundle',
    file('api.yaml', pipeline()),
    '--offline',
    '--to',
    'api.tar.gz',
    '--api-url',
    `http://127.0.0.1:${port}`,
  ];
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
  server.close();
  const bytes = gunzipSync(readFileSync(join(folder, 'api.tar.gz')));
  for (const part of ['api/pipelines.json', 'api/a_b.log.json', '/api/v1/pipelines/a%20b/logs'])
    assert.ok(bytes.includes(part), part);
  for (const hidden of [secret, 'Token-0815']) assert.ok(!bytes.includes(hidden), hidden);
});

describe('completion', () => {
  const complete = (line: string): readonly string[] => {
    const script = join(folder, 'complete.bash');
    writeFileSync(script, completionScript('bash', commands));
    const words = line.split(' ');
    const run = `source ${script}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', run], { encoding: 'utf8', cwd: folder });
    assert.equal(status, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .filter((word) => word !== '');
  };

  test('bash completes commands of one word and of several, options and their values', () => {
    assert.deepEqual(
      complete('millrace l').filter((word) => word.startsWith('lint')),
      ['lint'],
    );
    assert.deepEqual(complete('millrace convert ').toSorted(), ['canal', 'debezium', 'flink-cdc', 'maxwell', 'rdi']);
    assert.deepEqual(complete('millrace redis ').toSorted(), ['aof', 'rdb']);
    assert.deepEqual(complete('millrace redis rdb ').toSorted(), ['dump', 'stat']);
    assert.ok(complete('millrace redis rdb stat --').includes('--help'));
    assert.deepEqual(complete('millrace lint --deny'), ['--deny-warnings']);
    assert.deepEqual(complete('millrace convert debezium --off'), ['--offsets']);
    assert.deepEqual(complete('millrace lint -o '), ['human', 'json', 'jsonl']);
    assert.ok(complete('millrace lint go').includes('good.yaml'));
    assert.ok(complete('millrace ').includes('help'));
  });

  for (const shell of shells) {
    const there = spawnSync(shell, ['-c', 'true']).status === 0;
    test(`${shell} reads its script without an error, and every command is in it`, {
      skip: !there && `no ${shell} here`,
    }, () => {
      const script = completionScript(shell, commands);
      const path = join(folder, `syntax.${shell}`);
      writeFileSync(path, script);
      const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      for (const { name } of commands) assert.ok(script.includes(name.split(' ').at(-1)!), name);
    });
  }

  test('another shell is a usage error', () => {
    assert.equal(millrace(['completion', 'tcsh']).status, 2);
  });
});
