/** Figures for people: three or four digits and a unit. */
export const shortCount = (value: number): string => scaled(value, 1000, ['', 'K', 'M', 'G', 'T']);

export const shortBytes = (value: number): string => scaled(value, 1024, [' B', ' KB', ' MB', ' GB', ' TB']);

export const shortMs = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1000) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

const scaled = (value: number, base: number, units: readonly string[]): string => {
  let rest = value;
  let unit = 0;
  while (rest >= base - 0.5 && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  const whole = rest >= 99.95 || (unit === 0 && (rest >= 10 || Number.isInteger(rest)));
  return `${whole ? Math.round(rest) : rest.toFixed(1)}${units[unit]}`;
};
