import type { Buffer } from 'node:buffer';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';

/** One command of a block: where it stands, and which of its bytes are its key. */
export interface PlacedCommand {
  readonly start: number;
  readonly end: number;
  /** Behind `*3␍␊`. */
  readonly argsStart: number;
  readonly args: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

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

/**
 * Goes through the commands of a block, which must be whole. All of them are about one key each, their first argument; a script's is
 * its first key.
 */
export const eachCommand = (block: Buffer, take: (command: PlacedCommand) => void): void => {
  for (let at = 0; at < block.length; ) {
    const start = at;
    const args = lengthAt(block, at + 1);
    at = lineEnd(block, at);
    const argsStart = at;
    let keyStart = at;
    let keyEnd = at;
    let keyAt = 1;
    for (let arg = 0; arg < args; arg += 1) {
      const length = lengthAt(block, at + 1);
      const from = lineEnd(block, at);
      if (arg === 0 && isEval(block, from, length)) keyAt = 3;
      if (arg === keyAt) {
        keyStart = from;
        keyEnd = from + length;
      }
      at = from + length + 2;
    }
    take({ start, end: at, argsStart, args, keyStart, keyEnd });
  }
};

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

/** The digits from here to the line's end. */
const lengthAt = (bytes: Buffer, from: number): number => {
  let value = 0;
  for (let at = from; bytes[at] !== 0x0d; at += 1) value = value * 10 + bytes[at]! - 0x30;
  return value;
};

const lineEnd = (bytes: Buffer, from: number): number => {
  let at = from + 2;
  while (bytes[at] !== 0x0a) at += 1;
  return at + 1;
};

const isEval = (bytes: Buffer, at: number, length: number): boolean =>
  length === 4 && bytes.latin1Slice(at, at + 4) === 'EVAL';
