import type { Clock } from '../core/clock.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Reader, TableName } from '../core/reader.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import { compareBags } from './bag-comparison.ts';
import { type Absent, type ComparedTable, compareTable, type Depth } from './compared-table.ts';
import { Covering } from './covering.ts';
import { ExpectedRows, type Step } from './expected-rows.ts';
import { compareKeyed, type KeyedPlace } from './keyed-comparison.ts';
import type { ProgressFile, TableProgress } from './progress-state.ts';
import { repairRows, repairStatements } from './repair.ts';
import { judge, type Suspect, Suspects } from './suspects.ts';
import { type Difference, noCounts, type TableCounts, type TableResult, type TableStatus } from './table-result.ts';

export interface VerificationOptions {
  readonly source: Reader;
  readonly target: Reader;
  /** What the pipeline does to rows in between. */
  readonly steps: readonly Step[];
  readonly clock: Clock;
  readonly log: Log;
  /** Which of the source's tables; left out: all that it is configured for. */
  readonly only?: (table: TableName) => boolean;
  readonly chunkRows?: number;
  /** Of chunks, which share to compare: 1 is all. */
  readonly sample?: number;
  readonly random?: () => number;
  readonly lock?: boolean;
  /** Rows are counted on both sides, and none is looked at. */
  readonly counts?: boolean;
  /** How much of rows is compared where they are looked at. */
  readonly depth?: Depth;
  readonly waitMs?: number;
  readonly pauseMs?: number;
  readonly progress?: ProgressFile;
  readonly repair?: boolean;
  /** Is given the statements that would repair what differs. */
  readonly onFix?: (table: string, statements: readonly string[]) => void;
  /** How many differing rows are kept of a table; all are counted. */
  readonly maxDifferences?: number;
}

/** What a comparison is doing, for people and for metrics. */
export interface VerifyStatus {
  readonly table: string | null;
  readonly tablesDone: number;
  readonly tables: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly suspects: number;
  /** By result, over all tables, as far as it is known. */
  readonly results: {
    readonly match: number;
    readonly mismatched: number;
    readonly missing: number;
    readonly extra: number;
  };
  /** The same over the tables that are done, which no later look changes. */
  readonly settled: VerifyStatus['results'] & { readonly unsettled: number };
  /** By the server's estimates of rows; null: not known. */
  readonly etaMs: number | null;
}

/** What is compared with what. */
interface Pair {
  /** The source's. */
  readonly table: Table;
  /** `database.table`, as the sinks are handed its rows. */
  readonly to: string;
  /** An index that the sink keeps of it; null: its rows. */
  readonly index: string | null;
  /** What the sink's side is called. */
  readonly target: string;
}

const maxSuspects = 1_000;
const maxRestarts = 3;
const stateEveryMs = 1_000;
/** Pauses between attempts of what may pass, such as a server that restarts. */
const firstPauseMs = 200;
/** How often rows are counted again where the counts differ. */
const maxCountRounds = 5;
const maxPauseMs = 5_000;

/**
 * Compares the tables of a source with what a sink holds of them, while changes flow. Rows are first compared as they are met, without
 * waiting for anything; what differs is looked at again once the sink has caught up. A row that was found equal was the same on both
 * sides during this run; one that is reported as different differs although the sink has everything up to it.
 */
export class Verification {
  readonly #options: VerificationOptions;
  readonly #covering: Covering;
  readonly #done = new Map<string, TableResult>();
  readonly #startedAt: number;
  readonly #estimates = new Map<string, number>();
  #tables = 0;
  #current: { readonly name: string; readonly counts: TableCounts; readonly suspects: number } | null = null;
  #rowsRead = 0;
  #savedAt = 0;

  constructor(options: VerificationOptions) {
    const { source, target, clock, waitMs = 60_000, pauseMs = 500 } = options;
    this.#options = options;
    this.#covering = new Covering({ source, target, clock, waitMs, pauseMs });
    this.#startedAt = clock.monotonic();
  }

  status(): VerifyStatus {
    const done = [...this.#done.values()].map((result) => result.counts);
    const counts = this.#current === null ? done : [...done, this.#current.counts];
    const rows = sumOf(counts, 'rows');
    const elapsed = Math.max(1, this.#options.clock.monotonic() - this.#startedAt);
    const rowsPerMs = this.#rowsRead / elapsed;
    const estimated = this.#estimates.values().reduce((total, each) => total + each, 0);
    return {
      table: this.#current?.name ?? null,
      tablesDone: this.#done.size,
      tables: this.#tables,
      rows,
      rowsPerSecond: Math.round(rowsPerMs * 1_000),
      suspects: this.#current?.suspects ?? 0,
      results: resultsOf(counts),
      settled: settledOf(done),
      etaMs: estimated > 0 && rowsPerMs > 0 ? Math.max(0, Math.round((estimated - rows) / rowsPerMs)) : null,
    };
  }

  /** Compares every table, in the order of their names. Rejects when `signal` aborts; the progress file then says how far it was. */
  async run(signal: AbortSignal): Promise<readonly TableResult[]> {
    const { source, target, only = () => true, progress } = this.#options;
    const names = (await this.#trying(() => source.tables(), signal)).filter(only);
    if (names.length === 0) throw new MillraceError('VERIFY_NOTHING', { reason: `no table of ${source.name} matches` });
    const saved = progress?.read(this.#job) ?? null;
    for (const result of saved?.done ?? []) this.#done.set(pairName(result.table, result.target), result);
    const tables = new Map<string, Table>();
    for (const { database, name } of names) {
      const table = await this.#trying(() => source.describe(database, name), signal);
      if (table !== null) tables.set(`${database}.${name}`, table);
    }
    for (const name of tables.keys()) {
      const estimate = await this.#trying(
        async () => (await source.estimatedRows?.(tables.get(name)!)) ?? null,
        signal,
      );
      if (estimate !== null) this.#estimates.set(name, estimate);
    }
    const pairs: Pair[] = [];
    for (const table of tables.values()) {
      for (const expected of await ExpectedRows.of(table, this.#options.steps)) {
        const { database, name } = expected.table;
        pairs.push({ table, to: expected.name, index: null, target: expected.name });
        const indexes = await this.#trying(async () => (await target.indexesOf?.(expected.table)) ?? [], signal);
        for (const { name: index } of indexes)
          pairs.push({
            table,
            to: qualifiedName({ database, name }),
            index,
            target: qualifiedName({ database, name: index }),
          });
      }
    }
    const targets = Map.groupBy(pairs, ({ target }) => target);
    this.#tables = pairs.length;
    for (const pair of pairs) {
      const name = pairName(qualifiedName(pair.table), pair.target);
      if (this.#done.has(name)) continue;
      const shared = targets.get(pair.target)!.length > 1;
      const result = await this.#compare(pair, shared, saved?.tables[name] ?? null, signal);
      if (result !== null) this.#finish(result);
    }
    for (const result of await this.#leftOver(targets, signal)) this.#finish(result);
    progress?.remove();
    return [...this.#done.values()];
  }

  get #job(): string {
    return `${this.#options.source.name} -> ${this.#options.target.name}`;
  }

  /** Compares one table from where it was left, and again when it is changed by statements meanwhile. */
  async #compare(
    { table: described, to, index, target: label }: Pair,
    shared: boolean,
    saved: TableProgress | null,
    signal: AbortSignal,
  ): Promise<TableResult | null> {
    const { source, target, steps, log, depth = 'digest' } = this.#options;
    const { database, name } = described;
    const startedAt = this.#options.clock.monotonic();
    let from = saved;
    for (let attempt = 0; ; attempt += 1) {
      const table = attempt === 0 ? described : await this.#trying(() => source.describe(database, name), signal);
      if (table === null) return this.#without(`${database}.${name}`, label, 'gone', startedAt);
      // Its snapshot first: one that ends before the table is looked at has made the table.
      let snapshot = await this.#trying(() => this.#snapshotOf(table), signal);
      let compared = await this.#trying(
        () => compareTable(table, to, { source, target, steps, depth }, shared, index),
        signal,
      );
      if (compared === null) return null;
      if (isAbsent(compared) || compared.lacking.length > 0) {
        // The sink may not have come to the statement that makes it.
        await this.#trying(() => this.#covering.reached(signal), signal);
        snapshot = await this.#trying(() => this.#snapshotOf(table), signal);
        compared = await this.#trying(
          () => compareTable(table, to, { source, target, steps, depth }, shared, index),
          signal,
        );
        if (compared === null) return null;
      }
      if (isAbsent(compared)) {
        const status = snapshot === 'none to come' ? 'absent' : 'snapshotting';
        return this.#without(compared.name, compared.target, status, startedAt);
      }
      const unread = this.#without(compared.name, qualifiedName(compared.target), 'snapshotting', startedAt);
      if (snapshot === 'under way') return unread;
      try {
        const result = await this.#compareDefined(compared, from, startedAt, snapshot === 'due', signal);
        return result ?? unread;
      } catch (error) {
        signal.throwIfAborted();
        if (!(await this.#changed(compared, signal))) throw error;
        if (attempt === maxRestarts) {
          throw new MillraceError('VERIFY_TABLE_CHANGES', { table: compared.name }, { cause: error });
        }
        log.info('a statement changed the table; it is compared again', { table: compared.name });
        from = null;
      }
    }
  }

  /** `due`: its snapshot is still to begin, so nothing follows from what differs: null is returned then, and nothing repaired. */
  async #compareDefined(
    table: ComparedTable,
    saved: TableProgress | null,
    startedAt: number,
    due: boolean,
    signal: AbortSignal,
  ): Promise<TableResult | null> {
    const run = new TableRun(table, saved);
    this.#current = { name: table.name, counts: run.counts, suspects: 0 };
    const { counts = false } = this.#options;
    if (counts) await this.#compareCounts(run, signal);
    else if (table.method === 'bags') await this.#compareBag(run, signal);
    else await this.#compareAlongKey(run, due, signal);
    if (due && statusOf(run.counts, table.lacking) === 'different') return null;
    let repaired = 0;
    const { repair = false, onFix } = this.#options;
    const context = { ...this.#options, covering: this.#covering };
    if (onFix !== undefined && run.differing.length > 0) {
      onFix(table.name, await this.#trying(() => repairStatements(table, run.differing, context, signal), signal));
    }
    if (repair && !counts && run.differing.length + run.counts.mismatched + run.counts.missing + run.counts.extra > 0) {
      repaired = await this.#trying(() => repairRows(table, run.differing, context, signal), signal);
      // What was repaired is compared again: only what differs now counts.
      const again = run.differing;
      run.forgetDifferences();
      for (const suspect of again) run.suspects.add(suspect);
      await this.#judge(run, signal);
    }
    return {
      table: table.name,
      target: qualifiedName(table.target),
      status: statusOf(run.counts, table.lacking),
      method: counts ? 'counts' : table.method,
      counts: run.counts,
      lacking: table.lacking,
      keyColumns: (table.method === 'bags' ? [] : table.target.primaryKey).map((at) => table.target.columns[at]!.name),
      differences: run.differences.slice(0, this.#options.maxDifferences ?? 1_000),
      repaired,
      elapsedMs: Math.round(this.#options.clock.monotonic() - startedAt),
    };
  }

  /** `untilDifferent`: one row that differs ends it. */
  async #compareAlongKey(run: TableRun, untilDifferent: boolean, signal: AbortSignal): Promise<void> {
    const { source, target, chunkRows = 2_000, sample = 1, random = Math.random } = this.#options;
    const { table } = run;
    const chosen = (): boolean => sample >= 1 || random() < sample;
    for (let ended = false; !ended; ) {
      await this.#trying(async () => {
        const steps = compareKeyed({ table, source, target, chunkRows, chosen, signal }, run.place);
        for await (const step of steps) {
          signal.throwIfAborted();
          run.take(step);
          this.#rowsRead += step.rows;
          this.#show(run);
          ended = step.ended;
          if (ended || run.suspects.size >= maxSuspects) break;
          this.#save(run);
        }
      }, signal);
      await this.#judge(run, signal);
      if (untilDifferent && statusOf(run.counts, []) === 'different') return;
      // A table that is done is kept by its result.
      if (!ended) this.#save(run, true);
    }
  }

  async #compareBag(run: TableRun, signal: AbortSignal): Promise<void> {
    const { source, target, clock } = this.#options;
    const { rows, differences } = await this.#trying(
      () =>
        compareBags({
          table: run.table,
          source,
          target,
          covering: this.#covering,
          clock,
          signal,
          onRows: (count) => {
            this.#rowsRead += count;
          },
        }),
      signal,
    );
    run.takeBag(rows, differences);
    this.#show(run);
  }

  /**
   * The sink's count must be the source's before or after it, or between them. Where it is not, both are counted again, because what
   * comes and goes meanwhile is in some counts alone.
   */
  async #compareCounts(run: TableRun, signal: AbortSignal): Promise<void> {
    const { source, target, clock } = this.#options;
    const { table } = run;
    for (let round = 0; ; round += 1) {
      const before = await this.#trying(() => countHeld(source, table, signal), signal);
      await this.#trying(() => this.#covering.reached(signal), signal);
      const held = await this.#trying(() => countRows(target, table.target, signal), signal);
      const after = await this.#trying(() => countHeld(source, table, signal), signal);
      const [least, most] = [Math.min(before, after), Math.max(before, after)];
      const [missing, extra] = [table.holdsSome ? 0 : Math.max(0, least - held), Math.max(0, held - most)];
      if (missing + extra > 0 && round < maxCountRounds) {
        await clock.sleep(20 * 2 ** round, signal);
        continue;
      }
      this.#rowsRead += after;
      run.countedRows(after, { missing, extra: table.shared ? 0 : extra });
      this.#show(run);
      return;
    }
  }

  async #judge(run: TableRun, signal: AbortSignal): Promise<void> {
    const suspects = run.suspects.all();
    if (suspects.length === 0) return;
    const { lock = true } = this.#options;
    const context = { ...this.#options, covering: this.#covering, lock };
    const judged = await this.#trying(() => judge(run.table, suspects, context, signal), signal);
    run.suspects.takeAll();
    for (const { verdict, ...suspect } of judged) if (verdict !== 'match') run.add(suspect, verdict);
    this.#show(run);
  }

  #show(run: TableRun): void {
    this.#current = { name: run.table.name, counts: run.counts, suspects: run.suspects.size };
  }

  #save(run: TableRun, now = false): void {
    const { progress, clock } = this.#options;
    if (progress === undefined || (!now && clock.monotonic() - this.#savedAt < stateEveryMs)) return;
    this.#savedAt = clock.monotonic();
    progress.write({
      job: this.#job,
      done: [...this.#done.values()],
      tables: { [pairName(run.table.name, qualifiedName(run.table.target))]: run.progress() },
    });
  }

  #finish(result: TableResult): void {
    this.#done.set(pairName(result.table, result.target), result);
    this.#current = null;
    this.#options.progress?.write({ job: this.#job, done: [...this.#done.values()], tables: {} });
  }

  #without(table: string, target: string, status: TableStatus, startedAt: number): TableResult {
    const elapsedMs = Math.round(this.#options.clock.monotonic() - startedAt);
    return {
      table,
      target,
      status,
      method: null,
      counts: noCounts,
      lacking: [],
      keyColumns: [],
      differences: [],
      repaired: 0,
      elapsedMs,
    };
  }

  /**
   * Where the sink has the table's snapshot. One that is `due` may all the same have every row: a table that was renamed while the
   * pipeline runs has no lane of its own until the next start.
   */
  async #snapshotOf(table: Table): Promise<'due' | 'under way' | 'none to come'> {
    const { source, target } = this.#options;
    if (source.log === undefined) return 'none to come';
    const held = await target.held(source.log.snapshotLane(table));
    if (held.length === 0) return source.log.snapshotsAll ? 'due' : 'none to come';
    return held.some(source.log.snapshotUnfinished) ? 'under way' : 'none to come';
  }

  /** Whether either side's definition is not the one that the comparison went by. */
  async #changed(table: ComparedTable, signal: AbortSignal): Promise<boolean> {
    const { source, target } = this.#options;
    const now = await this.#trying(() => source.describe(table.source.database, table.source.name), signal);
    const held = await this.#trying(() => target.describe(table.target.database, table.target.name), signal);
    return now?.id !== table.source.id || held?.id !== table.target.id;
  }

  /** Tables that the sink mirrors and the source no longer has. */
  async #leftOver(targets: ReadonlyMap<string, unknown>, signal: AbortSignal): Promise<readonly TableResult[]> {
    const { target, only, steps } = this.#options;
    // Which source table a sink's one came from is known without routes alone, and whose it is only in a mirror of nothing else.
    if (only !== undefined || steps.length > 0 || !target.mirrorsOnly) return [];
    const names = await this.#trying(() => target.tables(), signal);
    return names
      .map(qualifiedName)
      .filter((name) => !targets.has(name))
      .map((name) => this.#without(name, name, 'left-over', this.#options.clock.monotonic()));
  }

  /** Tries again what may pass, for as long as a sink is waited for. */
  async #trying<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { clock, log, waitMs = 60_000 } = this.#options;
    const startedAt = clock.monotonic();
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const passes = isMillraceError(error) && error.retryable && !error.code.startsWith('VERIFY_');
        if (!passes || clock.monotonic() - startedAt > waitMs) throw error;
        log.warn('trying again', { code: error.code, reason: error.message, pauseMs: pause });
        await clock.sleep(pause, signal);
      }
    }
  }
}

/** How many of the source's rows should be held. */
const countHeld = async (source: Reader, table: ComparedTable, signal: AbortSignal): Promise<number> => {
  const { leavesOut } = table;
  if (leavesOut === null) return await countRows(source, table.source, signal);
  let rows = 0;
  for await (const piece of source.scan(table.source, signal)) {
    for (const row of await table.expected.from(piece)) if (row !== null && !leavesOut(row)) rows += 1;
  }
  return rows;
};

const countRows = async (reader: Reader, table: Table, signal: AbortSignal): Promise<number> => {
  if (reader.count !== undefined) return await reader.count(table, signal);
  let rows = 0;
  for await (const piece of reader.scan(table, signal)) rows += piece.length;
  return rows;
};

const isAbsent = (table: ComparedTable | Absent): table is Absent => !('method' in table);

const pairName = (table: string, target: string): string => `${table} -> ${target}`;

const sumOf = (counts: readonly TableCounts[], of: keyof TableCounts): number =>
  counts.reduce((total, each) => total + each[of], 0);

const resultsOf = (counts: readonly TableCounts[]): VerifyStatus['results'] => {
  const [mismatched, missing, extra] = (['mismatched', 'missing', 'extra'] as const).map((of) => sumOf(counts, of));
  const match = Math.max(0, sumOf(counts, 'rows') - mismatched! - missing!);
  return { match, mismatched: mismatched!, missing: missing!, extra: extra! };
};

const settledOf = (done: readonly TableCounts[]): VerifyStatus['settled'] => {
  const results = resultsOf(done);
  const unsettled = sumOf(done, 'unsettled');
  return { ...results, match: Math.max(0, results.match - unsettled), unsettled };
};

const statusOf = (counts: TableCounts, lacking: readonly string[]): TableStatus => {
  if (lacking.length > 0 || counts.mismatched + counts.missing + counts.extra > 0) return 'different';
  return counts.unsettled > 0 ? 'unsettled' : 'equal';
};

/** One table's comparison under way. */
class TableRun {
  readonly table: ComparedTable;
  readonly suspects = new Suspects();
  place: KeyedPlace = { phase: 'forward', after: null };
  counts: TableCounts = noCounts;
  differences: Difference[] = [];
  /** Keys of rows that differ, for repair. */
  differing: Suspect[] = [];

  constructor(table: ComparedTable, saved: TableProgress | null) {
    this.table = table;
    if (saved === null || saved.source !== table.source.id || saved.target !== table.target.id) return;
    this.place = saved.place;
    this.counts = saved.counts;
    this.differences = [...saved.differences];
    for (const suspect of saved.suspects) this.suspects.add(suspect);
    this.differing = saved.differences.map(({ key }) => ({ targetKey: key, sourceKey: table.toSourceKey(key) }));
  }

  take(step: {
    readonly place: KeyedPlace;
    readonly rows: number;
    readonly skipped: boolean;
    readonly suspects: readonly Suspect[];
  }): void {
    this.place = step.place;
    for (const suspect of step.suspects) this.suspects.add(suspect);
    const { rows, chunks, skippedRows } = this.counts;
    this.counts = step.skipped
      ? { ...this.counts, skippedRows: skippedRows + step.rows }
      : { ...this.counts, rows: rows + step.rows, chunks: chunks + 1 };
  }

  countedRows(rows: number, { missing, extra }: Pick<TableCounts, 'missing' | 'extra'>): void {
    this.counts = { ...this.counts, rows, chunks: 1, missing, extra };
  }

  takeBag(
    rows: number,
    differences: readonly {
      readonly row: Difference['key'];
      readonly verdict: Difference['verdict'];
      readonly count: number;
    }[],
  ): void {
    this.counts = { ...this.counts, rows, chunks: 1 };
    for (const { row, verdict, count } of differences) {
      this.differences.push({ key: row, verdict, count });
      this.counts = { ...this.counts, [verdict]: this.counts[verdict] + count };
    }
  }

  add(suspect: Suspect, verdict: Difference['verdict']): void {
    this.differences.push({ key: suspect.targetKey, verdict, count: 1 });
    this.differing.push(suspect);
    this.counts = { ...this.counts, [verdict]: this.counts[verdict] + 1 };
  }

  forgetDifferences(): void {
    this.differences = [];
    this.differing = [];
    this.counts = { ...this.counts, mismatched: 0, missing: 0, extra: 0, unsettled: 0 };
  }

  progress(): TableProgress {
    const { table, place, counts, suspects, differences } = this;
    return { source: table.source.id, target: table.target.id, place, counts, suspects: suspects.all(), differences };
  }
}
