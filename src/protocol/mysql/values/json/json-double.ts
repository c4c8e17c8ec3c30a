/**
 * A double as MySQL prints it inside JSON: the shortest digits that read back as the same number, in fixed notation while that
 * is short, else as `1.5e22`. With 0.ddd × 10^p and d digits: fixed iff p >= -14 and (p <= 15 or d > p). Whole numbers in fixed
 * notation end in `.0`. MySQL strings/dtoa.cc (my_gcvt).
 */
export const jsonDoubleText = (value: number): string => {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [, sign, first, rest = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())!;
  const digits = first! + rest;
  const point = Number(exponent) + 1;
  if (point < -14 || (point > 15 && digits.length <= point)) {
    return `${sign}${first}${rest === '' ? '' : `.${rest}`}e${Number(exponent)}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
};
