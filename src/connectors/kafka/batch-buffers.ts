const smallestBytes = 16_384;
/** Bytes that are kept for the next batches; what is above goes back to the system. */
const keptBytes = 16 * 1_048_576;

/**
 * Blocks that batches are written into, used again once a batch is acknowledged. Sizes are doubled from 16 KiB on, so that a write
 * over many partitions with a row each takes little.
 */
export class BatchBuffers {
  readonly #free = new Map<number, Buffer[]>();
  #held = 0;

  /** A block of at least `size` bytes. */
  take(size: number): Buffer {
    const length = classOf(size);
    const block = this.#free.get(length)?.pop();
    if (block === undefined) return Buffer.allocUnsafeSlow(length);
    this.#held -= length;
    return block;
  }

  /** Gives a block back that nobody looks at any more. */
  release(block: Buffer): void {
    if (this.#held + block.length > keptBytes) return;
    const free = this.#free.get(block.length);
    if (free === undefined) this.#free.set(block.length, [block]);
    else free.push(block);
    this.#held += block.length;
  }
}

const classOf = (size: number): number => {
  let length = smallestBytes;
  while (length < size) length *= 2;
  return length;
};
