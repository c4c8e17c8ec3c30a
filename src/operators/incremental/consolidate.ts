import type { PlanColumn } from '../../sql/plan/plan.ts';
import type { Delta, SqlRow } from './delta.ts';
import { type RowKey, rowKey } from './row-key.ts';
import { isSameRow } from './same-row.ts';

/** Changes in their least form: no row both comes and goes. */
export class Consolidator {
  readonly #input: Delta;
  readonly #key: (row: SqlRow) => RowKey;

  constructor(input: Delta, columns: readonly PlanColumn[]) {
    this.#input = input;
    this.#key = rowKey(
      columns.map((_, index) => index),
      columns.map(({ type }) => type),
    );
  }

  take(): Delta {
    const { rows, weights } = this.#input;
    if (rows.length === 0) return nothing;
    const [first] = weights as readonly [number];
    if (weights.every((weight) => weight > 0 === first > 0)) return { rows, weights };
    return this.#input.isPaired ? withoutSamePairs(this.#input) : this.#summed();
  }

  #summed(): Delta {
    const { rows, weights } = this.#input;
    const places = new Map<RowKey, number>();
    const kept: SqlRow[] = [];
    const sums: number[] = [];
    let gone = 0;
    for (let i = 0; i < rows.length; i += 1) {
      const key = this.#key(rows[i]!);
      const place = places.get(key);
      if (place === undefined) {
        places.set(key, kept.length);
        kept.push(rows[i]!);
        sums.push(weights[i]!);
      } else {
        const sum = sums[place]! + weights[i]!;
        gone += sum === 0 ? 1 : sums[place] === 0 ? -1 : 0;
        sums[place] = sum;
      }
    }
    if (gone === 0) return { rows: kept, weights: sums };
    const isKept = (_: unknown, index: number): boolean => sums[index] !== 0;
    return { rows: kept.filter(isKept), weights: sums.filter((sum) => sum !== 0) };
  }
}

/** Leaves out pairs of which a projection made one row. */
const withoutSamePairs = ({ rows, weights }: Delta): Delta => {
  const isSame = (at: number): boolean =>
    at > 0 && weights[at]! > 0 && weights[at - 1]! < 0 && isSameRow(rows[at - 1]!, rows[at]!);
  let at = 0;
  while (at < rows.length && !isSame(at)) at += 1;
  if (at === rows.length) return { rows, weights };
  const isKept = (_: unknown, index: number): boolean => !isSame(index) && !isSame(index + 1);
  return { rows: rows.filter(isKept), weights: weights.filter(isKept) };
};

const nothing: Delta = { rows: [], weights: [] };
