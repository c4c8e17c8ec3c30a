/** What Redis does to the bits of a string: the first bit is the highest of the first byte. */

/** The text with one bit set, or cleared; longer where it has to be. */
export const withBit = (text: Uint8Array, offset: number, bit: number): Uint8Array => {
  const changed = grown(text, (offset >> 3) + 1);
  putBit(changed, offset, bit);
  return changed;
};

/** `BITOP`: null for an operation that is not known. */
export const bitOperation = (operation: string, texts: readonly Uint8Array[]): Uint8Array | null => {
  const length = Math.max(0, ...texts.map((text) => text.length));
  const grownTexts = texts.map((text) => grown(text, length));
  const [first, ...others] = grownTexts;
  const apply = (change: (a: number, b: number) => number): Uint8Array =>
    others.reduce((result, other) => result.map((byte, at) => change(byte, other[at]!)), first!);
  switch (operation) {
    case 'AND':
      return apply((a, b) => a & b);
    case 'OR':
      return apply((a, b) => a | b);
    case 'XOR':
      return apply((a, b) => a ^ b);
    case 'NOT':
      return first!.map((byte) => ~byte);
    // From Redis 8.2 on: the first text, and whether any other has the bit.
    case 'DIFF':
      return first!.map((byte, at) => byte & ~any(others, at));
    case 'DIFF1':
      return first!.map((byte, at) => ~byte & any(others, at));
    case 'ANDOR':
      return first!.map((byte, at) => byte & any(others, at));
    case 'ONE':
      return first!.map((_, at) => inOne(grownTexts, at));
    default:
      return null;
  }
};

/** The bits of a byte that any of the texts has. */
const any = (texts: readonly Uint8Array[], at: number): number => texts.reduce((bits, text) => bits | text[at]!, 0);

/** The bits of a byte that one of the texts has, and no other. */
const inOne = (texts: readonly Uint8Array[], at: number): number => {
  let [once, more] = [0, 0];
  for (const text of texts) {
    more |= once & text[at]!;
    once |= text[at]!;
  }
  return once & ~more;
};

/** `BITFIELD`: the text after its words, `SET u8 #1 200 OVERFLOW SAT INCRBY i5 100 1`, each in capitals. */
export const withFields = (text: Uint8Array, words: readonly string[]): Uint8Array => {
  const writes: { readonly field: Field; readonly add: boolean; readonly value: bigint; readonly overflow: string }[] =
    [];
  let overflow = 'WRAP';
  for (let at = 0; at < words.length; ) {
    if (words[at] === 'OVERFLOW') {
      overflow = words[at + 1]!;
      at += 2;
    } else if (words[at] === 'GET') at += 3;
    else {
      const field = fieldAt(words[at + 1]!, words[at + 2]!);
      writes.push({ field, add: words[at] === 'INCRBY', value: BigInt(words[at + 3]!), overflow });
      at += 4;
    }
  }
  // It is as long as its last field says, also where that does not take its value.
  const bits = Math.max(0, ...writes.map(({ field }) => field.offset + field.bits));
  const changed = grown(text, Math.ceil(bits / 8));
  for (const { field, add, value, overflow: how } of writes) {
    const fitted = fit(field, add ? readField(changed, field) + value : value, how);
    if (fitted !== null) writeField(changed, field, fitted);
  }
  return changed;
};

interface Field {
  readonly signed: boolean;
  readonly bits: number;
  readonly offset: number;
}

const fieldAt = (type: string, offset: string): Field => {
  const bits = Number(type.slice(1));
  const at = offset.startsWith('#') ? Number(offset.slice(1)) * bits : Number(offset);
  return { signed: type.startsWith('I'), bits, offset: at };
};

/** Null: the field keeps what it has. */
const fit = ({ signed, bits }: Field, value: bigint, overflow: string): bigint | null => {
  const high = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  if (value >= low && value <= high) return value;
  if (overflow === 'FAIL') return null;
  return overflow === 'SAT' ? (value > high ? high : low) : BigInt.asUintN(bits, value);
};

const readField = (text: Uint8Array, { signed, bits, offset }: Field): bigint => {
  let value = 0n;
  for (let i = offset; i < offset + bits; i += 1) value = (value << 1n) | BigInt((text[i >> 3]! >> (7 - (i & 7))) & 1);
  return signed ? BigInt.asIntN(bits, value) : value;
};

const writeField = (text: Uint8Array, { bits, offset }: Field, value: bigint): void => {
  const raw = BigInt.asUintN(bits, value);
  for (let i = 0; i < bits; i += 1) putBit(text, offset + i, Number((raw >> BigInt(bits - 1 - i)) & 1n));
};

const putBit = (text: Uint8Array, offset: number, bit: number): void => {
  const mask = 128 >> (offset & 7);
  text[offset >> 3] = bit === 1 ? text[offset >> 3]! | mask : text[offset >> 3]! & ~mask;
};

/** A copy that is at least so long. */
const grown = (text: Uint8Array, length: number): Uint8Array => {
  const copy = new Uint8Array(Math.max(text.length, length));
  copy.set(text);
  return copy;
};
