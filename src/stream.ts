/**
 * `millrace/stream`: streams and tables in Kafka Streams' words, computed by the engine that runs SQL.
 *
 *     const app = streams({ name: 'totals', version: '1' });
 *     app
 *       .stream({ customer: 'BIGINT', total: 'DECIMAL(10, 2)' }, { connector: 'kafka', topic: 'orders', format: 'json', 'properties.bootstrap.servers': 'broker1' })
 *       .filter(({ total }) => total !== null)
 *       .groupBy('customer')
 *       .count()
 *       .to('counts', { connector: 'mysql', hostname: 'db1', username: 'millrace', password, 'database-name': 'shop' });
 *     await app.run(signal);
 */
import type { PipelineResult } from './pipeline/pipeline.ts';
import type { ColumnOf, RowSchema } from './stream-api/row-schema.ts';
import { type ConnectorOptions, optionsText, Rows } from './stream-api/rows.ts';
import { named, type RunOptions, type StateOptions, Topology, type TopologyOptions } from './stream-api/topology.ts';

export type { Grouped } from './stream-api/grouped.ts';
export type { ColumnOf, RowOf, RowSchema } from './stream-api/row-schema.ts';
export { hopping, sessions, tumbling, type Window } from './stream-api/window.ts';
export type { ConnectorOptions, RunOptions, StateOptions, TopologyOptions };

/** Rows that are only ever added. */
export type Stream<Schema extends RowSchema> = Rows<Schema, 'appends'>;
/** Rows that change and go. */
export type Table<Schema extends RowSchema> = Rows<Schema, 'changes'>;

/** A program of streams and tables: where they come from, and how they run. */
class Streams {
  readonly #topology: Topology;

  constructor(options: TopologyOptions) {
    this.#topology = new Topology(options);
  }

  /** Rows of a connector that only adds them: `kafka` with `format` `json`, `jdbc`, `datagen`. Throws SQL_ errors about the options. */
  stream<const Schema extends RowSchema>(schema: Schema, options: ConnectorOptions): Stream<Schema> {
    const view = this.#declared(schema, [], options);
    if (this.#topology.appends(view)) return new Rows(this.#topology, { view, schema, key: [] });
    throw new TypeError(
      `rows of '${options.connector}' change and go, so they are a table: write table(schema, key, options)`,
    );
  }

  /** Rows of a connector that change and go, told apart by a key: `mysql-cdc`, `upsert-kafka`, `kafka` with a changelog format. */
  table<const Schema extends RowSchema, const Key extends ColumnOf<Schema>>(
    schema: Schema,
    key: readonly Key[],
    options: ConnectorOptions,
  ): Table<Schema> {
    return new Rows(this.#topology, { view: this.#declared(schema, key, options), schema, key });
  }

  /** The plan, as EXPLAIN prints it. */
  explain(): string {
    return this.#topology.explain();
  }

  /**
   * Runs until every source has ended, or `signal` stops it and what was read is written. Rejects when it cannot go on; what may pass is tried
   * again before.
   */
  async run(signal: AbortSignal = new AbortController().signal, options: RunOptions = {}): Promise<PipelineResult> {
    return await this.#topology.pipeline(options).run(signal);
  }

  #declared(schema: RowSchema, key: readonly string[], options: ConnectorOptions): string {
    const name = this.#topology.free('source');
    const columns = Object.entries(schema).map(([column, type]) => `${named(column)} ${type}`);
    if (key.length > 0) columns.push(`PRIMARY KEY (${key.map(named).join(', ')}) NOT ENFORCED`);
    this.#topology.table(name, columns, optionsText(options));
    return name;
  }
}

/** Begins a program. Nothing is connected to before it runs. */
export const streams = (options: TopologyOptions): Streams => new Streams(options);
