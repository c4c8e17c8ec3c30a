/** Writes `value`, a whole number within ±(2^53 - 1), in decimal; gives the place behind it. Takes up to 17 bytes. */
export const putInteger = (bytes: Uint8Array, at: number, value: number): number => {
  if (value < 0) {
    bytes[at] = MINUS;
    return putInteger(bytes, at + 1, -value);
  }
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  if (value < 100_000_000) {
    const end = at + digitCount(value);
    putSmall(bytes, end, value, at);
    return end;
  }
  const high = Math.floor(value / 100_000_000);
  const behind = putInteger(bytes, at, high);
  return putFixed(bytes, behind, value - high * 100_000_000, 8);
};

/** Writes the last `width` digits of `value` (below 2^31), with leading zeros. */
export const putFixed = (bytes: Uint8Array, at: number, value: number, width: number): number => {
  const end = at + width;
  putSmall(bytes, end, value, at);
  return end;
};

/** Writes `value` so that it ends before `end`, filled up with zeros from `at`; two digits at a time. */
const putSmall = (bytes: Uint8Array, end: number, value: number, at: number): void => {
  let rest = value;
  let place = end;
  while (place - at >= 2) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) * 2;
    bytes[place - 1] = pairs[pair + 1]!;
    bytes[place - 2] = pairs[pair]!;
    place -= 2;
    rest = quotient;
  }
  if (place > at) bytes[at] = ZERO + (rest % 10);
};

const digitCount = (value: number): number => {
  if (value < 10_000) return value < 100 ? 2 : value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  return value < 10_000_000 ? 7 : 8;
};

const ZERO = 0x30;
const MINUS = 0x2d;

/** "00" to "99". */
const pairs = Uint8Array.from({ length: 200 }, (_, i) => ZERO + ((i & 1) === 0 ? Math.floor(i / 20) : (i >> 1) % 10));
