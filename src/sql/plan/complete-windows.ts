import type { Plan } from './plan.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** A column of a window that closes: its rows come in the one tick in which it does. */
interface WindowColumn {
  readonly window: WindowPlan;
  readonly column: number;
}

/** What a column is of a window that closes, where all rows of that window come in one tick; null: nothing. */
const closedColumn = (plan: Plan, column: number): WindowColumn | null => {
  switch (plan.kind) {
    case 'window':
      return plan.closes !== null ? { window: plan, column } : null;
    case 'project': {
      const expression = plan.expressions[column]!;
      return expression.kind === 'column' ? closedColumn(plan.input, expression.index) : null;
    }
    case 'filter':
      return closedColumn(plan.input, column);
    case 'aggregate':
      return isComplete(plan) && column < plan.groups.length ? closedColumn(plan.input, plan.groups[column]!) : null;
    case 'rank':
    case 'over':
      return isComplete(plan) && column < plan.input.columns.length ? closedColumn(plan.input, column) : null;
    case 'temporal-join':
      return plan.time === null && column < plan.left.columns.length ? closedColumn(plan.left, column) : null;
    case 'lookup-join':
      return column < plan.left.columns.length ? closedColumn(plan.left, column) : null;
    case 'join': {
      if (!isComplete(plan)) return null;
      const width = plan.left.columns.length;
      return column < width ? closedColumn(plan.left, column) : closedColumn(plan.right, column - width);
    }
    default:
      return null;
  }
};

/** Whether everything that belongs together comes in one tick: the step has its result then, and needs to remember nothing. */
export const isComplete = (plan: Plan): boolean => {
  switch (plan.kind) {
    case 'aggregate':
      return plan.sets.every((set) =>
        tellWindowsApart(
          plan.input,
          set.map((group) => plan.groups[group]!),
        ),
      );
    case 'rank':
    case 'over':
      return tellWindowsApart(plan.input, plan.partition);
    case 'join':
      return plan.keys.some(([left, right]) =>
        closeTogether(closedColumn(plan.left, left), closedColumn(plan.right, right)),
      );
    default:
      return false;
  }
};

/** Whether rows that have these columns in common are of one window. */
const tellWindowsApart = (plan: Plan, columns: readonly number[]): boolean => {
  const found = columns.map((column) => closedColumn(plan, column)).filter((column) => column !== null);
  return found.some(({ window, column }) => {
    const own = window.input.columns.length;
    // The windows of CUMULATE begin together. Sessions are apart by their partition too.
    if (column < (window.window === 'CUMULATE' ? own + 1 : own)) return false;
    const apart = window.window === 'SESSION' ? window.partition : [];
    return apart.every((place) => found.some((other) => other.window === window && other.column === place));
  });
};

/** Whether windows that have these edges in common close in one tick: those that end together, or that are cut alike. */
const closeTogether = (a: WindowColumn | null, b: WindowColumn | null): boolean => {
  if (a === null || b === null || a.window.closes !== b.window.closes || a.window.zoned !== b.window.zoned)
    return false;
  const [edge, other] = [a, b].map(({ window, column }) => column - window.input.columns.length);
  if (edge !== other || edge! < 0) return false;
  return edge! > 0 || (isCutByStart(a.window) && cutOf(a.window) === cutOf(b.window));
};

const isCutByStart = ({ window }: WindowPlan): boolean => window === 'TUMBLE' || window === 'HOP';

const cutOf = ({ window, size, slide, offset }: WindowPlan): string => [window, size, slide, offset].join();
