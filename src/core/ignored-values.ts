import type { ValueWriter } from './row-images.ts';

const ignore = (): void => {};

/** Takes every value and does nothing with it: reading a row into this says whether, and up to which column, it can be read. */
export const ignoredValues: ValueWriter = {
  target: 'ignored',
  absent: ignore,
  null: ignore,
  integer: ignore,
  bigint: ignore,
  float: ignore,
  double: ignore,
  decimal: ignore,
  text: ignore,
  binary: ignore,
  json: ignore,
  geometry: ignore,
  vector: ignore,
  date: ignore,
  time: ignore,
  datetime: ignore,
  timestamp: ignore,
  enum: ignore,
  set: ignore,
};
