/** A decimal number's text with exactly `scale` digits behind the point, rounded half away from zero as MySQL rounds. */
export const withScale = (text: string, scale: number): string => {
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace(/^[+-]/, '').split('.');
  const digits = `${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`;
  const rounded = BigInt(digits) + (fraction.charAt(scale) >= '5' ? 1n : 0n);
  const padded = String(rounded).padStart(scale + 1, '0');
  const point = padded.length - scale;
  const sign = negative && rounded !== 0n ? '-' : '';
  return scale === 0 ? `${sign}${padded}` : `${sign}${padded.slice(0, point)}.${padded.slice(point)}`;
};
