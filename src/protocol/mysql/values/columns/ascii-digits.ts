/** Two ASCII digits of 0..99 in one number, the first in the low byte. Entries past 99 keep damaged bytes from reading undefined. */
const pairs = Uint16Array.from({ length: 256 }, (_, n) => (48 + (Math.trunc(n / 10) % 10)) | ((48 + (n % 10)) << 8));

/** The first of the two digits of `n` below 100, as a character code. */
export const tens = (n: number): number => pairs[n]! & 0xff;
/** The second. */
export const units = (n: number): number => pairs[n]! >> 8;

/** Writes `value` with at least `width` digits and returns where it ends. `value` is a whole number up to 2^53 - 1. */
export const putDigits = (bytes: Uint8Array, at: number, value: number, width: number): number => {
  const end = at + Math.max(width, digitCount(value));
  let rest = value;
  let position = end;
  while (position > at) {
    const next = rest > 0x7fffffff ? Math.floor(rest / 10) : (rest / 10) | 0;
    position -= 1;
    bytes[position] = 48 + (rest - next * 10);
    rest = next;
  }
  return end;
};

const digitCount = (value: number): number => {
  let count = 1;
  for (let limit = 10; limit <= value; limit *= 10) count += 1;
  return count;
};
