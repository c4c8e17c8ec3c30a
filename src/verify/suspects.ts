import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { HeldRows, Key, Reader } from '../core/reader.ts';
import type { Row } from '../core/value.ts';
import { type ComparedTable, keyName } from './compared-table.ts';
import type { Covering } from './covering.ts';

/** A key whose row was not the same on both sides when it was first read. */
export interface Suspect {
  readonly sourceKey: Key;
  readonly targetKey: Key;
}

/** What became of a suspect. `unsettled`: its row changed whenever it was looked at, and could not be held still. */
export type Verdict = 'match' | 'mismatched' | 'missing' | 'extra' | 'unsettled';

export interface Judged extends Suspect {
  readonly verdict: Verdict;
}

export interface SuspectContext {
  readonly source: Reader;
  readonly target: Reader;
  readonly covering: Covering;
  readonly clock: Clock;
  /** Whether rows of the source may be locked for a moment. */
  readonly lock: boolean;
}

/** Rounds in a row in which neither side moved and they differed, before that counts. */
const wantedStill = 3;
const maxRounds = 12;
const keysPerLock = 100;
/** How long writers of a row may have to wait for a comparison. */
const holdMs = 2_000;
const lockAttempts = 4;

/**
 * Says of rows that differed whether they still do once the sink has caught up. Two readings of the source around one of the sink
 * must agree with each other for a difference to count: a row that changes in between says nothing. What goes on differing is
 * locked at the source for the moment that the sink needs to get there, and then compared once and for all: so nothing is called
 * different because it was just changing, and nothing different goes unseen because it never stops changing.
 */
export const judge = async (
  table: ComparedTable,
  suspects: readonly Suspect[],
  context: SuspectContext,
  signal: AbortSignal,
): Promise<readonly Judged[]> => {
  const judged: Judged[] = [];
  let open = suspects.map((suspect): Watched => ({ ...suspect, still: 0, last: null }));
  for (let round = 0; open.length > 0 && round < maxRounds; round += 1) {
    const before = await readSource(table, open, context.source, signal);
    await context.covering.reached(signal);
    const held = await context.target.lookup(table.target, targetKeys(open), signal);
    const after = await readSource(table, open, context.source, signal);
    const next: Watched[] = [];
    for (const [i, watched] of open.entries()) {
      const [wanted, now, found] = [before[i] ?? null, after[i] ?? null, held[i] ?? null];
      if (table.same(wanted, found) || table.same(now, found)) {
        judged.push({ ...watched, verdict: 'match' });
        continue;
      }
      const stood = sameRow(wanted, now);
      const moved =
        !stood || watched.last === null || !sameRow(watched.last.wanted, now) || !sameRow(watched.last.found, found);
      next.push({ ...watched, still: stood ? (moved ? 1 : watched.still + 1) : 0, last: { wanted: now, found } });
    }
    open = next;
    // The others have come to a rest or go on changing: a lock is next for all of them.
    if (open.every(({ still }) => still >= wantedStill)) break;
    await context.clock.sleep(Math.min(10 * 2 ** round, 500), signal);
    signal.throwIfAborted();
  }
  for (let at = 0; at < open.length; at += keysPerLock) {
    const some = open.slice(at, at + keysPerLock);
    const certain = await judgeHeld(table, some, context, signal);
    judged.push(...(certain ?? some.map(judgeStill)));
  }
  return judged;
};

interface Watched extends Suspect {
  readonly still: number;
  readonly last: { readonly wanted: Row | null; readonly found: Row | null } | null;
}

const readSource = async (
  table: ComparedTable,
  suspects: readonly Suspect[],
  reader: Reader,
  signal: AbortSignal,
): Promise<readonly (Row | null)[]> =>
  dueOf(table, await reader.lookup(table.source, sourceKeys(suspects), signal), suspects);

/** What should be held where suspects are, of rows of the source. */
export const dueOf = async (
  table: ComparedTable,
  rows: readonly (Row | null)[],
  suspects: readonly Suspect[],
): Promise<readonly (Row | null)[]> => {
  const expected = await expectedOf(rows, table.expected);
  return expected.map((row, i) => table.due(row, suspects[i]!.targetKey));
};

/** What the sink should hold for rows of the source, null where there is none. */
export const expectedOf = async (
  rows: readonly (Row | null)[],
  expected: ComparedTable['expected'],
): Promise<readonly (Row | null)[]> => {
  const made = (await expected.from(rows.filter((row) => row !== null))).values();
  return rows.map((row) => (row === null ? null : (made.next().value ?? null)));
};

/** Compares while the source's rows are locked; null: they could not be, or the sink did not get there in time. */
const judgeHeld = async (
  table: ComparedTable,
  suspects: readonly Suspect[],
  context: SuspectContext,
  signal: AbortSignal,
): Promise<readonly Judged[] | null> => {
  const { source, target, covering, clock, lock } = context;
  if (!lock || source.locks === undefined || !(await covering.tells())) return null;
  for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
    // First let it catch up as far as it can, so that the lock is held for the last steps only.
    await covering.reached(signal);
    let holding: HeldRows;
    try {
      holding = await source.locks.hold(table.source, sourceKeys(suspects), signal);
    } catch (error) {
      if (isMillraceError(error, 'MYSQL_SERVER_BUSY')) continue;
      if (isMillraceError(error, 'MYSQL_MISSING_GRANT')) return null;
      throw error;
    }
    await using held = holding;
    if (await covering.reached(signal, holdMs)) {
      const wanted = await dueOf(table, held.rows, suspects);
      const found = await target.lookup(table.target, targetKeys(suspects), signal);
      return suspects.map((suspect, i) => ({
        ...suspect,
        verdict: verdictOf(table, wanted[i] ?? null, found[i] ?? null),
      }));
    }
    await clock.sleep(100 * (attempt + 1), signal);
  }
  return null;
};

const judgeStill = ({ sourceKey, targetKey, still, last }: Watched): Judged => {
  if (still < wantedStill || last === null) return { sourceKey, targetKey, verdict: 'unsettled' };
  return { sourceKey, targetKey, verdict: differenceOf(last.wanted, last.found) };
};

const verdictOf = (table: ComparedTable, wanted: Row | null, found: Row | null): Verdict =>
  table.same(wanted, found) ? 'match' : differenceOf(wanted, found);

const differenceOf = (wanted: Row | null, found: Row | null): Verdict => {
  if (wanted === null) return 'extra';
  return found === null ? 'missing' : 'mismatched';
};

export const sourceKeys = (suspects: readonly Suspect[]): readonly Key[] => suspects.map(({ sourceKey }) => sourceKey);
export const targetKeys = (suspects: readonly Suspect[]): readonly Key[] => suspects.map(({ targetKey }) => targetKey);

/** Whether two readings of one side gave the very same row. */
const sameRow = (left: Row | null, right: Row | null): boolean => {
  if (left === null || right === null) return left === right;
  return left.every((value, at) => {
    const other = right[at];
    if (value instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(value, other) === 0;
    return value === other;
  });
};

/** Suspects of one table by key, each once. */
export class Suspects {
  readonly #byKey = new Map<string, Suspect>();

  get size(): number {
    return this.#byKey.size;
  }

  add(suspect: Suspect): void {
    this.#byKey.set(keyName(suspect.targetKey), suspect);
  }

  /** Empties it. */
  takeAll(): readonly Suspect[] {
    const all = this.all();
    this.#byKey.clear();
    return all;
  }

  all(): readonly Suspect[] {
    return [...this.#byKey.values()];
  }
}
