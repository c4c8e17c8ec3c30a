/** Redis's checksum of RDB files: CRC-64 with Jones's polynomial, reflected, from 0 and without a final inversion. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(bytes: Uint8Array, start: number, end: number): void {
    let high = this.#high;
    let low = this.#low;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      const a = low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      const b = high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
      const a0 = 1792 + (a & 255);
      const a1 = 1536 + ((a >>> 8) & 255);
      const a2 = 1280 + ((a >>> 16) & 255);
      const a3 = 1024 + (a >>> 24);
      const b0 = 768 + (b & 255);
      const b1 = 512 + ((b >>> 8) & 255);
      const b2 = 256 + ((b >>> 16) & 255);
      const b3 = b >>> 24;
      low = lows[a0]! ^ lows[a1]! ^ lows[a2]! ^ lows[a3]! ^ lows[b0]! ^ lows[b1]! ^ lows[b2]! ^ lows[b3]!;
      high = highs[a0]! ^ highs[a1]! ^ highs[a2]! ^ highs[a3]! ^ highs[b0]! ^ highs[b1]! ^ highs[b2]! ^ highs[b3]!;
    }
    for (; at < end; at += 1) {
      const index = (low ^ bytes[at]!) & 255;
      low = ((low >>> 8) | (high << 24)) ^ lows[index]!;
      high = (high >>> 8) ^ highs[index]!;
    }
    this.#high = high;
    this.#low = low;
  }

  /** Begins anew. */
  clear(): void {
    this.#high = 0;
    this.#low = 0;
  }

  /** Puts the sum into the 8 bytes at `at`, as a dumped value ends with. */
  put(bytes: Uint8Array, at: number): void {
    for (let byte = 0; byte < 4; byte += 1) {
      bytes[at + byte] = (this.#low >>> (8 * byte)) & 255;
      bytes[at + 4 + byte] = (this.#high >>> (8 * byte)) & 255;
    }
  }

  /** Whether the 8 bytes at `at`, as a file ends with, are this sum. */
  equals(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32LE(at) === this.#low >>> 0 && bytes.readUInt32LE(at + 4) === this.#high >>> 0;
  }

  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }
}

const polynomial = 0x95ac9329ac4bc9b5n;

/** Eight tables of 256, the k-th for a byte that k bytes follow. */
const tables = (): { readonly highs: Int32Array; readonly lows: Int32Array } => {
  const sums = new BigUint64Array(2048);
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1n) === 1n ? (sum >> 1n) ^ polynomial : sum >> 1n;
    sums[byte] = sum;
  }
  for (let k = 256; k < 2048; k += 1) sums[k] = (sums[k - 256]! >> 8n) ^ sums[Number(sums[k - 256]! & 255n)]!;
  const words = new Int32Array(sums.buffer);
  return {
    highs: Int32Array.from({ length: 2048 }, (_, k) => words[2 * k + 1]!),
    lows: Int32Array.from({ length: 2048 }, (_, k) => words[2 * k]!),
  };
};

const { highs, lows } = tables();
