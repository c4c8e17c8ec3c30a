/**
 * A growing buffer for bytes that are made while a value is handed to a writer, which may read them during that call only.
 * One per process: readers are synchronous, and none needs two at once.
 */
export class ByteScratch {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);

  /** Makes room for `length` bytes in all; what was written stays. */
  reserve(length: number): Buffer {
    if (length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.bytes.length * 2));
      this.bytes.copy(larger);
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** Lets go of a buffer that one huge value left behind. */
  trim(): void {
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(4096);
  }
}

const keptBytes = 4_194_304;
