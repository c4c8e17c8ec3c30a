/**
 * Walks the whole table of commands with what a new user gets wrong, so that a new command cannot forget what holds for all of
 * them. Each line is answered in this process, as `main` answers it, with nobody at the keyboard.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorTable } from '../core/errors.ts';
import { freePort } from '../testing/servers/launch-server.ts';
import type { CommandSpec } from './command.ts';
import { commands } from './command-table.ts';
import { exitCodeMeanings } from './exit-code.ts';
import { commandHelp } from './help.ts';
import { answer } from './run-command.ts';
import { openTerminal } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-walk-'));
after(() => rmSync(folder, { recursive: true }));

const secret = 'Geheim-4711';

const answered = async (...args: readonly string[]) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const env = { HOME: folder, MILLRACE_CONTEXTS: join(folder, 'contexts.json'), PW: secret };
  const terminal = openTerminal(stdout, stderr, { off: false, env });
  const code = await answer(args, { terminal, env });
  await new Promise((resolve) => setImmediate(resolve));
  const all = `${said.stdout}${said.stderr}`;
  assert.ok(Object.hasOwn(exitCodeMeanings, code), `${args.join(' ')}: exit code ${code} is not documented`);
  assert.ok(!all.includes(secret), `${args.join(' ')}: a secret was shown`);
  assert.doesNotMatch(all, /internal error|\n\s+at .*\.ts:|undefined|\[object|NaN/, args.join(' '));
  assert.ok(!all.includes('\x1b'), `${args.join(' ')}: colours where there is no terminal`);
  return { code, ...said };
};

/** The line must fail; gives its error, told to people on stderr and with `-o json` alone on stdout, both the same. */
const refused = async (spec: CommandSpec, args: readonly string[], exits: readonly number[]): Promise<string> => {
  const line = [...spec.name.split(' '), ...args];
  const human = await answered(...line);
  assert.ok(exits.includes(human.code), `${line.join(' ')} answered ${human.code}:\n${human.stderr}`);
  const format = spec.formats.find((each) => each !== 'human');
  const [, code = ''] = /\berror +([A-Z][A-Z_]+) /.exec(`${human.stderr}${human.stdout}`) ?? [];
  assert.ok(Object.hasOwn(errorTable, code), `${line.join(' ')} names no error:\n${human.stderr}`);
  const { hint } = errorTable[code as keyof typeof errorTable];
  assert.ok(`${human.stderr}${human.stdout}`.includes(hint), `${line.join(' ')} does not say what to do`);
  // What begins with a log line, and what has no other format, is for people alone.
  if (format === undefined || spec.name === 'lint') return human.stderr;
  const { code: exit, stdout } = await answered('-o', format, ...line);
  assert.equal(exit, human.code, line.join(' '));
  const { schema, error } = JSON.parse(stdout) as { schema: string; error: Readonly<Record<string, string>> };
  assert.deepEqual([schema, error['code'], error['remedy']], ['millrace.error/v1', code, hint], line.join(' '));
  assert.ok(error['detail'] && error['docs']?.startsWith('docs/errors.md#'), line.join(' '));
  return human.stderr;
};

describe('every command', () => {
  test('says what it changes; one that destroys takes --yes and says in its help what way back there is', () => {
    for (const spec of commands) {
      const destroys = typeof spec.effect !== 'string';
      assert.equal('yes' in spec.options, destroys, spec.name);
      if (destroys) assert.match(commandHelp(spec).replaceAll('\n', ' '), /It asks first.*The way back: /, spec.name);
    }
    const changing = /\b(set|reset|drop|delete|remove|replace|skip)\b/;
    for (const { name, effect } of commands) if (changing.test(name)) assert.notEqual(effect, 'reads', name);
  });

  test('refuses an option that it has not, and an option’s missing value, in words and as JSON', async () => {
    for (const spec of commands) {
      assert.match(await refused(spec, ['--no-such-option'], [2]), new RegExp(`millrace ${spec.name} has no option`));
      const [name] = Object.entries(spec.options).find(([, { value }]) => value !== undefined) ?? [];
      if (name !== undefined) assert.match(await refused(spec, [`--${name}`], [2]), /it needs a value/);
    }
  });

  test('says how many arguments it takes', async () => {
    for (const spec of commands) {
      if (spec.fewest > 0) assert.match(await refused(spec, [], [2]), /takes .*, and nothing was given/, spec.name);
      if (spec.most < 5) await refused(spec, ['a', 'b', 'c', 'd', 'e', 'f'], [2]);
    }
  });

  test('prints an envelope with its own name and version where it succeeds with -o json', async () => {
    for (const name of ['version', 'explain', 'init', 'config schema', 'context list']) {
      const { code, stdout } = await answered(...name.split(' '), '-o', 'json');
      const { schema, command, warnings } = JSON.parse(stdout);
      assert.deepEqual([code, schema, command], [0, `millrace.${name.replaceAll(' ', '-')}/v1`, name]);
      assert.deepEqual(warnings, []);
    }
  });
});

describe('every command that reads files', () => {
  const written = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const files: readonly string[] = [
    join(folder, 'nowhere.yaml'),
    mkdirSync(join(folder, 'empty-folder'), { recursive: true })!,
    written('empty.yaml', ''),
    written('pod.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n'),
    written('picture.yaml', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3, 255, 254])),
    written('half.yaml', `source: {type: mysql, password: "${secret}", hostname: h`),
  ];
  for (const spec of commands) {
    if (!/FILE|FOLDER/.test(spec.arguments)) continue;
    // A bundle is made of what there is: its own tests say so.
    if (spec.name === 'support-bundle') continue;
    test(`${spec.name} says what is wrong with one that is away, empty, a folder, or something else`, async () => {
      for (const path of files) {
        const twice = spec.fewest > 1 ? [path, path] : [path];
        const said = await refused(spec, twice, [78, 2, 1]);
        // RDB files are read as a stream that has no name.
        if (!/^lint$|^redis/.test(spec.name))
          assert.ok(said.includes(basename(path)), `${spec.name} does not name ${path}:\n${said}`);
      }
    });
  }
});

describe('every command that asks a running millrace', () => {
  const clients = commands.filter(({ arguments: takes, options }) => 'api-url' in options && !takes.includes('FILE'));
  const lineOf = (spec: CommandSpec): readonly string[] => {
    const more: Readonly<Record<string, readonly string[]>> = {
      wait: ['--timeout', '300ms'],
      'offsets set': ['--latest'],
    };
    return [...(spec.fewest > 0 ? ['orders'] : []), ...(more[spec.name] ?? [])];
  };
  const yes = (spec: CommandSpec): readonly string[] => ('yes' in spec.options ? ['--yes'] : []);
  const asked: string[] = [];
  const other = createServer((request, response) => {
    asked.push(request.url!);
    response.setHeader('content-type', 'text/html').end('<html>welcome</html>');
  });
  let otherUrl = '';
  let nobody = '';
  before(async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    nobody = `http://127.0.0.1:${await freePort()}`;
  });
  after(() => other.close());

  for (const spec of clients) {
    test(`${spec.name} says when nobody or somebody else answers, and when the address or the token file is wrong`, async () => {
      const line = [...lineOf(spec), ...yes(spec)];
      assert.match(
        await refused(spec, [...line, '--api-url', nobody], [1, 5]),
        /cannot reach millrace at .*ECONNREFUSED/,
      );
      assert.match(
        await refused(spec, [...line, '--api-url', otherUrl], [1]),
        /answered 200, and not as millrace does/,
      );
      assert.match(
        await refused(spec, [...line, '--api-url', 'nonsense'], [2]),
        /nonsense is no http or https address/,
      );
      const noToken = ['--api-url', nobody, '--token-file', join(folder, 'no-token')];
      assert.match(await refused(spec, [...line, ...noToken], [1, 2, 78]), /no-token: there is no such file/);
    });
  }

  test('asks nothing of it when it destroys and nobody confirms', async () => {
    for (const spec of clients.filter(({ effect }) => typeof effect !== 'string')) {
      asked.length = 0;
      assert.match(await refused(spec, [...lineOf(spec), '--api-url', otherUrl], [6]), /not confirmed: orders will /);
      assert.deepEqual(asked, [], spec.name);
    }
  });
});

test('context delete asks first, and prints how to add it again', async () => {
  await answered('context', 'add', 'prod', 'http://127.0.0.1:1');
  assert.match((await answered('context', 'delete', 'prod')).stderr, /CONFIRMATION_NEEDED/);
  assert.match((await answered('context', 'list')).stdout, /prod/);
  assert.match((await answered('context', 'delete', 'prod', '--yes')).stderr, /undo: millrace context add prod/);
});

test('a reader that goes away ends a command without an error', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const script = `set -o pipefail; '${process.execPath}' '${main}' config schema | head -c 20 >/dev/null`;
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { HOME: folder, PATH: process.env['PATH'] },
  });
  assert.deepEqual([status, stderr], [0, '']);
});
