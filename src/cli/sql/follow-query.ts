import type { MysqlConfig } from '../../connectors/mysql/config.ts';
import { connectors } from '../../connectors/registry.ts';
import type { Batch } from '../../core/batch.ts';
import type { Context } from '../../core/connector.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { type DataflowSettings, dataflow } from '../../operators/incremental/dataflow.ts';
import type { Delta } from '../../operators/incremental/delta.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { ScannedTable } from './scanned-table.ts';

export interface FollowedQuery {
  readonly plan: Plan;
  /** By the names that the plan scans. */
  readonly tables: ReadonlyMap<string, Table>;
  /** The server with these tables; called when the query scans some. */
  readonly server: (tables: readonly Table[]) => MysqlConfig;
  /** End with the result of the snapshot. */
  readonly bounded: boolean;
  readonly settings: DataflowSettings;
  readonly context: Context;
  readonly signal: AbortSignal;
}

/**
 * How a query's result changes. The first time it comes whole, when every scanned table has been read and is in step with the
 * others; then with each batch of whole transactions. A query over no table has one result and ends.
 */
export async function* followQuery(query: FollowedQuery): AsyncGenerator<Delta, void, undefined> {
  const { plan, bounded, settings, context, signal } = query;
  const flow = dataflow(new Map([['result', plan]]), settings);
  const tick = (): Delta => flow.tick({ now: Math.floor(context.clock.now()) }).get('result')!;
  if (flow.inputs.size === 0) {
    yield tick();
    return;
  }
  const scanned = new Map(
    Array.from(flow.inputs, ([name, input]) => [name, new ScannedTable(query.tables.get(name)!, input)]),
  );
  const missing = new Set(scanned.keys());
  const config = query.server([...scanned.keys()].map((name) => query.tables.get(name)!));
  const mysql = await connectors.find(({ type, roles }) => type === 'mysql' && roles.includes('source'))!.load();
  await using source = await mysql.openSource!(
    { ...config, 'scan.startup.mode': bounded ? 'snapshot' : 'initial' } as never,
    context,
  );
  let changed = true;
  for await (const batch of source.read(async () => null, signal)) {
    if (take(batch, scanned, missing)) changed = true;
    const isInside = batch.part !== undefined && !batch.part.last;
    if (bounded || isInside || missing.size > 0 || !changed) continue;
    changed = false;
    const delta = tick();
    yield delta;
  }
  if (bounded && !signal.aborted) yield tick();
}

/** Whether the batch had something about scanned tables. Takes those out of `missing` whose snapshot is whole. */
const take = (batch: Batch, scanned: ReadonlyMap<string, ScannedTable>, missing: Set<string>): boolean => {
  let changed = false;
  for (const change of batch.changes) {
    const name = qualifiedName(change.kind === 'schema' ? (change.before ?? change.after)! : change.table);
    const table = scanned.get(name);
    if (table === undefined) continue;
    changed = true;
    switch (change.kind) {
      case 'rows':
        table.rows(change);
        break;
      case 'truncate':
        table.truncate();
        break;
      case 'schema':
        table.schema(change);
        break;
      case 'snapshot':
        table.mark(change);
        // Read again, a table's result is whole again only at the end.
        if (change.at === 'begin') missing.add(name);
        else missing.delete(name);
    }
  }
  return changed;
};
