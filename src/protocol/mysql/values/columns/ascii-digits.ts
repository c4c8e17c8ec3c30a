/** Two ASCII digits of 0..99 in one number, the first in the low byte. Entries past 99 keep damaged bytes from reading undefined. */
const pairs = Uint16Array.from({ length: 256 }, (_, n) => (48 + (Math.trunc(n / 10) % 10)) | ((48 + (n % 10)) << 8));

/** The first of the two digits of `n` below 100, as a character code. */
export const tens = (n: number): number => pairs[n]! & 0xff;
/** The second. */
export const units = (n: number): number => pairs[n]! >> 8;

/** Writes `value` with at least `width` digits and returns where it ends. `value` is a whole number up to 2^53 - 1. */
export const putDigits = (bytes: Uint8Array, at: number, value: number, width: number): number => {
  let count = 1;
  for (let limit = 10; limit <= value; limit *= 10) count += 1;
  const end = at + Math.max(count, width);
  let position = end;
  let rest = value;
  // Numbers past 31 bits divide slowly: nine digits at a time.
  while (rest > 0x3fffffff) {
    const upper = Math.floor(rest / 1_000_000_000);
    putSmallDigits(bytes, position - 9, position, rest - upper * 1_000_000_000);
    position -= 9;
    rest = upper;
  }
  putSmallDigits(bytes, at, position, rest);
  return end;
};

const putSmallDigits = (bytes: Uint8Array, start: number, end: number, value: number): void => {
  let rest = value;
  let position = end;
  while (position > start) {
    const next = (rest / 10) | 0;
    position -= 1;
    bytes[position] = 48 + (rest - next * 10);
    rest = next;
  }
};
