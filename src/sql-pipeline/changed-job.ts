import { MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import type { Dataflow } from '../operators/incremental/dataflow.ts';
import type { Refill } from '../operators/incremental/refill.ts';
import type { TickPlace } from '../state/tick-journal.ts';
import type { Checkpoint, KeptInput, KeptTable } from './checkpoint.ts';
import type { ResumableInput } from './input.ts';
import type { ScannedTable } from './scanned-table.ts';

/** A table that a job writes, and the outputs of its dataflow that go there. */
export interface JobTarget {
  /** Which table, and where: equal for the same, over restarts. */
  readonly identity: string;
  /** As errors name it. */
  readonly name: string;
  readonly outputs: readonly string[];
  /** What was written once stays there: rows of an earlier query cannot be removed. */
  readonly keepsAll: boolean;
}

/** How a table's rows come to be what its queries need. */
export type TableStart =
  | 'kept'
  /** Fewer of its columns are read: the rows have them. */
  | 'narrowed'
  /** More are read: the rows are read once more, beside what is kept. */
  | 'widened'
  /** Read from its start. */
  | 'anew';

/** How a job begins that differs from the one whose checkpoint it finds. */
export interface ChangedJob {
  readonly refill: Refill;
  readonly starts: ReadonlyMap<ScannedTable, TableStart>;
  /** What was kept of each input that goes on; the others begin anew. */
  readonly inputs: ReadonlyMap<ResumableInput, KeptInput>;
  /** Targets that hold the rows of the checkpoint's tick, so that those whose queries are as they were only get what is new. */
  readonly isContinued: boolean;
  /** Of targets that hold rows of the job: what is no longer in the result goes there. */
  readonly swept: ReadonlySet<string>;
}

export interface ChangedJobOptions {
  readonly flow: Dataflow;
  readonly inputs: readonly ResumableInput[];
  readonly targets: readonly JobTarget[];
  readonly surroundings: string;
}

/** What the queries whose rows stand in a target give, however many they are. */
export const targetFingerprint = (flow: Dataflow, { outputs }: JobTarget): string =>
  outputs
    .map((name) => flow.fingerprints.get(name)!)
    .sort()
    .join();

/**
 * What of a checkpoint serves a job that differs from the one that made it; null: nothing. `held`: the tick that every sink has. Throws
 * STATE_TARGET_HOLDS_OTHER for a target whose old rows would stay among the new ones.
 */
export const planChangedJob = (
  checkpoint: Checkpoint,
  held: TickPlace | null,
  { flow, inputs, targets, surroundings }: ChangedJobOptions,
): ChangedJob | null => {
  const { steps, outputs } = checkpoint;
  if (steps === undefined || outputs === undefined || checkpoint.surroundings !== surroundings) return null;
  const fingerprints = new Map(outputs.map(({ target, fingerprint }) => [target, fingerprint]));
  for (const target of targets) {
    const known = fingerprints.get(target.identity);
    if (target.keepsAll && known !== undefined && known !== null && known !== targetFingerprint(flow, target))
      throw new MillraceError('STATE_TARGET_HOLDS_OTHER', { target: target.name });
  }

  const isContinued = held !== null && held.run === checkpoint.run && held.tick === checkpoint.tick;
  const isWhole = (target: JobTarget): boolean =>
    !isContinued || fingerprints.get(target.identity) !== targetFingerprint(flow, target);
  const starts = new Map<ScannedTable, TableStart>();
  const going = new Map<ResumableInput, KeptInput>();
  for (const input of inputs) {
    const kept = checkpoint.inputs.find(({ identity }) => identity === input.identity);
    const found = input.tables.map((table) => [table, startOf(table, input, kept)] as const);
    const goesOn = kept !== undefined && (input.readsTablesApart || found.every(([, start]) => start !== 'anew'));
    if (goesOn) going.set(input, kept);
    for (const [table, start] of found) starts.set(table, goesOn ? start : 'anew');
  }

  for (;;) {
    if (going.size === 0) return null;
    const named = (wanted: (table: ScannedTable, start: TableStart) => boolean): ReadonlySet<string> =>
      new Set([...starts].filter(([table, start]) => wanted(table, start)).map(([{ name }]) => name));
    const refill = flow.refilling({
      kept: new Set(steps.map(({ fingerprint }) => fingerprint)),
      tellable: named((table) => table.keepsRows),
      anew: named((_, start) => start === 'anew'),
      whole: new Set(targets.filter(isWhole).flatMap(({ outputs }) => outputs)),
    });
    if (refill === null) return null;
    // A target gets all of its rows, or what is new of all its queries.
    const whole = targets.filter((target) => isWhole(target) || target.outputs.some((name) => refill.whole.has(name)));
    const missing = whole.flatMap(({ outputs }) => outputs).filter((name) => !refill.whole.has(name));
    const lost = [...going].filter(([{ tables }]) =>
      tables.some((table) => refill.anew.has(table.name) && starts.get(table) !== 'anew'),
    );
    for (const [input] of lost) {
      going.delete(input);
      for (const table of input.tables) starts.set(table, 'anew');
    }
    if (missing.length > 0) {
      const all = new Set(whole.map(({ identity }) => identity));
      for (const identity of all) fingerprints.delete(identity);
    }
    if (lost.length > 0 || missing.length > 0) continue;
    return { refill, starts, inputs: going, isContinued, swept: new Set(outputs.map(({ target }) => target)) };
  }
};

const startOf = (
  table: ScannedTable,
  { readsTablesApart }: ResumableInput,
  kept: KeptInput | undefined,
): TableStart => {
  const known = kept?.tables.find(({ name, definition }) => isOf(table, name) && definition === table.definition);
  if (known?.read === undefined) return 'anew';
  if (known.identity === table.identity) return 'kept';
  // Rows without a key are known by all columns that are read of them.
  if (table.table.primaryKey.length === 0) return 'anew';
  if (table.read.every((column) => known.read!.includes(column))) return 'narrowed';
  return readsTablesApart ? 'widened' : 'anew';
};

const isOf = ({ table }: ScannedTable, name: string): boolean => name === qualifiedName(table);

/** What was kept of a table that is read in another way now. */
export const keptTable = (table: ScannedTable, { tables }: KeptInput): KeptTable =>
  tables.find(({ name, definition }) => isOf(table, name) && definition === table.definition)!;
