import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, RowsChange, SchemaChange } from '../../core/change.ts';
import { type OwnedGroup, withOwnedColumns } from '../../core/column-owners.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import type { ForeignRows } from './foreign-rows.ts';

/** One version of a table of which the other side owns columns. */
interface Owned {
  /** With the marks that tell a sink so. */
  readonly table: Table;
  readonly columns: readonly number[];
}

/**
 * Takes out of what was read what others than a millrace sink changed in columns that the other side owns: conflicts, each row of which
 * counts once. What else such a change holds goes on. A new row keeps its values, which a sink writes where its target has none; rows
 * that come and go are this side's.
 */
export class OwnedColumns {
  readonly #groups: ReadonlyMap<string, OwnedGroup>;
  readonly #conflicts: ForeignRows;
  /** By the definition's id; null: no column of the table is the other side's. */
  readonly #known = new Map<string, Owned | null>();

  constructor(groups: readonly OwnedGroup[], conflicts: ForeignRows) {
    this.#groups = new Map(groups.map((group) => [qualifiedName(group), group]));
    this.#conflicts = conflicts;
  }

  /**
   * Throws CONFIG_WRONG_VALUE where a named column is in none of the versions of its table, or in the key of one. `tables`: as the log
   * has them where reading begins, and as they are.
   */
  check(tables: Iterable<Table>): void {
    for (const [name, versions] of Map.groupBy(tables, qualifiedName)) {
      const group = this.#groups.get(name);
      for (const table of versions) this.#of(table);
      const missing = group?.columns.find((column) => versions.every((table) => columnOf(table, column) < 0));
      if (missing !== undefined) throw wrong(`${name} has no column ${missing}`);
    }
  }

  /** Throws CONFIG_WRONG_VALUE before a change by which a named table or column would go, or get another name. */
  async *over(batches: AsyncIterable<Batch>): AsyncGenerator<Batch, void, undefined> {
    for await (const batch of batches) yield this.#apply(batch);
  }

  #apply(batch: Batch): Batch {
    const { changes } = batch;
    if (changes.every((change) => this.#isOther(change))) return batch;
    const kept = changes.flatMap((change) => this.#change(change) ?? []);
    this.#conflicts.end();
    return { ...batch, changes: kept };
  }

  #isOther(change: Change): boolean {
    if (change.kind !== 'schema') return this.#of(change.table) === null;
    return (
      (change.before === null || !this.#isNamed(change.before)) &&
      (change.after === null || !this.#isNamed(change.after))
    );
  }

  #isNamed(table: Table): boolean {
    return this.#groups.has(qualifiedName(table));
  }

  /** Null: nothing of it is left. */
  #change(change: Change): Change | null {
    if (change.kind === 'schema') return this.#definition(change);
    const owned = this.#of(change.table);
    if (owned === null) return change;
    if (change.kind !== 'rows' || change.op !== 'update') return { ...change, table: owned.table };
    return this.#update(change, owned);
  }

  #definition(change: SchemaChange): SchemaChange {
    const { before, after } = change;
    if (before !== null && after !== null && this.#isNamed(before) && !this.#isNamed(after)) {
      throw wrong(`${qualifiedName(before)} became ${qualifiedName(after)}, of which it names no column`);
    }
    const group = after === null ? undefined : this.#groups.get(qualifiedName(after));
    for (const column of group?.columns ?? []) {
      // One that it did not have before, either, may come by a later change.
      if (columnOf(after!, column) >= 0 || (before !== null && columnOf(before, column) < 0)) continue;
      throw wrong(`${qualifiedName(after!)} has no column ${column}${before === null ? '' : ' any more'}`);
    }
    const marked = (table: Table | null): Table | null => table && (this.#of(table)?.table ?? table);
    return { ...change, before: marked(before), after: marked(after) };
  }

  #update(change: RowsChange, { table, columns }: Owned): RowsChange | null {
    const { rows } = change;
    const befores: Row[] = [];
    const afters: Row[] = [];
    let conflicts = 0;
    for (let i = 0; i < rows.length; i += 1) {
      const before = rows.before(i)!;
      const after = rows.after(i)!;
      const differs = (column: number): boolean =>
        after[column] !== undefined && !isSame(before[column], after[column]);
      if (columns.some(differs)) conflicts += 1;
      if (!table.columns.some((_, column) => !columns.includes(column) && differs(column))) continue;
      befores.push(without(before, columns));
      afters.push(without(after, columns));
    }
    this.#conflicts.add(conflicts);
    if (afters.length === 0) return null;
    const share = Math.round((rows.byteLength * afters.length) / rows.length);
    return { ...change, table, rows: new ArrayRowImages(table, { before: befores, after: afters }, share) };
  }

  #of(table: Table): Owned | null {
    let owned = this.#known.get(table.id);
    if (owned === undefined) {
      const group = this.#groups.get(qualifiedName(table));
      owned = group === undefined ? null : ownedOf(table, group);
      this.#known.set(table.id, owned);
    }
    return owned;
  }
}

/** The table with the marks that tell whoever compares it, or writes to it, which columns the other side owns. Throws CONFIG_WRONG_VALUE. */
export const markOwned = (table: Table, groups: readonly OwnedGroup[]): Table => {
  const group = groups.find((each) => qualifiedName(each) === qualifiedName(table));
  return (group && ownedOf(table, group)?.table) ?? table;
};

/** Null: this version has none of the columns. */
const ownedOf = (table: Table, group: OwnedGroup): Owned | null => {
  const columns = group.columns.map((name) => columnOf(table, name)).filter((column) => column >= 0);
  const inKey = columns.find((column) => table.primaryKey.includes(column));
  if (inKey !== undefined)
    throw wrong(
      `${table.columns[inKey]!.name} is in the primary key of ${qualifiedName(table)}, which both sides share`,
    );
  if (table.primaryKey.length === 0)
    throw wrong(`${qualifiedName(table)} has no primary key, by which both sides would know a row`);
  return columns.length === 0 ? null : { table: withOwnedColumns(table, columns), columns };
};

const columnOf = ({ columns }: Table, name: string): number => columns.findIndex((column) => column.name === name);

const wrong = (reason: string): MillraceError =>
  new MillraceError('CONFIG_WRONG_VALUE', { key: 'owned.elsewhere', reason });

const without = (row: Row, columns: readonly number[]): Row =>
  row.map((value, column) => (columns.includes(column) ? undefined : value));

const isSame = (left: Value | undefined, right: Value | undefined): boolean =>
  left instanceof Uint8Array && right instanceof Uint8Array
    ? Buffer.compare(left, right) === 0
    : Object.is(left, right);
