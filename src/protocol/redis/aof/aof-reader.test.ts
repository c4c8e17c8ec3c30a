import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { encodeCommand } from '../command-writer.ts';
import { CollectingVisitor } from '../rdb/collecting-visitor.ts';
import { type AofOptions, AofReader } from './aof-reader.ts';

/** Reads files, each in pieces of `size` bytes, and answers what was told. */
const read = (files: readonly Buffer[], { size = 1 << 20, ...options }: AofOptions & { size?: number } = {}) => {
  const said: string[] = [];
  const reader = new AofReader(
    {
      keys: new CollectingVisitor(),
      command: (command, database) => {
        const texts = Array.from({ length: command.length }, (_, i) => command.textOf(i));
        said.push(`${database}: ${texts.join(' ')}`);
      },
      begin: () => said.push('begin'),
      commit: () => said.push('commit'),
      time: (seconds) => said.push(`at ${seconds}`),
    },
    options,
  );
  let end = null;
  for (const [index, file] of files.entries()) {
    reader.open(`file ${index + 1}`);
    for (let at = 0; at < file.length; at += size) reader.write(file.subarray(at, at + size));
    end = reader.close(index === files.length - 1);
  }
  return { said, end };
};

const select = (database: number) => encodeCommand('SELECT', database);
const set = (key: string) => encodeCommand('SET', key, '1');
const [multi, exec] = [encodeCommand('MULTI'), encodeCommand('EXEC')];

test('commands come with their database, those of a transaction together, in any pieces', () => {
  const file = Buffer.concat([select(0), set('a'), multi, set('b'), select(3), set('c'), exec, set('d')]);
  const wanted = ['0: SET a 1', 'begin', '0: SET b 1', '3: SET c 1', 'commit', '3: SET d 1'];
  for (const size of [1, 7, 1 << 20]) assert.deepEqual(read([file], { size }).said, wanted, `pieces of ${size}`);
});

test('a command cut at the end of the last file is left out, at every byte of it', () => {
  const whole = Buffer.concat([select(0), set('a')]);
  const file = Buffer.concat([whole, set('b')]);
  for (let length = whole.length; length < file.length; length += 1) {
    const { said, end } = read([file.subarray(0, length)]);
    assert.deepEqual(said, ['0: SET a 1']);
    assert.deepEqual(end, { offset: whole.length, cutBytes: length - whole.length, droppedCommands: 0 });
  }
});

test('a transaction without its end counts as never written', () => {
  const whole = Buffer.concat([select(0), set('a')]);
  const open = Buffer.concat([multi, set('b'), set('c')]);
  const { said, end } = read([Buffer.concat([whole, open])]);
  assert.deepEqual(said, ['0: SET a 1']);
  assert.deepEqual(end, { offset: whole.length, cutBytes: open.length, droppedCommands: 2 });
});

test('a file that another one follows may not be cut', () => {
  for (const open of [set('b').subarray(0, -3), Buffer.concat([multi, set('b')])]) {
    assert.throws(
      () => read([Buffer.concat([set('a'), open]), set('c')]),
      (error) => isMillraceError(error, 'REDIS_AOF_CUT') && error.message.startsWith('file 1 ends at byte'),
    );
  }
});

test('reading stops before what was logged later than asked for', () => {
  const at = (seconds: number) => Buffer.from(`#TS:${seconds}\r\n`);
  const first = Buffer.concat([at(100), set('a'), at(200), set('b')]);
  const second = Buffer.concat([at(201), multi, set('c'), exec]);
  const third = set('d');
  assert.deepEqual(read([first, second, third], { until: 200 }).said, ['at 100', '0: SET a 1', 'at 200', '0: SET b 1']);
  assert.deepEqual(read([first], { until: 199 }).said, ['at 100', '0: SET a 1']);
  assert.deepEqual(read([first], { until: 1 }).said, []);
});

test('an empty log holds nothing', () => {
  assert.deepEqual(read([Buffer.alloc(0)]), { said: [], end: { offset: 0, cutBytes: 0, droppedCommands: 0 } });
});
