import type { Op, Origin, RowsChange } from '../core/change.ts';
import type { Delta, SqlRow } from '../operators/incremental/delta.ts';
import { rowKey } from '../operators/incremental/row-key.ts';
import type { BoundInsert } from '../sql/statement/bind-insert.ts';
import { ResultRows } from './result-rows.ts';
import type { TargetTable } from './target-table.ts';

/**
 * How a result changed, as changes of its table: of two rows with one key, the one that goes and the one that comes are an update. What goes
 * stands before what comes, so that no unique value is there twice.
 */
export const resultChanges = (
  { plan, key, appends }: BoundInsert,
  target: TargetTable,
): ((delta: Delta, origin: Origin) => readonly RowsChange[]) => {
  const change = (
    op: Op,
    before: readonly SqlRow[] | null,
    after: readonly SqlRow[] | null,
    origin: Origin,
  ): RowsChange => ({
    kind: 'rows',
    op,
    table: target.table,
    rows: new ResultRows(target, { before, after }),
    origin,
  });
  if (appends) {
    return (delta, origin) => (delta.rows.length === 0 ? [] : [change('create', null, repeated(delta), origin)]);
  }
  const keyOf =
    key.length === 0
      ? null
      : rowKey(
          key,
          key.map((column) => plan.columns[column]!.type),
        );
  return ({ rows, weights }, origin) => {
    const gone = new Map<unknown, SqlRow>();
    const deleted: SqlRow[] = [];
    const created: SqlRow[] = [];
    const before: SqlRow[] = [];
    const after: SqlRow[] = [];
    for (const [at, row] of rows.entries()) {
      if (weights[at]! > 0) continue;
      if (keyOf === null) for (let times = weights[at]!; times < 0; times += 1) deleted.push(row);
      else gone.set(keyOf(row), row);
    }
    for (const [at, row] of rows.entries()) {
      if (weights[at]! < 0) continue;
      const place = keyOf?.(row);
      const old = gone.get(place);
      if (old === undefined) for (let times = weights[at]!; times > 0; times -= 1) created.push(row);
      else {
        before.push(old);
        after.push(row);
        gone.delete(place);
      }
    }
    deleted.push(...gone.values());
    const changes: RowsChange[] = [];
    if (deleted.length > 0) changes.push(change('delete', deleted, null, origin));
    if (after.length > 0) changes.push(change('update', before, after, origin));
    if (created.length > 0) changes.push(change('create', null, created, origin));
    return changes;
  };
};

/** Rows of a result that is given for the first time, in pieces that a sink takes one by one. */
export function* resultPieces(
  target: TargetTable,
  delta: Delta,
  origin: Origin,
  pieceRows: number,
): Generator<RowsChange, void, undefined> {
  const rows = repeated(delta);
  for (let at = 0; at < rows.length; at += pieceRows) {
    const after = rows.slice(at, at + pieceRows);
    yield {
      kind: 'rows',
      op: 'read',
      table: target.table,
      rows: new ResultRows(target, { before: null, after }),
      origin,
    };
  }
}

/** Each row as often as it comes. */
const repeated = ({ rows, weights }: Delta): readonly SqlRow[] =>
  weights.every((weight) => weight === 1)
    ? rows
    : rows.flatMap((row, at) => new Array<SqlRow>(Math.max(weights[at]!, 0)).fill(row));
