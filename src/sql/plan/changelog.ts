import { isComplete } from './complete-windows.ts';
import type { JoinKey, Plan } from './plan.ts';

/** What a step's output does to rows it gave before: I adds one, UA changes one, D takes one back. */
export type ChangeKind = 'I' | 'UA' | 'D';

/** How a step's output changes, as Flink's planner infers it, and by what its rows are told apart. */
export interface Changelog {
  readonly kinds: readonly ChangeKind[];
  /** Sets of columns by which a later row replaces an earlier one; none: rows are told apart by nothing. */
  readonly upsertKeys: readonly (readonly number[])[];
}

const appended: readonly ChangeKind[] = ['I'];
const updated: readonly ChangeKind[] = ['I', 'UA'];
const all: readonly ChangeKind[] = ['I', 'UA', 'D'];

const isAppended = ({ kinds }: Changelog): boolean => kinds.length === 1;

export const changelogOf = (plan: Plan): Changelog => {
  switch (plan.kind) {
    case 'scan':
      return {
        kinds: plan.table.appendOnly ? appended : all,
        upsertKeys: plan.table.primaryKey.length > 0 ? [plan.table.primaryKey] : [],
      };
    case 'values':
      return { kinds: appended, upsertKeys: plan.rows.length === 1 ? [[]] : [] };
    case 'filter':
      return changelogOf(plan.input);
    case 'project': {
      const { kinds, upsertKeys } = changelogOf(plan.input);
      const placeOf = (column: number): number =>
        plan.expressions.findIndex((expression) => expression.kind === 'column' && expression.index === column);
      return { kinds, upsertKeys: upsertKeys.map((key) => key.map(placeOf)).filter((key) => !key.includes(-1)) };
    }
    case 'aggregate': {
      const input = changelogOf(plan.input);
      const single = plan.sets.length === 1;
      const upsertKeys = single ? [plan.sets[0]!] : [];
      // A group without rows is gone, but for the one of all rows.
      const isGlobal = single && plan.sets[0]!.length === 0;
      if (isComplete(plan)) return { kinds: appended, upsertKeys };
      return { kinds: isAppended(input) || isGlobal ? updated : all, upsertKeys };
    }
    case 'join': {
      const [left, right] = [changelogOf(plan.left), changelogOf(plan.right)];
      const complete = isComplete(plan) ? appended : null;
      if (plan.type === 'SEMI' || plan.type === 'ANTI') {
        const onlyAdds = plan.type === 'SEMI' && isAppended(left) && isAppended(right);
        return { kinds: complete ?? (onlyAdds ? appended : all), upsertKeys: left.upsertKeys };
      }
      const width = plan.left.columns.length;
      const upsertKeys = joinKeys(left.upsertKeys, right.upsertKeys, plan.keys, width);
      if (complete !== null) return { kinds: complete, upsertKeys };
      if (isAppended(left) && isAppended(right)) return { kinds: plan.type === 'INNER' ? appended : all, upsertKeys };
      return { kinds: all, upsertKeys };
    }
    case 'temporal-join':
    case 'lookup-join': {
      // The right side has one row for each key at any time, so a row on the left stands in the result at most once where it is unique.
      const { kinds, upsertKeys } = changelogOf(plan.left);
      const isUnique = changelogOf(plan.right).upsertKeys.some((key) =>
        key.every((column) => plan.keys.some(([, right]) => right === column)),
      );
      return { kinds, upsertKeys: isUnique ? upsertKeys : [] };
    }
    case 'unnest': {
      const { kinds, upsertKeys } = changelogOf(plan.input);
      const place = plan.columns.length - 1;
      return { kinds, upsertKeys: plan.ordinality ? upsertKeys.map((key) => [...key, place]) : [] };
    }
    case 'union':
      return { kinds: merged(plan.inputs.map(changelogOf)), upsertKeys: [] };
    case 'intersect':
    case 'except': {
      const key = plan.columns.map((_, index) => index);
      return { kinds: all, upsertKeys: plan.all ? [] : [key] };
    }
    case 'top': {
      const input = changelogOf(plan.input);
      if (plan.limit === null && plan.offset === 0) return input;
      if (plan.order.length === 0 && isAppended(input)) return input;
      return { kinds: all, upsertKeys: input.upsertKeys };
    }
    case 'over':
      return { kinds: isComplete(plan) ? appended : all, upsertKeys: changelogOf(plan.input).upsertKeys };
    case 'window': {
      const { kinds, upsertKeys } = changelogOf(plan.input);
      if (plan.window === 'SESSION') return { kinds: plan.closes !== null ? appended : all, upsertKeys };
      // A row stands in several windows of one start, or of one end.
      const start = plan.input.columns.length;
      const apart = { TUMBLE: [], HOP: [start], CUMULATE: [start + 1] }[plan.window];
      return {
        kinds: plan.closes !== null ? appended : kinds,
        upsertKeys: upsertKeys.map((key) => [...key, ...apart]),
      };
    }
    case 'rank': {
      const place = plan.columns.length - 1;
      const own = plan.from === plan.to ? [plan.partition] : [[...plan.partition, place]];
      const upsertKeys = [...(plan.method === 'ROW_NUMBER' ? own : []), ...changelogOf(plan.input).upsertKeys];
      return { kinds: isComplete(plan) ? appended : all, upsertKeys };
    }
  }
};

const merged = (inputs: readonly Changelog[]): readonly ChangeKind[] =>
  all.filter((kind) => inputs.some(({ kinds }) => kinds.includes(kind)));

/** A row of a join is a row of each side: their keys together, or one side's alone where the other's key is joined by. */
const joinKeys = (
  left: readonly (readonly number[])[],
  right: readonly (readonly number[])[],
  keys: readonly JoinKey[],
  width: number,
): readonly (readonly number[])[] => {
  const moved = right.map((key) => key.map((column) => column + width));
  const found: (readonly number[])[] = [];
  if (right.some((key) => key.length > 0 && key.every((column) => keys.some(([, other]) => other === column))))
    found.push(...left);
  if (left.some((key) => key.length > 0 && key.every((column) => keys.some(([other]) => other === column))))
    found.push(...moved);
  if (found.length === 0) found.push(...left.flatMap((a) => moved.map((b) => [...a, ...b])));
  return found;
};
