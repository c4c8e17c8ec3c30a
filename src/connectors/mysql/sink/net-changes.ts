import { Buffer } from 'node:buffer';
import type { LiteralWriter } from './literal-writer.ts';

/**
 * What a group of changes comes to for one table and writer: for each key its last row, or that it is gone. Keys and rows are
 * kept as SQL text in two blocks, and found by an open hash table over numbers, so that a row costs no object.
 *
 *     keys   1 | (1,'a') | …            rows   (1,'a',5), | (2,'b',6), | …
 */
export class NetChanges {
  /** Keys touched. */
  count = 0;
  /** Of those, keys whose rows are gone at the end. */
  removed = 0;
  #keys = new Block();
  #rows = new Block();
  #entries = new Int32Array(fields * 256);
  /** Entry number + 1, or 0. Its length is a power of two, and at least twice `count`. */
  #slots = new Int32Array(1024);

  /** The last image that `row` read is the row of its key. */
  put(hash: number, key: readonly number[], row: LiteralWriter, change: number): void {
    const at = this.#entryOf(hash, key, row) * fields;
    const entries = this.#entries;
    if (entries[at + rowStart] === gone && entries[at + isOld] === 1) this.removed -= 1;
    entries[at + isOld] = 1;
    entries[at + rowStart] = this.#rows.length;
    this.#rows.putRow(row);
    entries[at + rowEnd] = this.#rows.length;
    entries[at + changeIndex] = change;
  }

  /** The row of the key that `row` read is gone. */
  remove(hash: number, key: readonly number[], row: LiteralWriter, change: number): void {
    const at = this.#entryOf(hash, key, row) * fields;
    const entries = this.#entries;
    if (entries[at + isOld] === 0 || entries[at + rowStart] !== gone) this.removed += 1;
    entries[at + isOld] = 1;
    entries[at + rowStart] = gone;
    entries[at + changeIndex] = change;
  }

  get keys(): Buffer {
    return this.#keys.bytes;
  }

  get rows(): Buffer {
    return this.#rows.bytes;
  }

  keyStart(entry: number): number {
    return this.#entries[entry * fields + keyStart]!;
  }

  keyEnd(entry: number): number {
    return this.#entries[entry * fields + keyEnd]!;
  }

  /** Where the row starts in `rows`; -1: it is gone. */
  rowStart(entry: number): number {
    return this.#entries[entry * fields + rowStart]!;
  }

  /** Just behind the row's comma. */
  rowEnd(entry: number): number {
    return this.#entries[entry * fields + rowEnd]!;
  }

  /** The index of the last change of the key. */
  change(entry: number): number {
    return this.#entries[entry * fields + changeIndex]!;
  }

  clear(): void {
    this.count = 0;
    this.removed = 0;
    this.#keys.length = 0;
    this.#rows.length = 0;
    this.#slots.fill(0);
  }

  #entryOf(hash: number, key: readonly number[], row: LiteralWriter): number {
    const keys = this.#keys;
    const start = keys.length;
    keys.putKey(row, key);
    const end = keys.length;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) {
        this.#slots[slot] = this.count + 1;
        return this.#add(hash, start, end);
      }
      const at = entry * fields;
      if (this.#entries[at + keyHash] !== hash) continue;
      if (
        keys.bytes.compare(keys.bytes, this.#entries[at + keyStart]!, this.#entries[at + keyEnd]!, start, end) === 0
      ) {
        keys.length = start;
        return entry;
      }
    }
  }

  #add(hash: number, start: number, end: number): number {
    const entry = this.count;
    this.count += 1;
    if ((entry + 1) * fields > this.#entries.length) {
      const grown = new Int32Array(this.#entries.length * 2);
      grown.set(this.#entries);
      this.#entries = grown;
    }
    const at = entry * fields;
    this.#entries[at + keyHash] = hash;
    this.#entries[at + keyStart] = start;
    this.#entries[at + keyEnd] = end;
    this.#entries[at + isOld] = 0;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return entry;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.count; entry += 1) {
      let slot = this.#entries[entry * fields + keyHash]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

/** A number for a key by its literals. Unlike keys may share it. */
export const hashOfKey = (row: LiteralWriter, key: readonly number[]): number => writerHashOf(row, key, 0);

/** FNV-1a over the literals of a key but its last `omitted` bytes, mixed so that low bits are as good as high ones. */
export const writerHashOf = (row: LiteralWriter, key: readonly number[], omitted: number): number => {
  let hash = 0x811c9dc5;
  const { bytes, starts, ends } = row;
  for (let i = 0; i < key.length; i += 1) {
    const column = key[i]!;
    const end = ends[column]! - (i === key.length - 1 ? omitted : 0);
    for (let at = starts[column]!; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    hash = Math.imul(hash ^ COMMA, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) | 0;
};

/** One entry's numbers. */
const keyStart = 0;
const keyEnd = 1;
const rowStart = 2;
const rowEnd = 3;
const keyHash = 4;
const changeIndex = 5;
const isOld = 6;
const fields = 7;
const gone = -1;

const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;

/** Bytes that grow. */
class Block {
  bytes: Buffer = Buffer.allocUnsafeSlow(1 << 14);
  length = 0;

  putKey(row: LiteralWriter, key: readonly number[]): void {
    const only = key.length === 1;
    for (let i = 0; i < key.length; i += 1) {
      const column = key[i]!;
      const start = row.starts[column]!;
      const end = row.ends[column]!;
      this.#reserve(end - start + 2);
      if (!only) this.bytes[this.length++] = i === 0 ? OPEN : COMMA;
      this.#copy(row.bytes, start, end);
    }
    if (!only) this.bytes[this.length++] = CLOSE;
  }

  putRow(row: LiteralWriter): void {
    this.#reserve(row.length + 2);
    this.bytes[this.length++] = OPEN;
    this.#copy(row.bytes, 0, row.length - 1);
    this.bytes[this.length++] = CLOSE;
    this.bytes[this.length++] = COMMA;
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    // A call out of JavaScript costs more than copying a few bytes.
    if (length < 24) for (let i = 0; i < length; i += 1) this.bytes[this.length + i] = bytes[start + i]!;
    else bytes.copy(this.bytes, this.length, start, end);
    this.length += length;
  }

  #reserve(extra: number): void {
    const wanted = this.length + extra + 1;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
