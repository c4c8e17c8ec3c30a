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
 * Renames tables by the routes that match: a table that several match goes under each of the names, in their order, or with
 * `firstOnly` under the first. Where a route merges tables, their rows meet in the target, and what concerns one source table as
 * a whole (its creation and drop, and the marks around its snapshot, after which sinks sweep) does not reach it. Merged tables
 * must have the same columns: ROUTE_DEFINITIONS_DIFFER; none may be truncated: ROUTE_TRUNCATE_MERGED.
 */
export const routeTables = (routes: readonly Route[], firstOnly = false): Operator => {
  /** Per version of a source table, what it is in the sinks; itself where no route matches. */
  const routed = new Map<string, readonly Target[]>();
  /** Per merged target, the columns of each source table by its name, as last seen. */
  const merged = new Map<string, Map<string, string>>();

  const routesOf = (table: Table): readonly Route[] => {
    const matching = routes.filter((route) => route.matches(table.database, table.name));
    return firstOnly ? matching.slice(0, 1) : matching;
  };

  const targetsOf = (table: Table): readonly Target[] => {
    const known = routed.get(table.id);
    if (known) return known;
    const { id: _, ...definition } = table;
    const targets = routesOf(table).map((route): Target => {
      const target = defineTable({ ...definition, ...route.rename(table) });
      if (route.merges) checkColumns(table, qualifiedName(target));
      return { table: target, merges: route.merges, route };
    });
    const answer = targets.length === 0 ? [{ table, merges: false, route: null }] : targets;
    routed.set(table.id, answer);
    return answer;
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

  const route = (change: Change): readonly Change[] => {
    if (change.kind === 'schema') return routeSchema(change);
    const targets = targetsOf(change.table);
    if (targets.length === 1 && targets[0]!.table === change.table) return [change];
    return targets.flatMap(({ table, merges }) => {
      if (change.kind === 'snapshot' && merges) return [];
      if (change.kind === 'truncate' && merges) {
        const details = { table: qualifiedName(change.table), target: qualifiedName(table) };
        throw new MillraceError('ROUTE_TRUNCATE_MERGED', details);
      }
      return [{ ...change, table }];
    });
  };

  const routeSchema = (change: Extract<Change, { kind: 'schema' }>): readonly Change[] => {
    const { before, after } = change;
    const from = before === null ? [] : targetsOf(before);
    const to = after === null ? [] : targetsOf(after);
    if (from[0]?.table === (before ?? undefined) && to[0]?.table === (after ?? undefined)) return [change];
    return paired(from, to).flatMap(({ from, to }) => {
      const merges = from?.merges || to?.merges;
      if (merges && (before === null || after === null || from === undefined || to === undefined)) return [];
      return [{ ...change, before: from?.table ?? null, after: to?.table ?? null }];
    });
  };

  return (batch) => {
    const changes = batch.changes.flatMap(route);
    return changes.length === batch.changes.length && changes.every((change, at) => change === batch.changes[at])
      ? batch
      : { ...batch, changes };
  };
};

interface Target {
  readonly table: Table;
  readonly merges: boolean;
  /** Null: no route matches. */
  readonly route: Route | null;
}

/** Who becomes whom when a table is renamed: targets of one route, then those that are left, in their order. */
const paired = (
  from: readonly Target[],
  to: readonly Target[],
): readonly { readonly from: Target | undefined; readonly to: Target | undefined }[] => {
  const stay = from.flatMap((each) => {
    const other = to.find(({ route }) => route === each.route);
    return other === undefined ? [] : [{ from: each, to: other }];
  });
  const left = from.filter((each) => stay.every((pair) => pair.from !== each));
  const come = to.filter((each) => stay.every((pair) => pair.to !== each));
  const rest = Array.from({ length: Math.max(left.length, come.length) }, (_, at) => ({
    from: left[at],
    to: come[at],
  }));
  return [...rest, ...stay];
};
