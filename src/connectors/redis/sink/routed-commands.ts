import type { Buffer } from 'node:buffer';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { eachCommand, type PlacedCommand } from '../../../protocol/redis/placed-commands.ts';

/** Commands for one node, as arguments of the script that runs them there: how many arguments, and these, of each. */
export class NodeCommands {
  readonly args = new CommandWriter(64 * 1024);
  argCount = 0;
  /** Where each stands in the block it came from: start and end, in turn. */
  readonly places: number[] = [];
  /** Which of all commands it is. */
  readonly numbers: number[] = [];
  /** Those of which it is asked what they gave. */
  readonly asked: number[] = [];

  add(block: Buffer, { start, end, argsStart, args }: PlacedCommand, number: number, isAsked: boolean): void {
    this.args.text(String(isAsked ? -args : args));
    this.args.raw(block, argsStart, end);
    this.argCount += 1 + args;
    this.places.push(start, end);
    this.numbers.push(number);
    if (isAsked) this.asked.push(number);
  }
}

/** Commands to be sorted. */
export interface Unsorted {
  readonly block: Buffer;
  /** Which of all commands each is, where it is not all of them. */
  readonly numbers?: readonly number[];
  /** Numbers of those of which it is asked what they gave. */
  readonly asked?: ReadonlySet<number>;
}

/** Sorts a block's commands by the owners of their keys' slots. Those of the sink's own keys, all of one slot, stay together. */
export const routed = (
  { block, numbers, asked }: Unsorted,
  ownerOf: (slot: number) => number,
  own: { readonly slot: number; holds(key: Buffer): boolean },
): { readonly nodes: ReadonlyMap<number, NodeCommands>; readonly home: CommandWriter } => {
  const nodes = new Map<number, NodeCommands>();
  const home = new CommandWriter(1024);
  let index = 0;
  eachCommand(block, (command) => {
    const { end, argsStart, args, keyStart, keyEnd } = command;
    const number = numbers === undefined ? index : numbers[index]!;
    index += 1;
    const slot = keySlot(block, keyStart, keyEnd);
    if (slot === own.slot && own.holds(block.subarray(keyStart, keyEnd))) {
      home.begin(args);
      home.raw(block, argsStart, end);
      return;
    }
    const owner = ownerOf(slot);
    let node = nodes.get(owner);
    if (node === undefined) {
      node = new NodeCommands();
      nodes.set(owner, node);
    }
    node.add(block, command, number, asked?.has(number) ?? false);
  });
  return { nodes, home };
};
