import type { Change } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { defineTable, qualifiedName, type Table } from '../core/table.ts';
import type { Operator } from './operator.ts';

/** Gives tables other names in the sinks. */
export interface Route {
  matches(database: string, table: string): boolean;
  rename(table: Pick<Table, 'database' | 'name'>): { readonly database: string; readonly name: string };
  /** Whether several source tables may get one name: then what happens to one of them must not happen to the target. */
  readonly merges: boolean;
}

/**
 * Renames tables by the first route that matches. Where a route merges tables, their rows meet in the target, and what concerns
 * one source table as a whole (its creation and drop, and the marks around its snapshot, after which sinks sweep) does not reach
 * it. Merged tables must have the same columns: ROUTE_DEFINITIONS_DIFFER; none may be truncated: ROUTE_TRUNCATE_MERGED.
 */
export const routeTables = (routes: readonly Route[]): Operator => {
  const renamed = new Map<string, Table>();
  /** Per merged target, the columns of each source table by its name, as last seen. */
  const merged = new Map<string, Map<string, string>>();
  const routeOf = (table: Table): Route | undefined =>
    routes.find((route) => route.matches(table.database, table.name));

  const rename = (table: Table): Table => {
    const known = renamed.get(table.id);
    if (known) return known;
    const route = routeOf(table);
    const { id: _, ...definition } = table;
    const target = route ? defineTable({ ...definition, ...route.rename(table) }) : table;
    if (route?.merges) checkColumns(table, qualifiedName(target));
    renamed.set(table.id, target);
    return target;
  };

  const checkColumns = (table: Table, target: string): void => {
    const sources = merged.get(target) ?? new Map<string, string>();
    merged.set(target, sources);
    const columns = JSON.stringify([table.columns.map(({ name, type }) => [name, type]), table.primaryKey]);
    for (const [other, its] of sources) {
      if (other !== qualifiedName(table) && its !== columns) {
        throw new MillraceError('ROUTE_DEFINITIONS_DIFFER', { table: qualifiedName(table), target, other });
      }
    }
    sources.set(qualifiedName(table), columns);
  };

  const routed = (change: Change): Change | null => {
    if (change.kind === 'schema') return routedSchema(change);
    const merges = routeOf(change.table)?.merges ?? false;
    if (change.kind === 'snapshot' && merges) return null;
    const table = rename(change.table);
    if (change.kind === 'truncate' && merges) {
      const details = { table: qualifiedName(change.table), target: qualifiedName(table) };
      throw new MillraceError('ROUTE_TRUNCATE_MERGED', details);
    }
    return table === change.table ? change : { ...change, table };
  };

  const routedSchema = (change: Extract<Change, { kind: 'schema' }>): Change | null => {
    const { before, after } = change;
    const merges = [before, after].some((table) => table !== null && routeOf(table)?.merges);
    if (merges && (before === null || after === null)) return null;
    const [from, to] = [before && rename(before), after && rename(after)];
    return from === before && to === after ? change : { ...change, before: from, after: to };
  };

  return (batch) => {
    const changes = batch.changes.map(routed);
    return changes.every((change, at) => change === batch.changes[at])
      ? batch
      : { ...batch, changes: changes.filter((change) => change !== null) };
  };
};
