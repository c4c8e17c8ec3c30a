import type { Buffer } from 'node:buffer';

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
