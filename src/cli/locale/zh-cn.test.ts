import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../../core/errors.ts';
import { commands } from '../command-table.ts';
import { errorCodes, errorPage } from '../error-page.ts';
import { askedLanguage, saidOf, zhErrors } from './language.ts';
import { fillMessage, placeholdersOf } from './local-error.ts';
import { zhSummaries } from './zh-cn-help.ts';

const root = new URL('../../../', import.meta.url);
const chinese = /[\u3400-\u9fff]/;

describe('the Chinese texts of errors', () => {
  test('are of codes that there are, and say what the English ones say', () => {
    for (const [code, [message, hint]] of Object.entries(zhErrors)) {
      const known = errorCodes.find((each) => each === code);
      assert.ok(known !== undefined, `${code} is no code any more: take its Chinese text out`);
      const english = errorPage(known).message;
      const always = message.replace(/\{\?[^{}]*\}/g, '');
      for (const name of placeholdersOf(english))
        assert.ok(message.includes(`<${name}>`), `${code}: the Chinese message leaves out <${name}> of: ${english}`);
      for (const name of placeholdersOf(always))
        assert.ok(
          english.includes(`<${name}>`),
          `${code}: the Chinese message has <${name}>, the English one has not: ${english}`,
        );
      assert.match(hint, /[。]$/, `${code}: a hint is a sentence: ${hint}`);
      assert.ok(chinese.test(`${message}${hint}`), code);
      for (const quoted of errorPage(known).hint.match(/`[^`]+`/g) ?? [])
        assert.ok(hint.includes(quoted), `${code}: the Chinese hint leaves out ${quoted}`);
    }
  });

  test('are there for every code and every command', () => {
    assert.deepEqual(
      errorCodes.filter((code) => zhErrors[code] === undefined),
      [],
      'codes without a Chinese text: add them to one of src/cli/locale/zh-cn-*-errors.ts',
    );
    assert.deepEqual(
      commands.map(({ name }) => name).filter((name) => zhSummaries[name] === undefined),
      [],
      'commands without a Chinese summary: add them to src/cli/locale/zh-cn-help.ts',
    );
  });

  test('put details in, leave out what is null, and print lists and hexadecimal numbers', () => {
    assert.equal(fillMessage('<a> 与 <b.c>{?；<d>}', { a: ['x', 'y'], b: { c: 1 }, d: null }), 'x, y 与 1');
    assert.equal(fillMessage('<a>{?；<d>}', { a: 'x', d: 'z' }), 'x；z');
    assert.equal(fillMessage('0x<a>', { a: 255 }), '0xff');
    const error = new MillraceError('CONFIG_UNKNOWN_KEY', {
      key: 'prot',
      section: 'source',
      suggestion: 'port',
      belongsUnder: null,
    });
    assert.deepEqual(saidOf(error, 'zh-CN').message, 'source 没有键 prot；是不是 port？');
    assert.deepEqual(saidOf(error, 'en').message, error.message);
    const remote = Object.assign(new MillraceError('NET_CLOSED', { address: 'a' }), { details: {} });
    assert.equal(saidOf(remote, 'zh-CN').message, remote.message);
  });
});

describe('the language', () => {
  test('is asked for by --lang, MILLRACE_LANG or the locale, in this order', () => {
    assert.equal(askedLanguage([], {}), 'en');
    assert.equal(askedLanguage([], { LANG: 'zh_CN.UTF-8' }), 'zh-CN');
    assert.equal(askedLanguage([], { LC_ALL: 'en_US.UTF-8', LANG: 'zh_CN.UTF-8' }), 'en');
    assert.equal(askedLanguage([], { MILLRACE_LANG: 'zh-CN', LC_ALL: 'C' }), 'zh-CN');
    assert.equal(askedLanguage(['--lang', 'en'], { MILLRACE_LANG: 'zh-CN' }), 'en');
    assert.equal(askedLanguage(['lint', '--lang=zh-CN'], {}), 'zh-CN');
  });

  const millrace = (...args: readonly string[]) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../main.ts', import.meta.url)), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], MILLRACE_LANG: 'zh-CN' },
    });

  test('is that of help, findings and explanations', () => {
    assert.match(millrace('--help').stdout, /^millrace 让 MySQL.*\n\n示例：/);
    assert.match(millrace('lint', '--help').stdout, /^检查管道文件/);
    assert.match(millrace('lnt').stderr, /CLI_UNKNOWN_COMMAND {2}没有命令 lnt；是不是 lint？/);
    assert.match(millrace('lint', 'nowhere.yaml').stdout, /CONFIG_UNREADABLE {2}无法读取 nowhere\.yaml/);
    assert.match(millrace('explain', 'MYSQL_BINLOG_PURGED').stdout, /处的日志已被清除/);
  });

  test('is never that of JSON', () => {
    for (const args of [['lint', 'nowhere.yaml'], ['explain'], ['lnt'], ['version']]) {
      const { stdout } = millrace(...args, '-o', 'json');
      assert.ok(stdout.startsWith('{'), args.join(' '));
      assert.doesNotMatch(stdout, chinese, args.join(' '));
    }
  });
});

test('the code blocks of README.zh-CN.md are those of README.md', () => {
  const blocks = (name: string): readonly string[] =>
    readFileSync(new URL(name, root), 'utf8').match(/^```.*?^```/gms) ?? [];
  const [english, translated] = [blocks('README.md'), blocks('README.zh-CN.md')];
  for (const [at, block] of english.entries())
    assert.equal(
      translated[at],
      block,
      `README.zh-CN.md: code block ${at + 1} differs from README.md's: bring it up to date`,
    );
  assert.equal(translated.length, english.length);
});
