import { Buffer } from 'node:buffer';

/**
 * Numbers as Kafka Connect's Decimal carries them: the unscaled whole number in two's complement, big-endian, in as few bytes as hold
 * its sign (Java's `BigInteger.toByteArray`): 0 is `00`, 127 `7f`, 128 `00 80`, -128 `80`.
 */
export class UnscaledBytes {
  readonly bytes: Buffer = Buffer.alloc(40);
  start = 0;
  readonly end = 40;

  /** From a decimal's digits as text, with or without point and sign: `-12.50` is -1250. */
  fromDigits(text: Uint8Array, from: number, to: number): void {
    const negative = text[from] === MINUS;
    let value = 0;
    let digits = 0;
    for (let i = negative ? from + 1 : from; i < to; i += 1) {
      const byte = text[i]!;
      if (byte === POINT) continue;
      value = value * 10 + byte - ZERO;
      if (value > 0) digits += 1;
    }
    if (digits <= 15) this.fromNumber(negative ? -value : value);
    else this.fromBigint(BigInt(Buffer.from(text.subarray(from, to)).toString('latin1').replace('.', '')));
  }

  /** A whole number within ±(2^53 - 1). */
  fromNumber(value: number): void {
    const { bytes, end } = this;
    const low = value | 0;
    bytes[end - 1] = low;
    bytes[end - 2] = low >> 8;
    bytes[end - 3] = low >> 16;
    bytes[end - 4] = low >> 24;
    if (low === value) {
      // Most amounts of money are done here: as many bytes as its sign bit leaves.
      const size = 33 - Math.clz32(low ^ (low >> 31));
      this.start = end - ((size + 7) >> 3);
      return;
    }
    bytes.writeInt32BE(Math.floor(value / 4_294_967_296), end - 8);
    this.#trim(end - 8);
  }

  fromBigint(value: bigint): void {
    let rest = value;
    let at = this.end;
    while (at > 0) {
      at -= 1;
      this.bytes[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    this.#trim(0);
  }

  /** Leaves out leading bytes that only repeat the sign. */
  #trim(from: number): void {
    const { bytes, end } = this;
    let start = from;
    while (start < end - 1) {
      const first = bytes[start]!;
      const nextIsNegative = bytes[start + 1]! >= 0x80;
      if (!((first === 0 && !nextIsNegative) || (first === 0xff && nextIsNegative))) break;
      start += 1;
    }
    this.start = start;
  }
}

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
