/**
 * MySQL's binary JSON.
 *
 *   type u1 | value
 *   00 small object  01 large object  02 small array  03 large array
 *   04 literal u1: 0 null, 1 true, 2 false   05 i2  06 u2  07 i4  08 u4  09 i8  0a u8  0b double
 *   0c string: length varlen, utf8mb4        0f opaque: field type u1, length varlen, bytes
 *   container, w = 2 (small) or 4 (large) bytes a number:
 *     count w | size w | objects: { key offset w | key length u2 } × count | { type u1 | value or offset w } × count | keys | values
 *   varlen: 7 bits a byte, low ones first, high bit = more follow, at most 5 bytes
 *
 * Offsets count from the container's `count`. literal, i2 and u2 stand in the value entry itself, in large containers i4 and u4
 * too. MySQL sql-common/json_binary.h.
 */

import { DamagedValue } from '../columns/column-reader.ts';

export const jsonType = {
  SMALL_OBJECT: 0x00,
  LARGE_OBJECT: 0x01,
  SMALL_ARRAY: 0x02,
  LARGE_ARRAY: 0x03,
  LITERAL: 0x04,
  INT16: 0x05,
  UINT16: 0x06,
  INT32: 0x07,
  UINT32: 0x08,
  INT64: 0x09,
  UINT64: 0x0a,
  DOUBLE: 0x0b,
  STRING: 0x0c,
  OPAQUE: 0x0f,
} as const;

/** MySQL's own limit on how deep arrays and objects nest. */
export const maxJsonDepth = 100;

/**
 * One document's bytes, with an account of the work done on them. A sound document reads each of its bytes once; hostile
 * offsets could make many values share the same bytes, over and over at each level, and so grow without end.
 */
export class JsonDocument {
  readonly bytes: Buffer;
  #left: number;

  /** `reads`: how often the whole document may be read. */
  constructor(bytes: Buffer, length: number, reads: number) {
    this.bytes = bytes;
    this.#left = length * reads;
  }

  charge(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new DamagedValue('JSON values share the same bytes');
  }
}

/** A container's head, checked against its limits. */
export interface JsonContainer {
  readonly object: boolean;
  readonly large: boolean;
  readonly count: number;
  /** Where `count` stands. */
  readonly base: number;
  readonly end: number;
  /** Where the value entries start. */
  readonly entries: number;
  /** Where entries end and keys and values start. */
  readonly head: number;
}

export const isContainer = (type: number): boolean => type <= jsonType.LARGE_ARRAY;

/** Opens the container of `type` at `base`. Throws DamagedValue when it does not fit before `limit`. */
export const openContainer = (document: JsonDocument, type: number, base: number, limit: number): JsonContainer => {
  const object = type <= jsonType.LARGE_OBJECT;
  const large = (type & 1) === 1;
  const width = large ? 4 : 2;
  if (base + 2 * width > limit) throw new DamagedValue('a JSON container is cut off');
  const b = document.bytes;
  const count = large ? b.readUInt32LE(base) : b.readUInt16LE(base);
  const size = large ? b.readUInt32LE(base + width) : b.readUInt16LE(base + width);
  const entries = base + 2 * width + (object ? count * (width + 2) : 0);
  const head = entries + count * (1 + width);
  if (base + size > limit || head > base + size) throw new DamagedValue('a JSON container is larger than its document');
  document.charge(head - base);
  return { object, large, count, base, end: base + size, entries, head };
};

/** Type of a container's value `index`. */
export const valueType = (b: Buffer, container: JsonContainer, index: number): number =>
  b[container.entries + index * (container.large ? 5 : 3)]!;

/** Where a container's value `index` stands: in its entry, or where the entry points. */
export const valueAt = (b: Buffer, container: JsonContainer, index: number): number => {
  const entry = container.entries + index * (container.large ? 5 : 3);
  const type = b[entry]!;
  const inlined =
    (type >= jsonType.LITERAL && type <= jsonType.UINT16) ||
    (container.large && (type === jsonType.INT32 || type === jsonType.UINT32));
  if (inlined) return entry + 1;
  return pointed(container, container.large ? b.readUInt32LE(entry + 1) : b.readUInt16LE(entry + 1));
};

/** Where the key of member `index` starts. */
export const keyAt = (b: Buffer, container: JsonContainer, index: number): number => {
  const entry = container.base + (container.large ? 8 + index * 6 : 4 + index * 4);
  return pointed(container, container.large ? b.readUInt32LE(entry) : b.readUInt16LE(entry));
};

/** Its length in bytes. */
export const keyLength = (b: Buffer, container: JsonContainer, index: number): number =>
  b.readUInt16LE(container.base + (container.large ? 8 + index * 6 + 4 : 4 + index * 4 + 2));

/** Children lie behind their parent's head, so that no chain of offsets comes back to where it was. */
const pointed = (container: JsonContainer, offset: number): number => {
  const at = container.base + offset;
  if (at < container.head || at > container.end) throw new DamagedValue('a JSON offset points outside its container');
  return at;
};
