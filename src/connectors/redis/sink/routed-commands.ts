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

  add(block: Buffer, { start, end, argsStart, args }: PlacedCommand): void {
    this.args.text(String(args));
    this.args.raw(block, argsStart, end);
    this.argCount += 1 + args;
    this.places.push(start, end);
  }
}

/** Sorts a block's commands by the owners of their keys' slots. Those of the sink's own keys, all of one slot, stay together. */
export const routed = (
  block: Buffer,
  ownerOf: (slot: number) => number,
  own: { readonly slot: number; holds(key: Buffer): boolean },
): { readonly nodes: ReadonlyMap<number, NodeCommands>; readonly home: CommandWriter } => {
  const nodes = new Map<number, NodeCommands>();
  const home = new CommandWriter(1024);
  eachCommand(block, (command) => {
    const { end, argsStart, args, keyStart, keyEnd } = command;
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
    node.add(block, command);
  });
  return { nodes, home };
};
