import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { eachCommand } from '../../../protocol/redis/placed-commands.ts';
import { writtenCommands } from '../../../testing/written-commands.ts';
import { OwnKeys } from './own-keys.ts';
import { type NodeCommands, routed } from './routed-commands.ts';

const long = 'x'.repeat(1234);
const own = new OwnKeys('millrace', 'shop', true);
const block = new CommandWriter()
  .add('HSET', 'a', 'field', long)
  .add('UNLINK', 'b')
  .add('EVAL', 'return 1', 2, '{b}', 'nest:{b}', '')
  .add('SREM', own.vanished('shop.orders'), 'a')
  .add('HSET', 'b', 'empty', '', 'bytes', Buffer.from([0, 13, 10, 255]));

/** The arguments of a node's commands, command by command. */
const commandsOf = ({ args, argCount }: NodeCommands): readonly (readonly string[])[] => {
  const whole = new CommandWriter();
  whole.begin(argCount);
  whole.raw(args.view(), 0, args.byteLength);
  const [texts] = writtenCommands(whole) as [readonly string[]];
  const commands: string[][] = [];
  for (let i = 0; i < texts.length; i += 1 + Number(texts[i]))
    commands.push(texts.slice(i + 1, i + 1 + Number(texts[i])));
  return commands;
};

test("commands go to the owners of their keys in their order, and what is the sink's own stays together", () => {
  const of = (key: string): number => keySlot(Buffer.from(key));
  const { nodes, home } = routed({ block: block.view() }, (slot) => (slot === of('a') ? 7 : 8), own);
  assert.deepEqual([...nodes.keys()], [7, 8]);
  assert.deepEqual(commandsOf(nodes.get(7)!), [['HSET', 'a', 'field', long]]);
  assert.deepEqual(commandsOf(nodes.get(8)!), [
    ['UNLINK', 'b'],
    ['EVAL', 'return 1', '2', '{b}', 'nest:{b}', ''],
    ['HSET', 'b', 'empty', '', 'bytes', '\0\r\n\xff'],
  ]);
  assert.equal(home.commands, 1);
  assert.deepEqual(home.view(), new CommandWriter().add('SREM', own.vanished('shop.orders'), 'a').view());
  const places = nodes.get(8)!.places;
  assert.deepEqual(block.view().subarray(places[0], places[1]), new CommandWriter().add('UNLINK', 'b').view());
});

test('a key that lies in the slot of the sink keys, and is none of them, is a row', () => {
  const row = new CommandWriter().add('HSET', 'orders:{shop}:7', 'id', 7);
  const { nodes, home } = routed({ block: row.view() }, () => 0, own);
  assert.equal(keySlot(Buffer.from('orders:{shop}:7')), own.slot);
  assert.equal(home.commands, 0);
  assert.equal(nodes.get(0)!.places.length, 2);
});

test('what is asked for is marked, by the numbers that commands had before some of them were done', () => {
  const rest = new CommandWriter().add('UNLINK', 'a').add('UNLINK', 'b').add('UNLINK', 'c').view();
  const { nodes } = routed({ block: rest, numbers: [2, 5, 9], asked: new Set([0, 2, 9]) }, () => 0, own);
  const { args, numbers, asked } = nodes.get(0)!;
  assert.deepEqual(numbers, [2, 5, 9]);
  assert.deepEqual(asked, [2, 9]);
  const counts = [
    ...args
      .view()
      .toString()
      .matchAll(/\$\d\r\n(-?2)\r\n/g),
  ].map(([, count]) => count);
  assert.deepEqual(counts, ['-2', '2', '-2']);
});

test('nothing is no command', () => {
  eachCommand(Buffer.alloc(0), () => assert.fail('there is none'));
  assert.equal(routed({ block: Buffer.alloc(0) }, () => 0, own).nodes.size, 0);
});
