import assert from 'node:assert/strict';
import type { Context } from '../core/connector.ts';
import type { Reader, RowPage, TableName } from '../core/reader.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { followQuery } from './follow-query.ts';
import type { SqlJob } from './job.ts';
import { jobTargets } from './job-source.ts';
import { declaredQueryTable, type QueryTable } from './query-tables.ts';

const pieceRows = 1_000;

/**
 * What the tables of a job should hold: each scan computes its queries anew, over everything that their sources have at that moment. Rows have no
 * order and are not looked up, so a comparison takes them as a bag.
 */
export class QueryReader implements Reader {
  readonly name: string;
  readonly #job: SqlJob;
  readonly #context: Context;
  readonly #tables: ReadonlyMap<string, QueryTable>;
  readonly #targets: ReturnType<typeof jobTargets>;
  readonly #written: ReadonlySet<Table>;

  /** `written`: the tables of the job that one sink holds. */
  constructor(job: SqlJob, written: readonly Table[], context: Context) {
    this.name = `the queries of ${job.name}`;
    this.#job = job;
    this.#context = context;
    this.#targets = jobTargets(job, context.clock.now);
    const names = new Set(written.map(qualifiedName));
    this.#written = new Set(this.#targets.map(({ table }) => table).filter((table) => names.has(qualifiedName(table))));
    // Read to their end as it is now, however long the job itself follows them.
    this.#tables = new Map(
      job.tables
        .entries()
        .map(([name, table]) => [name, table.declared === null ? table : declaredQueryTable(table.declared, true)]),
    );
  }

  async tables(): Promise<readonly TableName[]> {
    return [...this.#written];
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return this.#written.values().find((table) => table.database === database && table.name === name) ?? null;
  }

  async order(): Promise<null> {
    return null;
  }

  async page(): Promise<RowPage> {
    return assert.fail('rows without an order are not walked along');
  }

  async lookup(): Promise<readonly (Row | null)[]> {
    return assert.fail('rows without an order are not looked up');
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    for (const [at, { plan }] of this.#job.inserts.entries()) {
      const target = this.#targets[at]!;
      if (target.table.id !== table.id) continue;
      const query = { plan, tables: this.#tables, bounded: true, settings: this.#job.settings, signal };
      for await (const { rows, weights } of followQuery({ ...query, context: this.#context })) {
        let piece: Row[] = [];
        for (const [place, row] of rows.entries()) {
          for (let times = weights[place]!; times > 0; times -= 1) piece.push(target.write(row));
          if (piece.length < pieceRows) continue;
          yield piece;
          piece = [];
        }
        yield piece;
      }
      signal.throwIfAborted();
    }
  }

  async held(): Promise<readonly []> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
