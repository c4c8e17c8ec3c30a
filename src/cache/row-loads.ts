import { isMillraceError, MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import type { AppliedPlace } from './applied-place.ts';
import type { CachedRow } from './cache-options.ts';
import type { DatabaseReads, LookupPlan } from './database-reads.ts';
import type { RowCodec } from './row-codec.ts';
import type { TableCounters } from './table-counters.ts';
import type { WantedRow } from './wanted-row.ts';

export interface LoadedRows {
  /** For readers, in the order in which they were wanted; null: there is no such row. */
  readonly rows: readonly (CachedRow | null)[];
  /** The same by column of the table. */
  readonly found: readonly (Row | null)[];
  /** They may be put where the pipeline puts its own. */
  readonly current: boolean;
}

export interface RowLoadsOptions {
  readonly codec: RowCodec;
  readonly plan: LookupPlan;
  readonly reads: Pick<DatabaseReads, 'lookup' | 'having'>;
  readonly counters: TableCounters;
}

/** A table's rows from MySQL, counted. */
export class RowLoads {
  readonly #options: RowLoadsOptions;

  constructor(options: RowLoadsOptions) {
    this.#options = options;
  }

  /** `applied`: what they must show. `primary`: no replica will do. */
  async load(wanted: readonly WantedRow[], applied: AppliedPlace | null = null, primary = false): Promise<LoadedRows> {
    const { reads, plan, codec, counters } = this.#options;
    counters.loads += 1;
    const keys = wanted.map(({ key }) => key);
    const lookup = reads.lookup(plan, keys, applied, primary).catch(this.#failed);
    const { rows: found, current, replica } = await lookup;
    if (replica) counters.replicaLoads += 1;
    const rows = found.map((row) => (row === null ? null : codec.named(row)));
    for (const row of rows) if (row !== null) counters.loadedRows += 1;
    return { rows, found, current };
  }

  /** A single row, which is not kept. */
  async one(wanted: WantedRow): Promise<CachedRow | null> {
    return (await this.load([wanted])).rows[0]!;
  }

  /** The rows that have these values in these columns. */
  async having(row: Row, columns: readonly number[]): Promise<readonly CachedRow[]> {
    const { reads, plan, codec, counters } = this.#options;
    counters.loads += 1;
    const found = await reads.having(plan, row, columns).catch(this.#failed);
    counters.loadedRows += found.length;
    return found.map((each) => codec.named(each));
  }

  readonly #failed = (error: unknown): never => {
    if (isMillraceError(error, 'MYSQL_SERVER_REFUSED') && changedTable.has(error.details.number)) {
      const { number } = error.details;
      throw new MillraceError('CACHE_TABLE_CHANGED', { table: qualifiedName(this.#options.plan.table), number });
    }
    throw error;
  };
}

/** No such column, and no such table. */
const changedTable = new Set([1054, 1146]);
