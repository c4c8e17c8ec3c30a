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

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What was written. Valid until the next write or `clear`. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
