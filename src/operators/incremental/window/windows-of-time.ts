import { type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** Where a window begins, and where it ends; microseconds since 1970, the end excluded. */
export type Window = readonly [start: Whole, end: Whole];

/** The windows of TUMBLE, HOP or CUMULATE in which a time stands, the earliest first. Times of the same windows are given the same list. */
export const windowsOfTime = ({ window, size, slide, offset }: WindowPlan): ((time: Whole) => readonly Window[]) => {
  const period = window === 'HOP' ? slide : size;
  const windows = { TUMBLE: tumbling, HOP: hopping, CUMULATE: cumulating, SESSION: tumbling }[window];
  // Between the multiples of this, windows are the same; most rows have those of the row before.
  const step = window === 'TUMBLE' ? size : commonDivisor(slide, size);
  let [lastStep, last]: [number, readonly Window[]] = [Number.NaN, []];
  return (time) => {
    // Far enough from where numbers stop being exact, nothing below leaves them.
    if (typeof time === 'number' && Math.abs(time) + Math.abs(offset) + 2 * size < Number.MAX_SAFE_INTEGER) {
      const ofStep = time - floorMod(time - offset, step);
      if (ofStep === lastStep) return last;
      lastStep = ofStep;
      const distances = windows(floorMod(time - offset, period), size, slide);
      last = distances.map(([start, end]) => [time + start, time + end]);
      return last;
    }
    const exact = BigInt(time);
    const length = BigInt(period);
    const inside = Number((((exact - BigInt(offset)) % length) + length) % length);
    return windows(inside, size, slide).map(([start, end]) => [
      whole(exact + BigInt(start)),
      whole(exact + BigInt(end)),
    ]);
  };
};

/** How far from the time its windows begin and end, for a time that lies `inside` behind where one begins. */
type Distances = readonly (readonly [start: number, end: number])[];

const tumbling = (inside: number, size: number): Distances => [[0 - inside, size - inside]];

const hopping = (inside: number, size: number, slide: number): Distances => {
  const windows: [number, number][] = [];
  for (let start = 0 - inside; start > 0 - size; start -= slide) windows.unshift([start, start + size]);
  return windows;
};

const cumulating = (inside: number, size: number, step: number): Distances => {
  const windows: [number, number][] = [];
  for (let end = (Math.floor(inside / step) + 1) * step; end <= size; end += step)
    windows.push([0 - inside, end - inside]);
  return windows;
};

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

const floorMod = (value: number, by: number): number => ((value % by) + by) % by;
