import type { Clock } from '../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { MatchedColumn, Reader } from '../../core/reader.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import type { Answer, LookedUpTable } from '../../operators/incremental/dataflow.ts';
import type { SqlRow } from '../../operators/incremental/delta.ts';
import { type RowKey, rowKey } from '../../operators/incremental/row-key.ts';
import { columnWriting } from '../../operators/transform/column-values.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { ScannedColumn } from '../scanned-columns.ts';
import type { LookupSettings } from './lookup-options.ts';
import { PartialCache } from './partial-cache.ts';

/** Where rows are found by the values of some columns: a `Reader` that can do that. */
export type MatchingReader = AsyncDisposable & Required<Pick<Reader, 'matching'>>;

export interface AskedTableOptions {
  readonly reader: MatchingReader;
  /** As the system declares it. */
  readonly table: Table;
  /** What the query knows of it. */
  readonly columns: readonly ScannedColumn[];
  readonly lookup: LookedUpTable;
  readonly settings: LookupSettings;
  readonly evaluation: EvaluationContext;
  readonly clock: Clock;
}

/** How long it waits before it asks again, more each time, as Flink does. */
const pauseMs = 1_000;

/** A table that a join asks for rows: many keys in one statement, those that were asked for lately from memory. */
export class AskedTable implements AsyncDisposable {
  readonly #options: AskedTableOptions;
  readonly #matched: readonly MatchedColumn[];
  readonly #write: readonly ((value: Exclude<SqlValue, null>) => Value)[];
  /** Names a question by its values, and a row by those it has there. */
  readonly #keyOfQuestion: (values: SqlRow) => RowKey;
  readonly #keyOfRow: (row: SqlRow) => RowKey;
  /** Places of the columns that the query reads. */
  readonly #places: readonly number[];
  readonly #cache: PartialCache | null;

  constructor(options: AskedTableOptions) {
    const { lookup, columns, settings, evaluation, clock } = options;
    this.#options = options;
    const types = lookup.by.map((place) => columns[place]!.type);
    const writings = types.map((type) => columnWriting(type)!);
    this.#matched = lookup.by.map((place, at) => ({ place: columns[place]!.source!, type: writings[at]!.type }));
    this.#write = writings.map(
      ({ write }) =>
        (value) =>
          write(value, evaluation),
    );
    this.#keyOfQuestion = rowKey([...types.keys()], types);
    this.#keyOfRow = rowKey(lookup.by, types);
    this.#places = [...lookup.columns];
    this.#cache = settings.cache === null ? null : new PartialCache(settings.cache, () => clock.monotonic());
  }

  /** Throws SQL_LOOKUP_FAILED when it fails again and again, and at once what no second try would change. */
  async answer(keys: readonly SqlRow[], signal: AbortSignal): Promise<Answer> {
    const names = keys.map(this.#keyOfQuestion);
    const found = names.map((name) => this.#cache?.get(name) ?? null);
    const missing = keys.filter((_, at) => found[at] === null);
    if (missing.length === 0) return found as Answer;
    const read = await this.#ask(missing, signal);
    return names.map((name, at) => {
      const known = found[at]!;
      if (known !== null) return known;
      const rows = read.get(name) ?? [];
      this.#cache?.set(name, rows);
      return rows;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.reader[Symbol.asyncDispose]();
  }

  async #ask(keys: readonly SqlRow[], signal: AbortSignal): Promise<ReadonlyMap<RowKey, SqlRow[]>> {
    const { settings, clock, table } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#read(keys, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isMillraceError(error) || !error.retryable) throw error;
        if (tries > settings.maxRetries)
          throw new MillraceError('SQL_LOOKUP_FAILED', { table: qualifiedName(table), tries }, { cause: error });
        await clock.sleep(pauseMs * tries, signal);
        signal.throwIfAborted();
      }
    }
  }

  async #read(keys: readonly SqlRow[], signal: AbortSignal): Promise<ReadonlyMap<RowKey, SqlRow[]>> {
    const { reader, table } = this.#options;
    const asked = keys.map((values) => values.map((value, at) => this.#write[at]!(value!)));
    const rows = new Map<RowKey, SqlRow[]>();
    // Nobody waits for a server that does not answer when everything is told to stop.
    const close = (): void => void reader[Symbol.asyncDispose]();
    signal.addEventListener('abort', close, { once: true });
    using _ = { [Symbol.dispose]: () => signal.removeEventListener('abort', close) };
    for await (const some of reader.matching(table, this.#matched, asked, signal)) {
      for (const each of some) {
        const row = this.#rowOf(each);
        const key = this.#keyOfRow(row);
        const known = rows.get(key);
        if (known === undefined) rows.set(key, [row]);
        else known.push(row);
      }
    }
    return rows;
  }

  #rowOf(read: Row): SqlRow {
    const { columns } = this.#options;
    const row: SqlValue[] = new Array(columns.length).fill(null);
    for (const place of this.#places) {
      const column = columns[place]!;
      row[place] = column.read(read[column.source!]!, readAlone);
    }
    return row;
  }
}

/** Rows that are asked for come with no change, and such tables have no metadata that would be read of one. */
const readAlone = null as never;
