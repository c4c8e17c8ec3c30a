import { isMillraceError } from '../../core/errors.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { OuterNames, Resolved, ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import type { BoundRows } from './bind-aggregation.ts';
import { distinctRows } from './distinct-rows.ts';
import type { Plan } from './plan.ts';

/** A column of the rows around a subquery that the subquery names. */
interface OuterColumn {
  readonly path: readonly string[];
  readonly bound: Bound;
}

/**
 * The rows of the query around a subquery. A subquery that names their columns is computed for all of their distinct values at once:
 * these are joined to what it reads, and stay with its rows from there on. Which columns it names is known when it has been
 * planned, so it is planned again until no new one turns up.
 */
export class OuterRows implements OuterNames {
  readonly #rows: BoundRows;
  readonly #columns: OuterColumn[] = [];

  constructor(rows: BoundRows) {
    this.#rows = rows;
  }

  get columns(): readonly OuterColumn[] {
    return this.#columns;
  }

  /** Null: the rows have no such column. What is given is in the subquery's rows only when it is planned again. */
  resolve(path: readonly Identifier[]): Resolved | null {
    for (let length = path.length; length > 0; length -= 1) {
      const own = path.slice(0, length);
      const bound = this.#bind(own);
      if (bound === null) continue;
      this.#columns.push({ path: own.map(({ name }) => name), bound });
      return { column: { kind: 'column', index: 0, type: bound.type }, fields: path.slice(length) };
    }
    return null;
  }

  #bind(path: readonly Identifier[]): Bound | null {
    try {
      return this.#rows.bind({ kind: 'name', path, start: path[0]!.start, end: path.at(-1)!.end });
    } catch (error) {
      if (isMillraceError(error, 'SQL_UNKNOWN_NAME')) return null;
      throw error;
    }
  }

  /** The distinct values of the columns that the subquery names; null: it names none. */
  domain(): Plan | null {
    if (this.#columns.length === 0) return null;
    const { plan } = this.#rows;
    return distinctRows({
      kind: 'project',
      input: plan,
      expressions: this.#columns.map(({ bound }) => bound),
      columns: this.#columns.map(({ path, bound }) => ({ name: path.join('.'), type: bound.type })),
    });
  }

  /** How the subquery names the domain's columns: what its own tables have comes before them. */
  scope(): readonly ScopeColumn[] {
    return this.#columns.map(({ path, bound }) => ({
      qualifier: path.slice(0, -1),
      name: path.at(-1)!,
      type: bound.type,
      isOuter: true,
    }));
  }
}
