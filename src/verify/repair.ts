import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { Reader, RowRepair } from '../core/reader.ts';
import type { Row } from '../core/value.ts';
import type { ComparedTable } from './compared-table.ts';
import type { Covering } from './covering.ts';
import { dueOf, type Suspect, sourceKeys, targetKeys } from './suspects.ts';

export interface RepairContext {
  readonly source: Reader;
  readonly target: Reader;
  readonly covering: Covering;
  readonly clock: Clock;
}

const keysPerLock = 100;
/** Writers of a row wait as long as this for its repair. */
const holdMs = 5_000;

/**
 * Makes rows of the sink what they should be, while the pipeline goes on. The rows are locked at the source; once the sink has
 * everything up to there, no change of them is under way, so that writing what the source holds cannot undo a newer change: the next
 * one comes after the lock is given back. Returns how many rows were written or removed.
 */
export const repairRows = async (
  table: ComparedTable,
  keys: readonly Suspect[],
  { source, target, covering, clock }: RepairContext,
  signal: AbortSignal,
): Promise<number> => {
  const refused = (reason: string) => new MillraceError('VERIFY_REPAIR_REFUSED', { table: table.name, reason });
  if (table.method === 'bags') throw refused('without a key on both sides it cannot be said which row is meant');
  if (table.lacking.length > 0) throw refused(`the sink lacks ${table.lacking.join(', ')}`);
  if (target.repairs === undefined) throw refused(`${target.name} cannot be written to`);
  let repaired = 0;
  for (let at = 0; at < keys.length; at += keysPerLock) {
    const some = keys.slice(at, at + keysPerLock);
    for (let attempt = 0; ; attempt += 1) {
      const tells = await covering.reached(signal).then(() => covering.tells());
      if (source.locks === undefined) throw refused(`rows of ${source.name} cannot be locked`);
      await using held = await source.locks.hold(table.source, sourceKeys(some), signal);
      // A target that does not say where it is may be any copy: the pause within must do.
      if (!(await covering.reached(signal, tells ? holdMs : undefined))) {
        if (attempt === 4) throw refused('the sink does not catch up while its rows are locked');
        await clock.sleep(200, signal);
        continue;
      }
      const repairs = await repairsOf(table, some, await dueOf(table, held.rows, some), target, signal);
      if (repairs.length > 0)
        await target.repairs.apply(await target.repairs.statements(table.target, repairs), signal);
      repaired += repairs.length;
      break;
    }
  }
  return repaired;
};

/** The statements that would repair rows as they are now, for somebody to look at first. */
export const repairStatements = async (
  table: ComparedTable,
  keys: readonly Suspect[],
  { source, target }: RepairContext,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (table.method === 'bags' || table.lacking.length > 0 || target.repairs === undefined) return [];
  const texts: string[] = [];
  for (let at = 0; at < keys.length; at += keysPerLock) {
    const some = keys.slice(at, at + keysPerLock);
    const wanted = await dueOf(table, await source.lookup(table.source, sourceKeys(some), signal), some);
    texts.push(
      ...(await target.repairs.statements(table.target, await repairsOf(table, some, wanted, target, signal))),
    );
  }
  return texts;
};

const repairsOf = async (
  table: ComparedTable,
  keys: readonly Suspect[],
  wanted: readonly (Row | null)[],
  target: Reader,
  signal: AbortSignal,
): Promise<readonly RowRepair[]> => {
  const found = await target.lookup(table.target, targetKeys(keys), signal);
  return keys.flatMap(({ targetKey }, i): RowRepair[] => {
    const [row, held] = [wanted[i] ?? null, found[i] ?? null];
    if (table.same(row, held)) return [];
    return [{ key: targetKey, row: row === null ? null : table.toTarget(row, held) }];
  });
};
