import { putFixed } from '../../formats/ascii-digits.ts';

/** The fewest digits that give a 32-bit value back. */
export const floatText = (value: number): string => {
  for (let digits = 6; digits < 9; digits += 1) {
    // Zero's sign is not among the digits.
    const shorter = value === 0 ? value : Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return doubleText(shorter);
  }
  return doubleText(Number(value.toPrecision(9)));
};

export const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** `2026-01-31`; gives the place behind it. */
export const putDate = (to: Uint8Array, from: number, year: number, month: number, day: number): number => {
  let at = putFixed(to, from, year, 4);
  to[at++] = MINUS;
  at = putFixed(to, at, month, 2);
  to[at++] = MINUS;
  return putFixed(to, at, day, 2);
};

/** `:05:09`, what stands behind the hours. */
export const putMinutes = (to: Uint8Array, from: number, minutes: number, seconds: number): number => {
  to[from] = COLON;
  const at = putFixed(to, from + 1, minutes, 2);
  to[at] = COLON;
  return putFixed(to, at + 1, seconds, 2);
};

const MINUS = 0x2d;
const COLON = 0x3a;
