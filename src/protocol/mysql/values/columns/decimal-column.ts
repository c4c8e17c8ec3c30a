/**
 * DECIMAL(p, s): big-endian groups of digits, those before the point first.
 *
 *   (p - s) mod 9 digits | 9 digits, 4 bytes, as often as they fit | point | 9 digits, 4 bytes, ... | s mod 9 digits
 *   bytes of 0 to 8 digits: 0 1 1 2 2 3 3 4 4
 *
 * A negative value has every bit of every byte inverted; then the first bit of the first byte is inverted.
 * MySQL strings/decimal.cc (decimal2bin).
 */

import { putDigits, tens, units } from './ascii-digits.ts';
import { type ColumnReader, DamagedValue, fixed } from './column-reader.ts';

const chars = String.fromCharCode;
const point = 0x2e;
const digitBytes = [0, 1, 1, 2, 2, 3, 3, 4, 4] as const;
const powers = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000] as const;

/** Longest text: 65 digits, sign, point, and a 0 before the point. */
const scratch = Buffer.alloc(80);

export const decimalColumn = (precision: number, scale: number): ColumnReader => {
  const layout = decimalLayout(precision, scale);
  if (layout.small) return smallColumn(layout, precision);
  const read = (b: Buffer, s: number): string => text(layout, b, s);
  const format = (b: Buffer, s: number): number => putDecimal(layout, b, s, scratch, 0);
  return {
    ...fixed(layout.size),
    read,
    write: (writer, column, b, s) => writer.decimal(column, scratch, 0, format(b, s)),
    readSource: (bind) => `${bind(read)}(b, s)`,
    writeSource: (column, bind) => `w.decimal(${column}, ${bind(scratch)}, 0, ${bind(format)}(b, s));`,
  };
};

/**
 * The compiled forms put the groups of positive values together in the row's own function, where all sizes are constants. Negative
 * values, and groups that hold too many digits, are left to the interpreted ones.
 */
const smallColumn = (layout: DecimalLayout, precision: number): ColumnReader => {
  const { leadDigits, wholeGroups, scale, size } = layout;
  const upperLimit = powers[leadDigits]!;
  const lowerLimit = wholeGroups === 0 ? upperLimit : 1_000_000_000;
  const fractionLimit = powers[scale]!;
  const isWhole = (upper: number, lower: number, fraction: number): boolean =>
    upper < upperLimit && lower < lowerLimit && fraction < fractionLimit;

  const read = (b: Buffer, s: number): string => smallText(layout, b, s);
  const positiveText = (upper: number, lower: number, fraction: number): string | null =>
    isWhole(upper, lower, fraction) ? textOf(scale, upper * 1_000_000_000 + lower, fraction) : null;
  const format = (b: Buffer, s: number): number => putSmall(layout, b, s, scratch);
  const unscaled = (b: Buffer, s: number): number => smallUnscaled(layout, b, s);
  const positiveUnscaled = (upper: number, lower: number, fraction: number): number | null =>
    isWhole(upper, lower, fraction) ? (upper * 1_000_000_000 + lower) * fractionLimit + fraction : null;

  const leadBytes = digitBytes[leadDigits]!;
  const fractionBytes = scale === 9 ? 4 : digitBytes[scale]!;
  const lead = groupSource(0, leadBytes);
  const whole = wholeGroups === 0 ? `0, ${lead}` : `${lead}, ${groupSource(leadBytes, 4)}`;
  const groups = `${whole}, ${groupSource(size - fractionBytes, fractionBytes)}`;
  const source = (positive: string, any: string): string =>
    `((b[s] & 128) === 0 ? null : ${positive}(${groups})) ?? ${any}(b, s)`;
  const isNumber = precision <= numberDigits;
  return {
    ...fixed(size),
    read,
    write: (writer, column, b, s) => {
      if (isNumber && writer.takesUnscaled?.(column) === true) writer.integer(column, unscaled(b, s));
      else writer.decimal(column, scratch, 0, format(b, s));
    },
    readSource: (bind) => source(bind(positiveText), bind(read)),
    writeSource: (column, bind) => {
      const digits = `w.decimal(${column}, ${bind(scratch)}, 0, ${bind(format)}(b, s));`;
      if (!isNumber) return digits;
      const number = `w.integer(${column}, ${source(bind(positiveUnscaled), bind(unscaled))});`;
      return `if (w.takesUnscaled?.(${column}) === true) ${number} else ${digits}`;
    },
  };
};

/** Whatever has so many digits is a safe integer. */
const numberDigits = 15;

/** The decimal inside a JSON document: it brings its own precision and scale. */
export const writeDecimalText = (
  precision: number,
  scale: number,
  bytes: Buffer,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number => {
  if (precision > 65 || scale > precision || scale > 30) throw new DamagedValue(`DECIMAL(${precision},${scale})`);
  const layout = decimalLayout(precision, scale);
  if (end - start < layout.size) throw new DamagedValue('a DECIMAL is cut off');
  return putDecimal(layout, bytes, start, out, at);
};

interface DecimalLayout {
  readonly leadDigits: number;
  readonly wholeGroups: number;
  readonly fractionGroups: number;
  readonly tailDigits: number;
  readonly scale: number;
  readonly size: number;
  /** At most 15 digits before the point (a safe integer) and 9 after it. */
  readonly small: boolean;
}

const decimalLayout = (precision: number, scale: number): DecimalLayout => {
  const whole = precision - scale;
  const leadDigits = whole % 9;
  const wholeGroups = (whole - leadDigits) / 9;
  const tailDigits = scale % 9;
  const fractionGroups = (scale - tailDigits) / 9;
  return {
    leadDigits,
    wholeGroups,
    fractionGroups,
    tailDigits,
    scale,
    size: digitBytes[leadDigits]! + 4 * wholeGroups + 4 * fractionGroups + digitBytes[tailDigits]!,
    small: whole <= 15 && whole > 0 && scale <= 9,
  };
};

/** One group of `size` bytes, `mask` undoing the inversion of negative values. */
const group = (b: Buffer, s: number, size: number, mask: number): number => {
  switch (size) {
    case 1:
      return (b[s]! ^ mask) & 0xff;
    case 2:
      return (((b[s]! << 8) | b[s + 1]!) ^ mask) & 0xffff;
    case 3:
      return (((b[s]! << 16) | (b[s + 1]! << 8) | b[s + 2]!) ^ mask) & 0xffffff;
    default:
      return (((b[s]! << 24) | (b[s + 1]! << 16) | (b[s + 2]! << 8) | b[s + 3]!) ^ mask) >>> 0;
  }
};

/** The group at the very start, whose first bit is the sign. */
const firstGroup = (b: Buffer, s: number, size: number, mask: number): number =>
  (group(b, s, size, mask) ^ (size === 4 ? 0x80000000 : 1 << (8 * size - 1))) >>> 0;

const checked = (value: number, digits: number): number => {
  if (value >= powers[digits]!) throw new DamagedValue('a DECIMAL holds more digits than its group has');
  return value;
};

/** The digits before the point as a number, for small layouts. */
const smallWhole = (layout: DecimalLayout, b: Buffer, s: number, mask: number): number => {
  const leadBytes = digitBytes[layout.leadDigits]!;
  if (leadBytes === 0) return checked(firstGroup(b, s, 4, mask), 9);
  const lead = checked(firstGroup(b, s, leadBytes, mask), layout.leadDigits);
  return layout.wholeGroups === 0 ? lead : lead * 1_000_000_000 + checked(group(b, s + leadBytes, 4, mask), 9);
};

/** The digits after it as a number. */
const smallFraction = (layout: DecimalLayout, b: Buffer, s: number, mask: number): number => {
  const size = layout.scale === 9 ? 4 : digitBytes[layout.scale]!;
  return checked(group(b, s + layout.size - size, size, mask), layout.scale);
};

const smallText = (layout: DecimalLayout, b: Buffer, s: number): string => {
  const mask = (b[s]! & 0x80) === 0 ? -1 : 0;
  const whole = smallWhole(layout, b, s, mask);
  const fraction = layout.scale === 0 ? 0 : smallFraction(layout, b, s, mask);
  return mask === 0 ? textOf(layout.scale, whole, fraction) : `-${textOf(layout.scale, whole, fraction)}`;
};

/** The value times 10^scale. */
const smallUnscaled = (layout: DecimalLayout, b: Buffer, s: number): number => {
  const mask = (b[s]! & 0x80) === 0 ? -1 : 0;
  const whole = smallWhole(layout, b, s, mask) * powers[layout.scale]!;
  const value = layout.scale === 0 ? whole : whole + smallFraction(layout, b, s, mask);
  return mask === 0 ? value : 0 - value;
};

const textOf = (scale: number, whole: number, fraction: number): string => {
  if (scale === 0) return `${whole}`;
  if (scale === 2) return moneyText(whole, fraction);
  return `${whole}.${String(fraction).padStart(scale, '0')}`;
};

/** Most DECIMALs are money. One `fromCharCode` call takes half the time of finding the number's text and joining it to another. */
const moneyText = (whole: number, cents: number): string => {
  if (whole >= 100_000) return `${whole}${hundredths[cents]}`;
  if (whole < 100) {
    if (whole < 10) return chars(0x30 + whole, point, tens(cents), units(cents));
    return chars(tens(whole), units(whole), point, tens(cents), units(cents));
  }
  const upper = (whole / 100) | 0;
  const lower = whole - upper * 100;
  if (upper < 10) return chars(0x30 + upper, tens(lower), units(lower), point, tens(cents), units(cents));
  if (upper < 100) {
    return chars(tens(upper), units(upper), tens(lower), units(lower), point, tens(cents), units(cents));
  }
  const first = (upper / 100) | 0;
  const middle = upper - first * 100;
  // biome-ignore format: one entry a character
  return chars(
    0x30 + first, tens(middle), units(middle), tens(lower), units(lower), point, tens(cents), units(cents),
  );
};

/** A group of up to four bytes, the sign bit taken out of the very first. */
const groupSource = (at: number, bytes: number): string => {
  const parts = Array.from({ length: bytes }, (_, i) => {
    const byte = at + i === 0 ? '(b[s] ^ 128)' : `b[s + ${at + i}]`;
    return `${byte} << ${8 * (bytes - 1 - i)}`;
  });
  return bytes === 0 ? '0' : `((${parts.join(' | ')}) >>> 0)`;
};

const putSmall = (layout: DecimalLayout, b: Buffer, s: number, out: Uint8Array): number => {
  const mask = (b[s]! & 0x80) === 0 ? -1 : 0;
  if (mask !== 0) out[0] = 0x2d;
  const end = putDigits(out, mask === 0 ? 0 : 1, smallWhole(layout, b, s, mask), 1);
  if (layout.scale === 0) return end;
  out[end] = 0x2e;
  return putDigits(out, end + 1, smallFraction(layout, b, s, mask), layout.scale);
};

/** '.00' to '.99': most money columns have scale 2. */
const hundredths = Array.from({ length: 100 }, (_, n) => `.${String.fromCharCode(tens(n), units(n))}`);

const text = (layout: DecimalLayout, b: Buffer, start: number): string =>
  scratch.latin1Slice(0, putDecimal(layout, b, start, scratch, 0));

/** Writes the digits as ASCII and returns where they end. */
const putDecimal = (layout: DecimalLayout, b: Buffer, start: number, out: Uint8Array, at: number): number => {
  const mask = (b[start]! & 0x80) === 0 ? -1 : 0;
  let s = start;
  let o = at;
  const next = (digits: number): number => {
    const size = digits === 9 ? 4 : digitBytes[digits]!;
    const value = s === start ? firstGroup(b, s, size, mask) : group(b, s, size, mask);
    s += size;
    return checked(value, digits);
  };
  if (mask !== 0) {
    out[o] = 0x2d;
    o += 1;
  }
  const whole = o;
  if (layout.leadDigits > 0) o = putGroup(out, o, next(layout.leadDigits), whole);
  for (let i = 0; i < layout.wholeGroups; i += 1) o = putGroup(out, o, next(9), whole);
  if (o === whole) {
    out[o] = 0x30;
    o += 1;
  }
  if (layout.scale === 0) return o;
  out[o] = 0x2e;
  o += 1;
  for (let i = 0; i < layout.fractionGroups; i += 1) o = putDigits(out, o, next(9), 9);
  if (layout.tailDigits > 0) o = putDigits(out, o, next(layout.tailDigits), layout.tailDigits);
  return o;
};

/** Leading zeros are left out: a group is full width only behind a digit. */
const putGroup = (out: Uint8Array, o: number, value: number, whole: number): number => {
  if (o > whole) return putDigits(out, o, value, 9);
  return value === 0 ? o : putDigits(out, o, value, 1);
};
