import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { type Command, CommandDecoder } from './command-decoder.ts';
import { encodeCommand } from './command-writer.ts';
import { ReplicationDecoder } from './replication-decoder.ts';

const id = '8de1787ba490483314a4d30f1c628bc5025eb761';
const mark = '0123456789abcdef0123456789abcdef01234567';

/** What is told of these bytes in pieces of `size`, the first one of `first`; neighbouring pieces of a snapshot are put together. */
const read = (bytes: Buffer, size: number, offset = 0, first = 0) => {
  const said: string[] = [];
  let snapshot = '';
  const visitor = {
    command: (command: Command) => said.push(`${command.textOf(0)} ${command.offset}-${command.end}`),
    note: () => {},
  };
  let commands = new CommandDecoder(visitor, offset);
  const decoder = new ReplicationDecoder({
    full: (name, at) => {
      said.push(`full ${name} ${at}`);
      commands = new CommandDecoder(visitor, at);
    },
    continued: (name) => said.push(`continued ${name}`),
    snapshot: (piece) => {
      snapshot += piece.toString('latin1');
    },
    snapshotEnd: () => said.push(`snapshot ${snapshot}`),
    stream: (piece) => commands.write(piece),
    refused: (reason) => said.push(`refused ${reason}`),
  });
  if (first > 0) decoder.write(Buffer.from(bytes.subarray(0, first)));
  for (let at = first; at < bytes.length; at += size) decoder.write(Buffer.from(bytes.subarray(at, at + size)));
  return { said, offset: commands.offset };
};

const commands = Buffer.concat([encodeCommand('PING'), encodeCommand('SET', 'k', 'v')]);
const sizes = [1, 2, 3, 39, 40, 41, 1000];

test('a snapshot of a known length, and the commands behind it, counted from its offset', () => {
  const bytes = Buffer.concat([Buffer.from(`\n\n+FULLRESYNC ${id} 100\r\n\n\n$8\r\nREDIS\r\nx`), commands]);
  for (const size of sizes) {
    const { said, offset } = read(bytes, size);
    assert.deepEqual(said, [`full ${id} 100`, 'snapshot REDIS\r\nx', 'PING 100-114', 'SET 114-141'], `${size}`);
    assert.equal(offset, 141);
  }
});

test('a snapshot up to its mark, which may lie across pieces and nearly stand in the snapshot too', () => {
  const rdb = `REDIS${mark.slice(0, 39)}-${mark.slice(1)}`;
  const bytes = Buffer.concat([Buffer.from(`+FULLRESYNC ${id} 0\r\n$EOF:${mark}\r\n${rdb}${mark}`), commands]);
  const told = [`full ${id} 0`, `snapshot ${rdb}`, 'PING 0-14', 'SET 14-41'];
  for (const size of sizes) assert.deepEqual(read(bytes, size).said, told, `in pieces of ${size}`);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    assert.deepEqual(read(bytes, bytes.length, 0, cut).said, told, `cut at byte ${cut}`);
  }
});

test('a link that goes on counts from where it was asked to, and may have another name', () => {
  for (const [line, name] of [
    ['+CONTINUE', 'null'],
    [`+CONTINUE ${id}`, id],
  ]) {
    const { said, offset } = read(Buffer.concat([Buffer.from(`${line}\r\n`), commands]), 5, 7_000);
    assert.deepEqual(said, [`continued ${name}`, 'PING 7000-7014', 'SET 7014-7041']);
    assert.equal(offset, 7_041);
  }
});

test('a refusal is told, and what is no link is an error', () => {
  assert.deepEqual(read(Buffer.from('-NOMASTERLINK not now\r\n+x'), 4).said, ['refused NOMASTERLINK not now']);
  for (const text of ['+OK\r\n', 'HTTP/1.1 400\r\n', `+FULLRESYNC ${id} 1\r\n$x\r\n`, 'a'.repeat(2_000)]) {
    assert.throws(
      () => read(Buffer.from(text), 100),
      (error) => isMillraceError(error, 'REDIS_REPLICATION_LINK'),
      text,
    );
  }
});
