/**
 * Where rows start, for all events and chunks: each takes a stretch of a shared block instead of an array of its own, which for
 * an event of one row would cost more than the row.
 */
class RowOffsets {
  block = new Int32Array(16_384);
  used = 0;

  /**
   * Takes the next entry of the stretch that starts at `start`, and returns where the stretch starts now: a full block is left to
   * those who use it, and the stretch moves to a new one.
   */
  add(start: number, offset: number): number {
    let from = start;
    if (this.used === this.block.length) {
      const own = this.used - start;
      const block = new Int32Array(Math.max(16_384, own * 2));
      block.set(this.block.subarray(start, this.used));
      this.block = block;
      this.used = own;
      from = 0;
    }
    this.block[this.used] = offset;
    this.used += 1;
    return from;
  }
}

export const rowOffsets = new RowOffsets();
