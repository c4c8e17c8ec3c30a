import type { Lane, Position } from '../core/batch.ts';

/** How far an input was applied. */
export interface InputPlace {
  readonly lanes: Readonly<Record<Lane, Position>>;
  /** How many changed rows it had by then: tells that a place is reached, however the log is cut when it is read again. */
  readonly rows: number;
}

/** All that a tick was made of, so that it can run again: a line of the journal. */
export interface TickRecord {
  readonly tick: number;
  /** Nothing changed; places moved on. */
  readonly idle: boolean;
  /** Everything was read: no more will come. */
  readonly ended: boolean;
  /** The tick's time, in milliseconds since 1970. */
  readonly now: number;
  /** What tables that are asked for rows told it (answer-text.ts); left out: it asked nothing. */
  readonly answers?: string;
  /** Of its random numbers. */
  readonly seed: number;
  /** Inputs that moved, by their numbers, with the lanes that did. */
  readonly inputs: readonly (readonly [input: number, place: InputPlace])[];
}

/** The lanes of `now` that stand elsewhere than in `before`. */
export const movedLanes = (before: InputPlace | null, now: InputPlace): InputPlace =>
  before === null
    ? now
    : {
        ...now,
        lanes: Object.fromEntries(Object.entries(now.lanes).filter(([lane, at]) => before.lanes[lane] !== at)),
      };
