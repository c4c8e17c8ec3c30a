/** Windows of time that groups are cut into; lengths are in milliseconds. */
export type Window<Time extends string> =
  | { readonly kind: 'TUMBLE'; readonly time: Time; readonly sizeMs: number }
  | { readonly kind: 'HOP'; readonly time: Time; readonly sizeMs: number; readonly advanceMs: number }
  | { readonly kind: 'SESSION'; readonly time: Time; readonly gapMs: number };

/** Windows side by side. `time` is the column with a row's time. */
export const tumbling = <Time extends string>(time: Time, sizeMs: number): Window<Time> => ({
  kind: 'TUMBLE',
  time,
  sizeMs,
});

/** Windows of which one begins every `advanceMs`, so that a row stands in several. */
export const hopping = <Time extends string>(time: Time, sizeMs: number, advanceMs: number): Window<Time> => ({
  kind: 'HOP',
  time,
  sizeMs,
  advanceMs,
});

/** A window goes on as long as no `gapMs` passes without a row. */
export const sessions = <Time extends string>(time: Time, gapMs: number): Window<Time> => ({
  kind: 'SESSION',
  time,
  gapMs,
});
