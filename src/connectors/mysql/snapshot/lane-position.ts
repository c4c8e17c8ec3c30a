import { randomUUID } from 'node:crypto';
import type { Lane, Position } from '../../../core/batch.ts';
import { MillraceError } from '../../../core/errors.ts';
import { count, flag, listOf, orNull, record, type Shape, text } from '../../../core/json-shape.ts';
import { position } from '../../../core/position.ts';
import type { KeyPoint } from './chunk-query.ts';
import type { KeyValue } from './sql-literal.ts';

/** How far one table's snapshots are: what its lane `<prefix>:<database>.<table>` holds. */
export interface LanePosition {
  /** Some snapshot of the whole table was finished, or given up by the user: none starts by itself. */
  readonly settled: boolean;
  /** The snapshot under way; null: none. */
  readonly scan: ScanPlace | null;
  /**
   * A table without a usable key was read as of this place: the stream's changes of it before there are in what was read. null: the
   * stream is past it, or the table has a key.
   */
  readonly contains: ContainedLog | null;
  /** Grows with every position of the lane, over restarts too. */
  readonly sequence: number;
  /** The attempts that led here, the one that made this position last. */
  readonly attempts: readonly LaneAttempt[];
}

/** One run of the source. */
export interface LaneAttempt {
  /** Random: with several sinks, two runs may go on from the same place. */
  readonly id: string;
  /** The sequence that it went on from. */
  readonly from: number;
}

/** One server's log up to a place. */
interface ContainedLog {
  readonly server: string;
  readonly file: string;
  readonly offset: number;
}

export interface ScanPlace {
  readonly reason: string;
  readonly where: string | null;
  /** Names of the columns that `after` and `upTo` are values of; empty: a table without a usable key, read again after a crash. */
  readonly key: readonly string[];
  /** The last row handed on; null: none yet. */
  readonly after: KeyPoint | null;
  /** The last row there was when the scan began; null: not known yet. */
  readonly upTo: KeyPoint | null;
  readonly chunks: number;
  readonly rows: number;
}

/** How many attempts are kept: sinks further apart than this get the table again. */
const keptAttempts = 8;

/** The position that a run begins with: `held` by the sinks, or nothing yet. */
export const firstPosition = (held: LanePosition | null): LanePosition => {
  const from = held ?? { settled: false, scan: null, contains: null, sequence: 0, attempts: [] };
  const attempt = { id: randomUUID().slice(0, 8), from: from.sequence };
  return { ...from, attempts: [...from.attempts, attempt].slice(-keptAttempts) };
};

/** What a step changes of its lane's position. */
export type LaneStep = Pick<LanePosition, 'settled' | 'scan'> & Partial<Pick<LanePosition, 'contains'>>;

export const nextPosition = (from: LanePosition, change: LaneStep): LanePosition => ({
  ...from,
  contains: null,
  ...change,
  sequence: from.sequence + 1,
});

/**
 * Whether a sink that holds `held` has everything up to `at`. Within one attempt the order of the sequence decides. Another attempt cuts
 * its chunks elsewhere, so an earlier one's positions are covered only up to where every later attempt began.
 */
export const snapshotCovers = (held: Position, at: Position): boolean => {
  const [mine, other] = [decodeLanePosition('', held), decodeLanePosition('', at)];
  const made = mine.attempts.findIndex(({ id }) => id === other.attempts.at(-1)!.id);
  if (made < 0) return false;
  return other.sequence <= mine.sequence && mine.attempts.slice(made + 1).every(({ from }) => other.sequence <= from);
};

/** JSON, with what JSON cannot hold wrapped: `{"i":"18446744073709551615"}` an integer, `{"b":"00ff"}` bytes. */
export const encodeLanePosition = (value: LanePosition): Position => {
  const { scan } = value;
  const encoded = scan && { ...scan, after: scan.after?.map(wrap) ?? null, upTo: scan.upTo?.map(wrap) ?? null };
  return position(JSON.stringify({ ...value, scan: encoded }));
};

/** Throws SNAPSHOT_POSITION_UNREADABLE for anything that `encodeLanePosition` did not write. */
export const decodeLanePosition = (lane: Lane, held: Position): LanePosition => {
  try {
    return shape(JSON.parse(held));
  } catch (cause) {
    const reason = cause instanceof TypeError ? cause.message : 'it is no JSON';
    throw new MillraceError('SNAPSHOT_POSITION_UNREADABLE', { lane, reason }, { cause });
  }
};

const wrap = (value: KeyValue): unknown => {
  if (typeof value === 'bigint') return { i: String(value) };
  return value instanceof Uint8Array ? { b: Buffer.from(value).toString('hex') } : value;
};

const keyValue: Shape<KeyValue> = (value) => {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 1) {
    const { i, b } = value as { readonly i?: unknown; readonly b?: unknown };
    if (typeof i === 'string' && /^-?\d+$/.test(i)) return BigInt(i);
    if (typeof b === 'string' && /^([0-9a-f]{2})*$/.test(b)) return new Uint8Array(Buffer.from(b, 'hex'));
  }
  throw new TypeError('not the value of a key');
};

const attempts = listOf(record({ id: text, from: count }));
const keyPoint = orNull(listOf(keyValue));
const shape: Shape<LanePosition> = record({
  settled: flag,
  scan: orNull(
    record({
      reason: text,
      where: orNull(text),
      key: listOf(text),
      after: keyPoint,
      upTo: keyPoint,
      chunks: count,
      rows: count,
    }),
  ),
  contains: orNull(record({ server: text, file: text, offset: count })),
  sequence: count,
  attempts: (value) => {
    const read = attempts(value);
    if (read.length === 0) throw new TypeError('not one attempt');
    return read;
  },
});
