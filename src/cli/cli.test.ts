import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../core/errors.ts';
import type { CommandSpec } from './command.ts';
import { parseCommandLine } from './command-line.ts';
import { commands } from './command-table.ts';
import { errorText } from './error-text.ts';
import { shortBytes, shortCount, shortMs } from './figures.ts';
import { commandHelp, groupHelp, overviewHelp } from './help.ts';
import { nodeProblem } from './node-version.ts';
import { stderrLog } from './stderr-log.ts';
import { textTable } from './text-table.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** A real run of the program. */
const millrace = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  });
  return { status, stdout, stderr };
};

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

const good = 'source: {type: mysql, hostname: h, username: u, tables: a.b}\nsink: {type: blackhole}\n';
const plain = (_: unknown, text: string): string => text;

describe('lint', () => {
  test('says ok on stdout, counts on stderr, and answers 0', () => {
    const { status, stdout, stderr } = millrace(['lint', file('good.yaml', good)]);
    assert.equal(stdout, 'good.yaml  ok\n');
    assert.equal(stderr, '1 file: 0 errors, 0 warnings\n');
    assert.equal(status, 0);
  });

  test('shows the place of what is wrong with a caret, and answers 78', () => {
    const { status, stdout } = millrace(['lint', file('bad.yaml', `${good}pipelin: {}\n`)]);
    assert.match(
      stdout,
      /^bad\.yaml:3:1 {2}error {2}CONFIG_UNKNOWN_KEY {2}the file has no key pipelin; did you mean pipeline\?/,
    );
    assert.match(stdout, /\n {2}3 \| pipelin: \{\}\n {4}\| \^{7}\n/);
    assert.equal(status, 78);
  });

  test('with --deny-warnings answers 78 to a warning', () => {
    const name = file('warn.yaml', good.replace('tables', 'password: hunter2222, tables'));
    assert.equal(millrace(['lint', name]).status, 0);
    const { status, stdout } = millrace(['lint', name, '--deny-warnings', '-q']);
    assert.equal(status, 78);
    assert.doesNotMatch(stdout, /hunter2222/);
  });

  test('prints one JSON envelope with -o json, findings inside', () => {
    const { status, stdout, stderr } = millrace(['lint', file('bad2.yaml', 'source: 3\n'), '-o', 'json']);
    const answer = JSON.parse(stdout);
    assert.equal(answer.schema, 'millrace.lint/v1');
    assert.deepEqual(answer.warnings, []);
    assert.equal(answer.data.files[0].ok, false);
    assert.deepEqual(answer.data.files[0].diagnostics[0].place, { file: 'bad2.yaml', line: 1, column: 1 });
    assert.equal(stderr, '');
    assert.equal(status, 78);
  });

  test('of nothing is a usage error', () => {
    const { status, stdout, stderr } = millrace(['lint']);
    assert.equal(stdout, '');
    assert.match(stderr, /CLI_ARGUMENTS/);
    assert.equal(status, 2);
  });

  test('takes variables from --env, the environment first', () => {
    const name = file('env.yaml', good.replace('hostname: h', `hostname: "\${HOST}", port: "\${PORT}"`));
    file('env', 'HOST=from-file\nPORT=x\n');
    assert.equal(millrace(['lint', name, '--env', 'env']).status, 78);
    assert.equal(millrace(['lint', name, '--env', 'env'], { PORT: '3306' }).status, 0);
    assert.match(millrace(['lint', 'mysql://u:pw@h']).stdout, /it is an address, and a pipeline file is wanted/);
    assert.equal(millrace(['lint', name, '--env', 'no-such-file']).status, 78);
  });
});

describe('run', () => {
  test('says what is wrong with a file on stderr and answers 78', () => {
    const { status, stdout, stderr } = millrace(['run', file('broken.yaml', 'source: {}\n')]);
    assert.equal(stdout, '');
    assert.match(stderr, /broken\.yaml:1:1 {2}error/);
    assert.equal(status, 78);
  });

  test('--dry-run prints the plan with defaults and without secrets, and opens nothing', () => {
    const name = file('plan.yaml', good.replace('tables', `password: "\${PW}", tables`));
    const { status, stdout } = millrace(['run', name, '--dry-run'], { PW: 'swordfish-1' });
    assert.match(stdout, /^pipeline plan\n {2}source {2}mysql \(mysql\)\n/);
    assert.match(stdout, / port +3306\n/);
    assert.match(stdout, / password +\*\*\*\n/);
    assert.match(stdout, / commit\.interval +10 ms\n/);
    assert.equal(status, 0);
    const json = millrace(['run', name, '--dry-run', '-o', 'json'], { PW: 'swordfish-1' });
    assert.equal(JSON.parse(json.stdout).data.plans[0].sources[0].settings.password, '***');
  });

  test('answers 1 with the cause when the server cannot be reached and retries are limited', () => {
    const name = file('gone.yaml', good.replace('hostname: h', 'hostname: 127.0.0.1, port: 1'));
    const { status, stdout, stderr } = millrace(['run', name, '--set', 'pipeline.retry.attempts=1']);
    assert.equal(stdout, '');
    assert.match(stderr, /PIPELINE_RETRIES_EXHAUSTED/);
    assert.match(stderr, /caused by: cannot reach 127\.0\.0\.1:1/);
    assert.equal(status, 1);
  });
});

describe('explain', () => {
  test('prints a code with what to do', () => {
    const { status, stdout } = millrace(['explain', 'net-unreachable']);
    assert.match(stdout, /^NET_UNREACHABLE\n {2}cannot reach <address>: <reason>\n/);
    assert.match(stdout, /What to do: {2}Check hostname/);
    assert.equal(status, 0);
  });

  test('names the nearest codes to an unknown one and answers 2', () => {
    const { status, stderr } = millrace(['explain', 'CONFIG_UNKNOWN_KYE']);
    assert.match(stderr, /near it are CONFIG_UNKNOWN_KEY/);
    assert.equal(status, 2);
    assert.equal(JSON.parse(millrace(['explain', 'NOPE', '-o', 'json']).stdout).error.code, 'CLI_UNKNOWN_CODE');
  });
});

describe('version and help', () => {
  test('version prints the package’s version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.match(millrace(['version']).stdout, new RegExp(`^millrace ${version} `));
    assert.equal(JSON.parse(millrace(['--version', '-o', 'json']).stdout).data.version, version);
  });

  test('--help goes to stdout and answers 0; no command at all prints help to stderr and answers 2', () => {
    const help = millrace(['--help']);
    assert.match(help.stdout, /Commands:/);
    assert.equal(help.status, 0);
    const bare = millrace([]);
    assert.equal(bare.stdout, '');
    assert.match(bare.stderr, /Commands:/);
    assert.equal(bare.status, 2);
  });

  test('every command’s help begins with its summary and its examples, and no line is too wide', () => {
    for (const spec of commands) {
      const help = commandHelp(spec);
      assert(help.startsWith(`${spec.summary}\n\nExamples:\n`), spec.name);
      for (const line of help.split('\n')) assert(line.length <= 100 || line.includes('$ '), `${spec.name}: ${line}`);
    }
    for (const { name } of commands) assert(overviewHelp(commands).includes(`\n  ${name}`), name);
  });

  test('every example of every command is a line that the parser takes', () => {
    for (const { examples } of commands) {
      for (const { command } of examples) {
        const [line = ''] = command.split(/ > | \| |&&/);
        const args = Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), (match) => match[1] ?? match[2]!).slice(1);
        assert.equal(parseCommandLine(args, commands).kind, 'run', command);
      }
    }
  });
});

describe('the command line', () => {
  const refused = (args: readonly string[]): MillraceError => {
    try {
      parseCommandLine(args, commands);
    } catch (error) {
      assert(error instanceof MillraceError);
      return error;
    }
    assert.fail(`${args.join(' ')} was taken`);
  };

  const cases: [args: string[], code: string, message: RegExp][] = [
    [['lnt', 'x'], 'CLI_UNKNOWN_COMMAND', /did you mean lint\?/],
    [['binlog'], 'CLI_UNKNOWN_COMMAND', /did you mean binlog dump or binlog stat\?/],
    [['binlog', 'dmp', 'x'], 'CLI_UNKNOWN_COMMAND', /did you mean binlog dump\?/],
    [['lint', 'x', '--deny-warning'], 'CLI_UNKNOWN_OPTION', /no option --deny-warning; did you mean --deny-warnings\?/],
    [['lint', 'x', '-z'], 'CLI_UNKNOWN_OPTION', /no option -z/],
    [['lint', 'x', '-o'], 'CLI_OPTION_VALUE', /-o: it needs a value, FORMAT/],
    [['lint', 'x', '-o', 'yaml'], 'CLI_OPTION_VALUE', /yaml is none of human, json, jsonl/],
    [['lint', 'x', '--quiet=yes'], 'CLI_OPTION_VALUE', /a switch and takes no value/],
    [['lint', 'x', '-o', 'json', '-o', 'human'], 'CLI_OPTION_VALUE', /given twice/],
    [['version', 'x'], 'CLI_ARGUMENTS', /takes no arguments/],
    [['run'], 'CLI_ARGUMENTS', /takes FILE\.\.\., and nothing was given/],
    [['--nope'], 'CLI_UNKNOWN_OPTION', /millrace has no option --nope/],
  ];
  for (const [args, code, message] of cases) {
    test(`\`millrace ${args.join(' ')}\` is refused`, () => {
      const error = refused(args);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }

  test('options may stand before, between and after the words', () => {
    for (const line of ['-o json lint a', 'lint -o json a', 'lint a -o json', 'lint a --output=json']) {
      const parsed = parseCommandLine(line.split(' '), commands);
      assert(parsed.kind === 'run');
      assert.equal(parsed.spec.name, 'lint');
      assert.deepEqual(parsed.arguments, ['a']);
      assert.deepEqual(parsed.values.get('output'), ['json']);
    }
  });

  test('what follows -- is an argument', () => {
    const parsed = parseCommandLine(['lint', '--', '-o'], commands);
    assert(parsed.kind === 'run');
    assert.deepEqual(parsed.arguments, ['-o']);
  });

  test('help is found for a command wherever it is asked', () => {
    const specOf = (args: string[]): CommandSpec | null => {
      const parsed = parseCommandLine(args, commands);
      assert(parsed.kind === 'help');
      return parsed.spec;
    };
    assert.equal(specOf(['help', 'binlog', 'dump'])?.name, 'binlog dump');
    assert.equal(specOf(['lint', '--help'])?.name, 'lint');
    assert.equal(specOf(['-h']), null);
  });

  test('words that begin several commands are answered with those, and suggest no others', () => {
    for (const args of [
      ['redis', '--help'],
      ['help', 'redis'],
      ['-h', 'redis'],
    ]) {
      const parsed = parseCommandLine(args, commands);
      assert(parsed.kind === 'help' && parsed.group !== undefined, args.join(' '));
      assert.deepEqual(
        parsed.group.map(({ name }) => name),
        ['redis rdb stat', 'redis rdb dump', 'redis aof stat'],
      );
      assert.match(groupHelp(parsed.group), /redis aof stat PATH +Count what/);
    }
    assert.throws(
      () => parseCommandLine(['redis', 'rdb'], commands),
      /there is no command redis rdb; did you mean redis rdb stat or redis rdb dump\?/,
    );
  });
});

describe('what is printed', () => {
  test('an error is its code, message, causes, what to do, and where to read more', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = new MillraceError('NET_CLOSED', { address: 'db1:3306' }, { cause });
    assert.equal(
      errorText(error, plain),
      [
        'error  NET_CLOSED  connection to db1:3306 closed',
        '  caused by: connect ECONNREFUSED',
        `  ${error.hint}`,
        '  More: millrace explain NET_CLOSED',
      ].join('\n'),
    );
  });

  test('log lines leave out what is below the level, and secrets', () => {
    const lines: string[] = [];
    const options = {
      level: 'info',
      prefix: 'shop',
      redact: (text: string) => text.replaceAll('hunter2', '***'),
      now: () => new Date(0),
      write: (line: string) => void lines.push(line),
    } as const;
    const pretty = stderrLog({ ...options, format: 'pretty' }, plain);
    pretty.debug('no');
    pretty.info('snapshot finished', { pipeline: 'shop', rows: 3, note: 'with hunter2 "x"' });
    stderrLog({ ...options, format: 'json' }, plain).warn('tries again', { code: 'NET_CLOSED' });
    assert.deepEqual(lines, [
      '00:00:00.000 info  [shop] snapshot finished rows=3 note="with *** \\"x\\""',
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"TRIES_AGAIN","message":"tries again","code":"NET_CLOSED"}',
    ]);
  });

  test('figures have three digits and a unit', () => {
    assert.deepEqual([0, 0.39, 7, 999, 999.6, 1234, 99_960, 1_500_000].map(shortCount), [
      '0',
      '0.4',
      '7',
      '999',
      '1.0K',
      '1.2K',
      '100K',
      '1.5M',
    ]);
    assert.deepEqual([0, 1023, 1024, 5_242_880].map(shortBytes), ['0 B', '1023 B', '1.0 KB', '5.0 MB']);
    assert.deepEqual([5, 1500, 61_000, 3_720_000].map(shortMs), ['5 ms', '1.5 s', '1 min 1 s', '1 h 2 min']);
  });

  test('tables put figures to the right', () => {
    assert.equal(
      textTable(
        ['name', 'rows'],
        [
          ['a', '5'],
          ['bcd', '1000'],
        ],
      ),
      ['name  rows', 'a        5', 'bcd   1000'].join('\n'),
    );
  });
});

test('an older Node is refused with the version that is needed', () => {
  for (const version of ['18.20.0', '20.19.2', '22.22.0', '24.5.0'])
    assert.match(nodeProblem(version) ?? '', /needs Node 24\.6/);
  for (const version of ['24.6.0', '24.21.0', '25.0.0', '100.1.1']) assert.equal(nodeProblem(version), null);
});
