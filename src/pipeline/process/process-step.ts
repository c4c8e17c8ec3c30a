import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, Op, Origin, RowsChange, SchemaChange } from '../../core/change.ts';
import type { Clock } from '../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { type DeadLetters, RowRange } from '../dead-letters.ts';
import type { NamedRow, Process, ProcessedChange } from './process.ts';
import { ProcessedTable } from './processed-table.ts';

export interface ProcessStepOptions {
  readonly process: Process;
  /** What messages call it. */
  readonly module: string;
  readonly matches: (database: string, table: string) => boolean;
  /** Rows that are being worked on at once. */
  readonly concurrency: number;
  /** For each call that answers later. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Where rows go that it fails on; null: the first one stops the pipeline. */
  readonly deadLetters: DeadLetters | null;
}

/** A row as it goes on. */
interface Outcome {
  readonly op: Op;
  readonly before: Row | null;
  readonly after: Row | null;
}

/**
 * One user's step at work. Rows are worked on side by side, up to `concurrency` over all batches under way, and come out in the order
 * they came in. Rows of other tables pass untouched.
 */
export class ProcessStep {
  readonly #options: ProcessStepOptions;
  readonly #tables = new Map<string, ProcessedTable>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: ProcessStepOptions) {
    this.#options = options;
    this.#free = options.concurrency;
  }

  /** Throws PROCESS_FAILED, PROCESS_TIMEOUT, PROCESS_ROW_WRONG and PROCESS_COLUMNS; rejects when `signal` aborts. */
  async apply(batch: Batch, signal: AbortSignal): Promise<Batch> {
    if (!batch.changes.some((change) => this.#touches(change))) return batch;
    // When one row fails, those beside it need not go on.
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const started = batch.changes.map((change) => this.#change(batch, change, stop));
    for (const each of started) each.catch(() => {});
    try {
      const changes: Change[] = [];
      for (const each of started) changes.push(...(await each));
      return { ...batch, changes };
    } catch (error) {
      failed.abort();
      throw error;
    }
  }

  #touches(change: Change): boolean {
    const tables = change.kind === 'schema' ? [change.before, change.after] : [change.table];
    return tables.some((table) => table !== null && this.#options.matches(table.database, table.name));
  }

  async #change(batch: Batch, change: Change, signal: AbortSignal): Promise<readonly Change[]> {
    if (!this.#touches(change)) return [change];
    if (change.kind === 'schema') return [this.#schema(change)];
    const table = this.#of(change.table);
    if (change.kind !== 'rows') return [{ ...change, table: table.result }];
    const working = Array.from({ length: change.rows.length }, (_, i) => this.#row(batch, change, i, table, signal));
    for (const each of working) each.catch(() => {});
    const outcomes: Outcome[] = [];
    for (const each of working) outcomes.push(...(await each));
    if (outcomes.length === 0) return change.rows.length === 0 ? [{ ...change, table: table.result }] : [];
    return grouped(outcomes, change, table.result);
  }

  #schema(change: SchemaChange): SchemaChange {
    const result = (table: Table | null): Table | null =>
      table !== null && this.#options.matches(table.database, table.name) ? this.#of(table).result : table;
    return { ...change, before: result(change.before), after: result(change.after) };
  }

  #of(table: Table): ProcessedTable {
    let known = this.#tables.get(table.id);
    if (known === undefined) {
      known = new ProcessedTable(table, this.#options.process, this.#options.module);
      this.#tables.set(table.id, known);
    }
    return known;
  }

  async #row(
    batch: Batch,
    change: RowsChange,
    index: number,
    table: ProcessedTable,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    await this.#enter();
    try {
      signal.throwIfAborted();
      return await this.#outcomes(change, index, table, signal);
    } catch (error) {
      const { deadLetters, module } = this.#options;
      const isRows = isMillraceError(error, 'PROCESS_FAILED') || isMillraceError(error, 'PROCESS_ROW_WRONG');
      if (deadLetters === null || !isRows) throw error;
      const rows = new RowRange(change.rows, index, index + 1);
      const { code, message } = error;
      const alone: Batch = { changes: [{ ...change, rows }], positions: new Map(), version: batch.version };
      await deadLetters.write({ sink: module, table: change.table, op: change.op, rows, batch: alone, code, message });
      return [];
    } finally {
      this.#leave();
    }
  }

  async #outcomes(
    { op, rows, table: source, origin }: RowsChange,
    index: number,
    table: ProcessedTable,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const [before, after] = [rows.before(index), rows.after(index)];
    const named = { before: before && table.named(before), after: after && table.named(after) };
    const change = { op, table: qualifiedName(source), ...named, origin, signal };
    // A deleted row's image may be one that was logged beside an update's, or the only one.
    const old = named.before === null ? [] : await this.#image(named.before, { ...change, image: 'before' }, table);
    const made = named.after === null ? [] : await this.#image(named.after, { ...change, image: 'after' }, table);
    if (op !== 'update') return [...old, ...made].map((row) => outcomeOf(op, row));
    if (this.#options.process.flatMap === undefined) {
      const [from = null, to = null] = [old[0], made[0]];
      if (from !== null && to !== null) return [{ op: 'update', before: from, after: to }];
      return to === null ? old.map((row) => outcomeOf('delete', row)) : [outcomeOf('create', to)];
    }
    const kept = new Map(made.map((row) => [table.keyOf(row), row]));
    const known = new Map(old.map((row) => [table.keyOf(row), row]));
    return [
      ...old.filter((row) => !kept.has(table.keyOf(row))).map((row) => outcomeOf('delete', row)),
      ...made.map((row): Outcome => {
        const from = known.get(table.keyOf(row));
        return from === undefined ? outcomeOf('create', row) : { op: 'update', before: from, after: row };
      }),
    ];
  }

  /** What becomes of one image: none, one or several rows. */
  async #image(row: NamedRow, change: ProcessedChange, table: ProcessedTable): Promise<readonly Row[]> {
    const { process } = this.#options;
    const passes = process.filter === undefined || (await this.#call('filter', change, process.filter, row));
    if (!passes) return [];
    let made: readonly NamedRow[] = [row];
    if (process.map !== undefined) made = [await this.#call('map', change, process.map, row)];
    if (process.flatMap !== undefined) {
      const several: NamedRow[] = [];
      for (const each of made) several.push(...(await this.#call('flatMap', change, process.flatMap, each)));
      made = several;
    }
    const result: Row[] = [];
    for (const each of made) {
      if (change.image === 'after' && process.lookup !== undefined) {
        const added = await this.#call('lookup', change, process.lookup, each);
        result.push(table.positional({ ...each, ...added }, (column) => isAbsent(table, row, column)));
      } else {
        // What is looked up is not known of a row that goes; its key names it.
        const mayLack = (column: string): boolean =>
          (change.image === 'before' &&
            !table.result.primaryKey.some((at) => table.result.columns[at]!.name === column)) ||
          isAbsent(table, row, column);
        result.push(table.positional(each, mayLack));
      }
    }
    return result;
  }

  /** Calls the user's code, and says where when it fails. An answer that comes at once costs no timer. */
  async #call<Result>(
    step: string,
    change: ProcessedChange,
    code: (row: NamedRow, change: ProcessedChange) => Result | Promise<Result>,
    row: NamedRow,
  ): Promise<Result> {
    const { process, module, timeoutMs, clock } = this.#options;
    const details = { module, step, table: change.table, place: placeOf(change.origin) };
    const late = new AbortController();
    const answered = new AbortController();
    try {
      const signal = AbortSignal.any([change.signal, late.signal]);
      const answer = code.call(process, row, { ...change, signal });
      if (!isPromise(answer)) return answer;
      const timeout = clock.sleep(timeoutMs, AbortSignal.any([answered.signal, change.signal])).then(() => {
        change.signal.throwIfAborted();
        late.abort();
        throw new MillraceError('PROCESS_TIMEOUT', { ...details, timeoutMs });
      });
      timeout.catch(() => {});
      return await Promise.race([answer, timeout]);
    } catch (error) {
      if (isMillraceError(error, 'PROCESS_TIMEOUT') || change.signal.aborted) throw error;
      throw new MillraceError('PROCESS_FAILED', { ...details, reason: whereOf(error) }, { cause: error });
    } finally {
      answered.abort();
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

const outcomeOf = (op: Op, row: Row): Outcome =>
  op === 'delete' ? { op, before: row, after: null } : { op, before: null, after: row };

/** Changes of rows of one kind that follow each other, as few as keep their order. */
const grouped = (outcomes: readonly Outcome[], change: RowsChange, table: Table): readonly Change[] => {
  const groups: Outcome[][] = [];
  for (const outcome of outcomes) {
    const last = groups.at(-1);
    if (last?.[0]?.op === outcome.op) last.push(outcome);
    else groups.push([outcome]);
  }
  return groups.map((group): Change => {
    const { op } = group[0]!;
    const images = new ArrayRowImages(table, {
      before: op === 'update' || op === 'delete' ? group.map(({ before }) => before!) : null,
      after: op === 'delete' ? null : group.map(({ after }) => after!),
    });
    return { ...change, op, table, rows: images };
  });
};

/** A column of the table's own that the server did not log. */
const isAbsent = ({ source }: ProcessedTable, row: NamedRow, column: string): boolean =>
  !(column in row) && source.columns.some(({ name }) => name === column);

const isPromise = <Result>(answer: Result | Promise<Result>): answer is Promise<Result> =>
  typeof (answer as Promise<Result> | null)?.then === 'function';

/** The error's kind and line: its words may hold values of the row, and those are in nobody's log. */
const whereOf = (error: unknown): string => {
  if (!(error instanceof Error)) return `it threw a ${typeof error}`;
  const line = /\(?([^\s()]+?)(?:\?[^\s():]*)?:(\d+):\d+\)?$/m.exec(
    error.stack?.split('\n').find((each) => /^\s+at /.test(each)) ?? '',
  );
  return line === null ? error.name : `${error.name} at ${line[1]!.split('/').at(-1)}:${line[2]}`;
};

const placeOf = (origin: Origin): string => {
  switch (origin.kind) {
    case 'mysql':
      return `${origin.file}:${origin.offset}`;
    case 'kafka':
      return `${origin.topic}[${origin.partition}] ${origin.offset}`;
    case 'redis':
      return `${origin.replicationId}:${origin.offset}`;
    default:
      return 'an unknown place';
  }
};
