import type { Origin } from '../core/change.ts';
import type { Clock } from '../core/clock.ts';
import type { Input, InputStep } from './input.ts';
import type { TickRecord } from './tick-record.ts';

/** A moment at which everything that was read stands between transactions, and every table is whole. */
export interface Point {
  /** Where the first change since the last point comes from; null: nothing changed. */
  readonly origin: Origin | null;
  /** Every input has ended. */
  readonly last: boolean;
  /** A tick has something to do though nothing came. */
  readonly due: boolean;
  /** The tick that ends here again; null: it never ended before. */
  readonly again: TickRecord | null;
}

export interface ReadingOptions {
  /** One point alone, at the end. */
  readonly once: boolean;
  /** A point after each transaction, also before every table is whole. */
  readonly inParts?: boolean;
  /** There is a point before anything is read: all of it is there. */
  readonly isWhole: boolean;
  /** When a tick has something to do though nothing comes, in milliseconds since 1970; null: never. */
  readonly dueAt: () => number | null;
  readonly clock: Clock;
  /** Ticks that run again first: their points come before all others. */
  readonly again: readonly TickRecord[];
  readonly signal: AbortSignal;
}

interface Reading {
  readonly input: Input;
  readonly steps: AsyncIterator<InputStep>;
  next: Promise<Arrival> | null;
}

interface Arrival {
  readonly reading: Reading;
  readonly result: IteratorResult<InputStep>;
}

/** Applies what the inputs have, whatever is ready first, and says when a tick may end. Ends without a last point when `signal` aborts. */
export async function* readInputs(
  inputs: readonly Input[],
  { once, inParts = false, isWhole, again, dueAt, clock, signal }: ReadingOptions,
): AsyncGenerator<Point, void, undefined> {
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  let readings = inputs.map(
    (input): Reading => ({ input, steps: input.read(stop)[Symbol.asyncIterator](), next: null }),
  );
  const ending = new Set(inputs.filter(({ wholeAtEnd }) => wholeAtEnd));
  let unfinished: Reading | null = null;
  let origin: Origin | null = null;
  const isWholeNow = (): boolean => ending.size === 0 && inputs.every(({ missing }) => missing.size === 0);
  let begun = isWhole || again.length > 0;
  try {
    if (isWhole) yield { origin, last: false, due: false, again: null };
    for (const record of again) {
      for (const [number] of record.inputs) {
        const first = await applyUntilReached(readings[number]!);
        if (first === undefined) return;
        origin ??= first;
      }
      yield { origin, last: false, due: false, again: record };
      origin = null;
    }
    while (readings.length > 0) {
      const due = begun && isWholeNow() && unfinished === null && !once ? dueAt() : null;
      const waitMs = due === null ? null : Math.max(0, due - clock.now());
      const arrival = await firstOf(unfinished === null ? readings : [unfinished], waitMs, clock);
      if (arrival === null) {
        yield { origin, last: false, due: true, again: null };
        origin = null;
        continue;
      }
      const { reading, result } = arrival;
      reading.next = null;
      if (result.done) {
        if (signal.aborted) return;
        readings = readings.filter((other) => other !== reading);
        ending.delete(reading.input);
        unfinished = null;
      } else {
        // Whoever was served goes behind the others, so that a busy input does not starve a quiet one.
        readings = [...readings.filter((other) => other !== reading), reading];
        const first = result.value.apply();
        origin ??= first;
        unfinished = result.value.inside ? reading : null;
      }
      const last = readings.length === 0;
      if (!last && (unfinished !== null || (!inParts && (once || !isWholeNow())))) continue;
      if (last || !begun || origin !== null || !result.done) yield { origin, last, due: false, again: null };
      begun = true;
      origin = null;
    }
  } finally {
    ended.abort();
    await Promise.allSettled(
      readings.map(async ({ steps, next }) => {
        await next?.catch(() => {});
        await steps.return?.();
      }),
    );
  }
}

/** Undefined: it was told to stop before. */
const applyUntilReached = async ({ steps }: Reading): Promise<Origin | null | undefined> => {
  let origin: Origin | null = null;
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return undefined;
    const first = value.apply();
    origin ??= first;
    if (value.reaches) return origin;
  }
};

/** The first step of any of these; each is asked for one at a time. Null: none came in `waitMs`, where that is a number. */
const firstOf = async (readings: readonly Reading[], waitMs: number | null, clock: Clock): Promise<Arrival | null> => {
  for (const reading of readings) {
    reading.next ??= reading.steps.next().then((result) => ({ reading, result }));
  }
  const arrivals = readings.map(({ next }) => next!);
  if (waitMs === null) return await Promise.race(arrivals);
  const awake = new AbortController();
  try {
    return await Promise.race([...arrivals, clock.sleep(waitMs, awake.signal).then(() => null)]);
  } finally {
    awake.abort();
  }
};
