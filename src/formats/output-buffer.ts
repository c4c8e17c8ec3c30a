/**
 * Bytes being written, in one block that grows and is used again. Encoders write into `bytes` at `length` after a `reserve`;
 * whoever sends them takes `view()` and calls `clear()` once they are gone.
 */
export class OutputBuffer {
  bytes: Buffer;
  length = 0;

  constructor(size = 65_536) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for `extra` bytes after `length`. `bytes` may be another block afterwards, with the same content. */
  reserve(extra: number): void {
    const wanted = this.length + extra;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  append(added: Uint8Array): void {
    const { length } = added;
    this.reserve(length);
    if (length > shortCopy) this.bytes.set(added, this.length);
    else copyShort(added, 0, this.bytes, this.length, length);
    this.length += length;
  }

  /** As `append`, of a part that no view is made of. */
  appendPart(source: Buffer, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    if (length > shortCopy) source.copy(this.bytes, this.length, start, end);
    else copyShort(source, start, this.bytes, this.length, length);
    this.length += length;
  }

  /** What was written. Valid until the next write or `clear`. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

/** A call into the runtime costs more than copying this many bytes by hand. */
const shortCopy = 48;

const copyShort = (source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void => {
  for (let i = 0; i < length; i += 1) target[to + i] = source[from + i]!;
};
