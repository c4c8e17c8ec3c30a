import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { qualifiedName } from '../core/table.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { fileJob } from '../sql-pipeline/file-job.ts';
import { jobOptions } from '../sql-pipeline/job-options.ts';
import { serverColumns } from '../sql-pipeline/scanned-columns.ts';
import { ScannedTable } from '../sql-pipeline/scanned-table.ts';
import { SourceInput } from '../sql-pipeline/source-input.ts';
import { HistorySource, SqlHistory, tableOf } from './sql-history.ts';

/** What a run did, as far as it can be seen. */
export interface ChangingRun {
  /** What was said about where it begins, with its details as text. */
  readonly said: string;
  /** How many rows of each table came by snapshots. */
  readonly rowsRead: ReadonlyMap<string, number>;
  /** How many rows reached each target as those of a whole result, which it gets where it cannot go on. */
  readonly rowsAgain: ReadonlyMap<string, number>;
}

/** Queries by the table that each writes: columns of which the first is the key, and the query, which SQLite reads too. */
export type Queries = Readonly<Record<string, readonly [columns: string, query: string]>>;

export interface RunOptions {
  /** Up to which transaction of the history. */
  readonly transactions: number;
  /** Fails at the n-th write to the sink, as if the process had ended there. */
  readonly failAt?: number;
  /** Beside the queries: more tables and inserts. */
  readonly more?: string;
}

/** A job over a history (sql-history.ts), kept in a SQLite mirror, whose queries are other ones from run to run. */
export class ChangingJob {
  readonly #folder: string;
  readonly #seed: number;

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#seed = seed;
  }

  /** Runs until the mirror holds what SQLite answers, and stops gracefully; with `failAt`, until it failed there. */
  async run(queries: Queries, { transactions, failAt = 0, more = '' }: RunOptions): Promise<ChangingRun> {
    const said: string[] = [];
    const told = (text: string, details: object = {}): void => {
      said.push(`${text} ${JSON.stringify(details)}`);
    };
    let history: HistorySource | null = null;
    const own = { expand: (text: string) => text, hide: () => {}, folder: this.#folder };
    const { job } = await fileJob(this.#sql(queries) + more, own);
    const rowsAgain = new Map<string, number>();
    const options = jobOptions(job, {
      log: { debug() {}, info: told, warn: told, error: told },
      clock: systemClock,
      print: async () => {},
      state: { folder: `${this.#folder}/state`, version: 'test' },
      open: async (flow) => {
        const tables = [...flow.inputs].map(([name, input]) => {
          const table = tableOf(name);
          return [qualifiedName(table), [new ScannedTable(table, serverColumns(table), input, { name })]] as const;
        });
        const scanned = [...flow.inputs.keys()].map((name) => tableOf(name).name);
        const source = new HistorySource(this.#seed, transactions, Math.random, { stays: true, tables: scanned });
        history = source;
        const own = { identity: 'history', source, tables: new Map(tables) };
        return [new SourceInput({ ...own, snapshots: true, readsTablesApart: true })];
      },
    });
    let writes = 0;
    const pipeline = createPipeline({
      ...options,
      grouping: { maxMs: 1, maxBytes: 4_096 },
      sinks: options.sinks.map((place) => ({
        ...place,
        open: async () => {
          const sink = await place.open();
          const write = sink.write.bind(sink);
          sink.write = async (batch, signal) => {
            writes += 1;
            if (writes === failAt) throw new Error('as if it had been killed');
            await write(batch, signal);
            for (const change of batch.changes) {
              if (change.kind !== 'rows' || change.op !== 'read') continue;
              const { name } = change.table;
              rowsAgain.set(name, (rowsAgain.get(name) ?? 0) + change.rows.length);
            }
          };
          return sink;
        },
      })),
    });
    const stop = new AbortController();
    const ended = pipeline.run(stop.signal);
    if (failAt > 0) await assert.rejects(ended, /as if it had been killed/);
    else {
      const failed = ended.then(
        () => null,
        (error: unknown) => error,
      );
      await this.#untilDone(queries, transactions, failed);
      stop.abort();
      await ended;
    }
    return { said: said.join('\n'), rowsRead: history!.rowsRead, rowsAgain };
  }

  #sql(queries: Queries): string {
    const source = `'connector' = 'mysql-cdc', 'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop'`;
    const mirror = `'connector' = 'sqlite', 'path' = '${this.#folder}/mirror.db'`;
    const targets = Object.entries(queries).map(
      ([name, [columns]]) =>
        `CREATE TABLE ${name} (${columns}, PRIMARY KEY (${columns.split(' ')[0]}) NOT ENFORCED) WITH (${mirror}, 'table-name' = '${name}');`,
    );
    const inserts = Object.entries(queries).map(([name, [, query]]) => `INSERT INTO ${name} ${query};`);
    return `
      SET 'pipeline.name' = 'changing';
      CREATE TABLE t (id BIGINT, a BIGINT, b BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${source}, 'table-name' = 't');
      CREATE TABLE u (id BIGINT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${source}, 'table-name' = 'u');
      ${targets.join('\n')} ${inserts.join('\n')}`;
  }

  async #untilDone(queries: Queries, transactions: number, failed: Promise<unknown>): Promise<void> {
    const patience = AbortSignal.timeout(120_000);
    for (;;) {
      const different = this.#different(queries, transactions);
      if (different === null) return;
      const error = await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 20))]);
      if (error !== undefined) throw error ?? new Error('it ended');
      if (patience.aborted) throw new Error(`never came: ${different}`);
    }
  }

  /** Null: the mirror holds what SQLite answers. */
  #different(queries: Queries, transactions: number): string | null {
    const history = new SqlHistory(this.#seed);
    for (let count = 0; count < transactions; count += 1) history.next();
    using oracle = new DatabaseSync(':memory:');
    oracle.exec('CREATE TABLE t (id INT, a INT, b INT, s TEXT); CREATE TABLE u (id INT, v TEXT)');
    for (const row of history.rows.t.values())
      oracle.prepare('INSERT INTO t VALUES (?, ?, ?, ?)').run(...(row as string[]));
    for (const row of history.rows.u.values()) oracle.prepare('INSERT INTO u VALUES (?, ?)').run(...(row as string[]));
    using mirror = new DatabaseSync(`${this.#folder}/mirror.db`);
    for (const [name, [, query]] of Object.entries(queries)) {
      const expected = rowsOf(oracle, `SELECT * FROM (${query}) x ORDER BY 1`);
      let found: string;
      try {
        found = rowsOf(mirror, `SELECT * FROM ${name} ORDER BY 1`);
      } catch (error) {
        found = String(error);
      }
      if (found !== expected) return `${name}: ${found} and not ${expected}`;
    }
    return null;
  }
}

const rowsOf = (database: DatabaseSync, query: string): string => {
  const statement = database.prepare(query);
  statement.setReturnArrays(true);
  return JSON.stringify(statement.all());
};
