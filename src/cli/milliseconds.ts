import { MillraceError } from '../core/errors.ts';

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30s`, `10min`, `2h`, `1d`, or plain seconds. Throws CLI_OPTION_VALUE. */
export const milliseconds = (option: string, text: string): number => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?\s*$/i.exec(text);
  if (match) return Number(match[1]) * units[match[2]?.toLowerCase() ?? 's']!;
  const reason = `${text} is no duration: write a number and ms, s, min, h or d, for example 30s`;
  throw new MillraceError('CLI_OPTION_VALUE', { option, reason });
};
