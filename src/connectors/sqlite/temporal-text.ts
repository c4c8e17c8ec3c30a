/** A time's or datetime's text with exactly `fsp` digits of a second's fraction; digits too many are rounded or cut off. */
export const withFraction = (text: string, fsp: number, rounds: boolean): string => {
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  const fraction = point < 0 ? '' : text.slice(point + 1);
  const kept = fraction.slice(0, fsp).padEnd(fsp, '0');
  if (!rounds || fraction.charAt(fsp) < '5') return fsp === 0 ? whole : `${whole}.${kept}`;
  const rounded = String(BigInt(`1${kept}`) + 1n);
  const carries = rounded.startsWith('2');
  const seconds = carries ? plusOneSecond(whole) : whole;
  return fsp === 0 ? seconds : `${seconds}.${rounded.slice(1)}`;
};

const plusOneSecond = (text: string): string => {
  const at = text.lastIndexOf(' ');
  if (at < 0) {
    const negative = text.startsWith('-');
    const [hours, minutes, seconds] = text.replace('-', '').split(':').map(Number);
    const total = hours! * 3600 + minutes! * 60 + seconds! + 1;
    const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
    return `${negative ? '-' : ''}${parts.map((part) => String(part).padStart(2, '0')).join(':')}`;
  }
  const next = new Date(Date.parse(`${text.replace(' ', 'T')}Z`) + 1000);
  return next.toISOString().slice(0, 19).replace('T', ' ');
};
