/**
 * Numbers as Java prints them (`Double.toString` and `Float.toString` since JDK 19, which Jackson writes into JSON):
 *
 *     0.001 <= |x| < 10 000 000     123.45   100.0       at least one digit after the point
 *     otherwise                     1.0E10   1.234E-5    one digit before the point, at least one after, E without '+'
 *
 * The digits are the fewest that read back as the same number, and of those the nearest to it; where one digit would do, two
 * are tried (4.9E-324, not 5.0E-324). Older JDKs print some numbers with a digit too many:
 * Java 17 has -3.5000001E10 for the float -3.5E10.
 */
export const doubleText = (value: number): string => {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  if (magnitude >= 0.001 && magnitude < 10_000_000) {
    // The same digits and the same notation as JavaScript's, but for the `.0`.
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const shortest = value.toExponential();
  return javaScientific(shortest.includes('.') ? shortest : value.toExponential(1));
};

/** A 32-bit float, given as the double of the same value. */
export const floatText = (value: number): string => {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  const digits = shortestFloat(magnitude);
  const sign = value < 0 ? '-' : '';
  if (magnitude >= 0.001 && magnitude < 10_000_000) {
    const text = String(Number(digits));
    return `${sign}${text}${text.includes('.') ? '' : '.0'}`;
  }
  return sign + javaScientific(digits);
};

/** `1.5e+22` as `1.5E22`. */
const javaScientific = (text: string): string => {
  const [digits = '', exponent = ''] = text.split('e');
  return `${digits}E${Number(exponent)}`;
};

/** The shortest digits that a float has to itself, as `d.ddde±x` with one digit at least after the point. */
const shortestFloat = (value: number): string => {
  for (let digits = 1; digits < 9; digits += 1) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text.replace(/\.?0+e/, 'e').replace(/^(\d)e/, '$1.0e');
    const above = nextAbove(value, digits);
    if (above !== null) return above;
  }
  return value.toExponential(9);
};

/**
 * Below a power of two floats lie closer together than above it, so a decimal further away but above may still read back as the
 * float when the nearest one, below it, does not.
 */
const nextAbove = (value: number, digits: number): string | null => {
  if (Math.log2(value) % 1 !== 0) return null;
  const [mantissa = '', exponent = ''] = value.toExponential(digits).split('e');
  const raised = `${(Number(mantissa) + 10 ** -digits).toFixed(digits)}e${exponent}`;
  return Math.fround(Number(raised)) === value ? raised : null;
};
