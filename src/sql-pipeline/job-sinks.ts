import { connectors } from '../connectors/registry.ts';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Context, Sink } from '../core/connector.ts';
import type { Table } from '../core/table.ts';
import type { SinkPlace } from '../pipeline/options.ts';
import type { TableSink } from './connected-table.ts';
import type { SqlJob } from './job.ts';
import { type PrintedTable, PrintSink } from './print-sink.ts';
import type { TargetTable } from './target-table.ts';

/** Where a job's rows go: one place for all tables of one system, so that a tick reaches them together. */
export const jobSinks = (
  job: SqlJob,
  targets: readonly TargetTable[],
  context: Context,
  print: (text: string) => Promise<void>,
): readonly SinkPlace[] => {
  const groups = new Map<string, { sink: TableSink; printed: PrintedTable[]; tables: Set<Table> }>();
  for (const [at, insert] of job.inserts.entries()) {
    const { sink } = insert.target.binding;
    const key = sink!.kind === 'print' ? 'print' : JSON.stringify([sink!.kind, sink!.settings]);
    const group = groups.get(key) ?? { sink: sink!, printed: [], tables: new Set<Table>() };
    const { table } = targets[at]!;
    group.tables.add(table);
    group.printed.push({
      table,
      columns: insert.plan.columns,
      identifier: String(sink!.settings['identifier'] ?? ''),
    });
    groups.set(key, group);
  }
  const count = groups.size;
  const taken = new Map<string, number>();
  return [...groups.values()].map(({ sink, printed, tables }) => {
    const number = (taken.get(sink.kind) ?? 0) + 1;
    taken.set(sink.kind, number);
    const name = number === 1 ? sink.kind : `${sink.kind}-${number}`;
    // Two writers to Kafka would end each other's transactions under one name, and two webhooks move each other's position.
    const named = sink.kind === 'kafka' || sink.kind === 'webhook';
    const pipeline = named && number > 1 ? `${context.pipeline}-${number}` : context.pipeline;
    const own: Context = { ...context, pipeline, sinks: count };
    return {
      name,
      open: async () => {
        const opened =
          sink.kind === 'print'
            ? new PrintSink(printed, { ...job.settings, now: context.clock.now }, print)
            : await openSink(sink, own);
        return new TablesSink(opened, tables);
      },
    };
  });
};

const openSink = async ({ kind, settings }: TableSink, context: Context): Promise<Sink> => {
  const registered = connectors.find(({ type, roles }) => type === kind && roles.includes('sink'))!;
  const connector = await registered.load();
  return await connector.openSink!(connector.config.parse(settings) as never, context);
};

/**
 * A sink that gets what is about its own tables. Where it held nothing of the job before, nothing in its tables is the job's, so
 * the marks by which rows are swept are kept from it.
 */
class TablesSink implements Sink {
  readonly inFlight?: number;
  readonly #sink: Sink;
  readonly #tables: ReadonlySet<Table>;
  #sweeps = false;

  constructor(sink: Sink, tables: ReadonlySet<Table>) {
    this.#sink = sink;
    this.#tables = tables;
    if (sink.inFlight !== undefined) this.inFlight = sink.inFlight;
  }

  async claim(lane: Lane): Promise<Position | null> {
    const held = await this.#sink.claim(lane);
    this.#sweeps = held !== null;
    return held;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const changes = batch.changes.filter((change) => this.#takes(change));
    await this.#sink.write(changes.length === batch.changes.length ? batch : { ...batch, changes }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }

  #takes(change: Change): boolean {
    if (change.kind === 'schema') return false;
    return this.#tables.has(change.table) && (change.kind !== 'snapshot' || this.#sweeps);
  }
}
