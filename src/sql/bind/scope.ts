import { nearestName } from '../../core/nearest-name.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { Bound } from '../evaluate/bound.ts';
import { sqlError } from '../sql-error.ts';
import type { SqlType } from '../types/sql-type.ts';

/** A column that expressions can name. */
export interface ScopeColumn {
  /** What may stand before the name, outermost first: the table's alias, or its path. */
  readonly qualifier: readonly string[];
  readonly name: string;
  readonly type: SqlType;
  /** Named only: `*` does not mean it. */
  readonly hidden?: true;
  /** A column of the query around: what has the same name here comes before it. */
  readonly isOuter?: true;
  /** Named behind its table only, and meant by `t.*` but not by `*`: a side of USING, whose two sides are one column otherwise. */
  readonly qualifiedOnly?: true;
}

/** A column, and what is left of the path that names it: fields inside it. */
export interface Resolved {
  readonly column: Bound;
  readonly fields: readonly Identifier[];
}

/** Names of the query around one. */
export interface OuterNames {
  /** Null: it has no such column. */
  resolve(path: readonly Identifier[]): Resolved | null;
}

/** What names mean at one place of a statement. A column's index is its place in the list. */
export class Scope {
  readonly columns: readonly ScopeColumn[];
  readonly #outer: OuterNames | null;
  readonly #byName = new Map<string, number[]>();

  /** `outer`: asked for names that no column has. */
  constructor(columns: readonly ScopeColumn[], outer: OuterNames | null = null) {
    this.columns = columns;
    this.#outer = outer;
    for (const [index, column] of columns.entries()) {
      const known = this.#byName.get(column.name);
      if (known === undefined) this.#byName.set(column.name, [index]);
      else known.push(index);
    }
  }

  /** The same with more columns behind. */
  with(more: readonly ScopeColumn[]): Scope {
    return more.length === 0 ? this : new Scope([...this.columns, ...more], this.#outer);
  }

  /** SQL_UNKNOWN_NAME with the nearest name, SQL_AMBIGUOUS_NAME when several columns fit. */
  resolve(path: readonly Identifier[]): Resolved {
    // The longest qualifier that fits wins: `t.a` is column a of t before it is field a of a column t.
    for (let at = path.length - 1; at >= 0; at -= 1) {
      const qualifier = path.slice(0, at).map((part) => part.name);
      const all = (this.#byName.get(path[at]!.name) ?? []).filter(
        (index) =>
          endsWith(this.columns[index]!.qualifier, qualifier) &&
          (at > 0 || this.columns[index]!.qualifiedOnly === undefined),
      );
      const own = all.filter((index) => this.columns[index]!.isOuter === undefined);
      const fitting = own.length > 0 ? own : all;
      if (fitting.length > 1) {
        const candidates = fitting.map((index) =>
          [...this.columns[index]!.qualifier, this.columns[index]!.name].join('.'),
        );
        throw sqlError('SQL_AMBIGUOUS_NAME', path[at]!, { name: path[at]!.name, candidates });
      }
      const [index] = fitting;
      if (index !== undefined) {
        // `u.id` is no field of a column u that is a number: a table u of the query around may be meant.
        const isTable = at < path.length - 1 && this.columns[index]!.type.kind !== 'ROW';
        const around = isTable ? (this.#outer?.resolve(path) ?? null) : null;
        if (around !== null) return around;
        return { column: { kind: 'column', index, type: this.columns[index]!.type }, fields: path.slice(at + 1) };
      }
    }
    const outer = this.#outer?.resolve(path) ?? null;
    if (outer !== null) return outer;
    const [first] = path;
    const name = path.map((part) => part.name).join('.');
    const span = { start: first!.start, end: path.at(-1)!.end };
    const suggestion = nearestName(
      path.length === 1 ? first!.name : name,
      this.columns.map((column) =>
        path.length === 1 ? column.name : [...column.qualifier.slice(-1), column.name].join('.'),
      ),
    );
    throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'column', name, suggestion });
  }
}

const endsWith = (qualifier: readonly string[], wanted: readonly string[]): boolean =>
  wanted.length <= qualifier.length &&
  wanted.every((part, index) => qualifier[qualifier.length - wanted.length + index] === part);
