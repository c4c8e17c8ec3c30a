import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Key, Reader } from '../core/reader.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Value } from '../core/value.ts';
import { type ComparedTable, compareTable, keyName } from './compared-table.ts';
import { Covering } from './covering.ts';
import { ExpectedRows, type Step } from './expected-rows.ts';
import { type SampledKey, SampledKeys } from './sampled-keys.ts';
import { expectedOf, type Judged, judge, type Suspect, sourceKeys, type Verdict } from './suspects.ts';

/** How old a change is when it is looked at. */
export const sampledAges = [1, 5, 60] as const;
export type SampledAge = (typeof sampledAges)[number];

/** What was found of rows at one age. */
export interface SampledCounts {
  readonly ageSeconds: SampledAge;
  /** Rows that were looked at on both sides. */
  readonly checked: number;
  /** Of these: held otherwise although the sink had everything up to them. */
  readonly violations: number;
  /** Rows of which nothing can be said: the sink was not there in time, they never stood still, or a side did not answer. */
  readonly undecided: number;
}

export interface ConsistencySamplerOptions {
  readonly source: Reader;
  readonly target: Reader;
  readonly steps: readonly Step[];
  readonly clock: Clock;
  readonly log: Log;
  readonly rowsPerSecond: number;
  readonly random?: () => number;
  /** How long the sink may take to get to what was read. */
  readonly waitMs?: number;
}

/** How often it is looked whether a row is due. */
const lookEveryMs = 200;
const complainEveryMs = 60_000;

/**
 * Looks at rows on both sides a while after they changed, as long as a pipeline runs, as Meta's Polaris does with its caches. A row
 * counts as a violation as `verify` calls one different: it stood still, the sink had everything up to it, and they differed. Who
 * only lags behind is none.
 */
export class ConsistencySampler {
  readonly #options: ConsistencySamplerOptions;
  readonly #keys: SampledKeys;
  #covering: Covering;
  readonly #due = sampledAges.map((): SampledKey[] => []);
  readonly #counts = sampledAges.map((ageSeconds) => ({ ageSeconds, checked: 0, violations: 0, undecided: 0 }));
  /** What is looked at of each table, by what the sinks call it: its rows, and where indexes lead to them. */
  #tables = new Map<string, readonly ComparedTable[]>();
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ConsistencySamplerOptions) {
    const { clock, rowsPerSecond, random = Math.random } = options;
    this.#options = options;
    this.#keys = new SampledKeys(rowsPerSecond, () => clock.monotonic(), random);
    this.#covering = this.#newCovering();
  }

  /** Is to be shown each batch as it leaves the operators. */
  readonly note: SampledKeys['note'] = (batch) => this.#keys.note(batch);

  counts(): readonly SampledCounts[] {
    return this.#counts.map((counts) => ({ ...counts }));
  }

  /** Looks at rows as they come of age. Returns when `signal` aborts; what does not answer is told and tried again with the next ones. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#due[0]!.push(...this.#keys.take());
      for (const [at, age] of sampledAges.entries()) {
        const due = this.#due[at]!;
        const come = due.findIndex(({ atMs }) => clock.monotonic() - atMs < age * 1_000);
        const some = due.splice(0, come < 0 ? due.length : come);
        if (some.length === 0) continue;
        this.#due[at + 1]?.push(...some);
        await this.#look(some, at, signal);
        if (signal.aborted) return;
      }
      await clock.sleep(lookEveryMs, signal);
    }
  }

  async #look(some: readonly SampledKey[], age: number, signal: AbortSignal): Promise<void> {
    for (const sampled of Map.groupBy(some, ({ table }) => table.id).values()) {
      const [{ table }] = sampled as [SampledKey, ...SampledKey[]];
      const counts = this.#counts[age]!;
      try {
        const tables = await this.#compared(table);
        const [rows] = tables;
        if (rows === undefined) continue;
        if (!(await this.#isSettled(rows))) {
          counts.checked += sampled.length;
          counts.undecided += sampled.length;
          continue;
        }
        // One that is wrong in its index is wrong, and is one row.
        const wrong = new Map<string, Verdict>();
        for (const compared of tables) {
          for (const { sourceKey, verdict } of await this.#judge(compared, sampled, signal)) {
            if (verdict === 'match' || (verdict === 'extra' && compared.shared)) continue;
            const name = keyName(sourceKey);
            if (wrong.get(name) === undefined || verdict !== 'unsettled') wrong.set(name, verdict);
          }
        }
        for (const { key } of sampled) {
          const verdict = wrong.get(keyName(suspectOf(rows, key).sourceKey));
          counts.checked += 1;
          if (verdict === 'unsettled') counts.undecided += 1;
          else if (verdict !== undefined) {
            counts.violations += 1;
            this.#tell(rows, verdict, age);
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        counts.checked += sampled.length;
        counts.undecided += sampled.length;
        // It may have been changed by a statement.
        this.#tables.clear();
        this.#complain(error);
      }
    }
  }

  async #judge(
    compared: ComparedTable,
    sampled: readonly SampledKey[],
    signal: AbortSignal,
  ): Promise<readonly Judged[]> {
    const { source, target, clock } = this.#options;
    let suspects: readonly Suspect[] = sampled.map(({ key }) => suspectOf(compared, key));
    if (compared.placed) {
      // Where a row is kept, the row says.
      const expected = await expectedOf(
        await source.lookup(compared.source, sourceKeys(suspects), signal),
        compared.expected,
      );
      suspects = suspects.flatMap(({ sourceKey }, i) => {
        const targetKey = compared.targetKeyFor(sourceKey, expected[i] ?? null);
        return targetKey === null ? [] : [{ sourceKey, targetKey }];
      });
    }
    return await judge(compared, suspects, { source, target, clock, covering: this.#covering, lock: false }, signal);
  }

  #newCovering(): Covering {
    const { source, target, clock, waitMs = 10_000 } = this.#options;
    return new Covering({ source, target, clock, waitMs, pauseMs: 500 });
  }

  /**
   * Whether the sink says where it is, and has all of the table's snapshot: before that rows may be missing there. While one is still to
   * begin, the rows that change come from the log alone, whole, and have to be right.
   */
  async #isSettled({ source: table }: ComparedTable): Promise<boolean> {
    const { source, target } = this.#options;
    if (!(await this.#covering.tells())) {
      this.#covering = this.#newCovering();
      return false;
    }
    const held = await target.held(source.log!.snapshotLane(table));
    return !held.some((place) => source.log!.snapshotUnfinished(place));
  }

  #tell(table: ComparedTable, verdict: Verdict, age: number): void {
    const { log, target } = this.#options;
    const details = { table: table.name, sink: target.name, ageSeconds: sampledAges[age]! };
    log.warn('a row that changed is not held as it should be; millrace verify says which', { ...details, verdict });
  }

  #complain(error: unknown): void {
    const { clock, log, target } = this.#options;
    if (clock.monotonic() - this.#complainedAt < complainEveryMs) return;
    this.#complainedAt = clock.monotonic();
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('rows that changed cannot be looked at now', {
      sink: target.name,
      code: isMillraceError(error) ? error.code : 'INTERNAL',
      reason,
    });
  }

  async #compared(table: Table): Promise<readonly ComparedTable[]> {
    const known = this.#tables.get(table.id);
    if (known !== undefined) return known;
    const { source, target, steps, log } = this.#options;
    let found: readonly ComparedTable[] = [];
    let origins = 0;
    for (const { database, name } of await source.tables()) {
      const described = await source.describe(database, name);
      if (described === null) continue;
      for (const expected of await ExpectedRows.of(described, steps)) {
        if (expected.name !== qualifiedName(table)) continue;
        origins += 1;
        if (keyNames(expected.table) !== keyNames(table)) continue;
        try {
          const indexes = (await target.indexesOf?.(expected.table)) ?? [];
          const all: ComparedTable[] = [];
          for (const index of [null, ...indexes.map((each) => each.name)]) {
            const compared = await compareTable(described, expected.name, { source, target, steps }, false, index);
            if (compared !== null && 'method' in compared && compared.method !== 'bags') all.push(compared);
          }
          if (all.length > 0) found = all;
        } catch (error) {
          if (!isMillraceError(error, 'VERIFY_NOTHING')) throw error;
          log.warn('rows of this table are not looked at', { table: expected.name, reason: error.message });
        }
      }
    }
    if (origins > 1) found = found.map((each) => ({ ...each, shared: true }));
    this.#tables.set(table.id, found);
    return found;
  }
}

const keyNames = ({ columns, primaryKey }: Table): string => primaryKey.map((at) => columns[at]!.name).join();

const suspectOf = (compared: ComparedTable, key: Key): Suspect => {
  const { table } = compared.expected;
  const row: (Value | undefined)[] = new Array(table.columns.length).fill(undefined);
  for (const [i, at] of table.primaryKey.entries()) row[at] = key[i];
  const targetKey = compared.expectedKeyOf(row as Value[]);
  return { sourceKey: compared.toSourceKey(targetKey), targetKey };
};
