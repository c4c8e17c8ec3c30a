import type { Bound } from '../evaluate/bound.ts';
import { shortText } from '../types/sql-type.ts';
import { type Changelog, changelogOf } from './changelog.ts';
import { heldBy } from './held-state.ts';
import { intervalOf } from './interval-join.ts';
import type { Frame, Plan, PlanColumn, SortKey } from './plan.ts';
import { inputsOf } from './plan-inputs.ts';
import { SharedPlans } from './shared-plans.ts';

/** A plan as a tree; see `explainTexts`. */
export const explainText = (plan: Plan, options: { readonly withState?: boolean } = {}): string =>
  explainTexts([plan], options)[0]!;

/**
 * Plans that run together as trees, each its last step first. Each step says its columns with their types, how its output changes and by
 * what columns a row replaces an earlier one. What stands in several places has a number, and is computed once:
 *
 *     #1 aggregate by customer: COUNT(*)   [I,UB,UA] key (customer)
 *       customer BIGINT, n BIGINT
 *     └─ scan orders   [I]
 *
 * `withState`: also what each step remembers, and about how much one of it takes in memory.
 */
export const explainTexts = (plans: readonly Plan[], { withState = false } = {}): readonly string[] => {
  const tree: Tree = { shared: new SharedPlans(plans), told: new Set(), withState };
  return plans.map((plan) => [...lines(plan, tree, ['', ''])].join('\n'));
};

interface Tree {
  readonly shared: SharedPlans;
  /** Numbers whose steps stand above already. */
  readonly told: Set<number>;
  readonly withState: boolean;
}

function* lines(plan: Plan, tree: Tree, [first, rest]: readonly [string, string]): Generator<string> {
  const { kinds, upsertKeys }: Changelog = changelogOf(plan);
  const keys = upsertKeys
    .map((key) => `(${key.map((column) => plan.columns[column]?.name ?? '').join(', ')})`)
    .join(' or ');
  const number = tree.shared.numberOf(plan);
  const isAbove = number !== null && tree.told.has(number);
  if (number !== null) tree.told.add(number);
  const inputs = isAbove ? [] : inputsOf(plan);
  const what = `${number === null ? '' : `#${number} `}${isAbove ? 'as above' : stepText(plan)}`;
  yield `${first}${what}   [${kinds.join(',')}]${keys === '' ? '' : ` key ${keys}`}`;
  const upserts = plan.kind === 'scan' && plan.table.upserts === true;
  const line = `${rest}${inputs.length > 0 || upserts ? '│' : ' '}  `;
  yield `${line}${plan.columns.map(({ name, type }) => `${name} ${shortText(type)}`).join(', ')}`;
  if (tree.withState && !isAbove) {
    for (const { each, bytes } of heldBy(plan)) yield `${line}holds ${each}: some ${bytes} bytes`;
  }
  if (upserts) yield `${rest}└─ read ${plan.table.name}   [UA,D]`;
  for (const [index, input] of inputs.entries()) {
    const last = index === inputs.length - 1;
    yield* lines(input, tree, [`${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`]);
  }
}

/** What one step does, in a line. */
export const stepText = (plan: Plan): string => {
  switch (plan.kind) {
    case 'scan': {
      const { name, upserts, primaryKey, columns } = plan.table;
      if (upserts !== true) return `scan ${name}`;
      return `changelog normalize by (${primaryKey.map((column) => columns[column]!.name).join(', ')})`;
    }
    case 'values':
      return `values, ${plan.rows.length} ${plan.rows.length === 1 ? 'row' : 'rows'}`;
    case 'filter':
      return `filter ${boundText(plan.condition, plan.input.columns)}`;
    case 'project':
      return `project ${plan.expressions.map((expression) => boundText(expression, plan.input.columns)).join(', ')}`;
    case 'join': {
      const columns = [...plan.left.columns, ...plan.right.columns];
      const interval = intervalOf(plan);
      const within = interval === null ? '' : `, within ${interval.from / 1e6} to ${interval.to / 1e6} s`;
      return `${plan.type.toLowerCase()} join${plan.condition === null ? '' : ` on ${boundText(plan.condition, columns)}`}${within}`;
    }
    case 'temporal-join': {
      const columns = [...plan.left.columns, ...plan.right.columns];
      const { time } = plan;
      const asOf = time === null ? 'of the moment' : `of ${plan.left.columns[time.left]!.name}`;
      return `${plan.type.toLowerCase()} join as ${asOf} on ${boundText(plan.condition, columns)}`;
    }
    case 'lookup-join': {
      const columns = [...plan.left.columns, ...plan.right.columns];
      const by = plan.by.map(([, column]) => plan.table.columns[column]!.name).join(', ');
      return `${plan.type.toLowerCase()} lookup join with ${plan.table.name} by (${by}) on ${boundText(plan.condition, columns)}`;
    }
    case 'unnest':
      return `${plan.type === 'LEFT' ? 'left ' : ''}unnest ${boundText(plan.operand, plan.input.columns)}${plan.ordinality ? ' with ordinality' : ''}`;
    case 'aggregate': {
      const names = (places: readonly number[]): string =>
        places.map((place) => plan.input.columns[place]!.name).join(', ');
      const sets = plan.sets.map((set) => `(${names(set)})`).join(', ');
      const calls = plan.calls.map(
        ({ name, args, distinct }) => `${name}(${distinct ? 'DISTINCT ' : ''}${args.length === 0 ? '*' : names(args)})`,
      );
      return `aggregate by ${sets}${calls.length > 0 ? `: ${calls.join(', ')}` : ''}`;
    }
    case 'union':
      return 'union all';
    case 'intersect':
    case 'except':
      return `${plan.kind}${plan.all ? ' all' : ''}`;
    case 'over': {
      const names = plan.calls.map(
        ({ name, args, frame }) =>
          `${name}(${args.map((arg) => plan.input.columns[arg]!.name).join(', ')})${frameText(frame)}`,
      );
      return `over${partitionText(plan)}: ${names.join(', ')}`;
    }
    case 'window': {
      const name = (column: number): string => plan.input.columns[column]!.name;
      const lengths = [plan.slide, plan.size, plan.offset].filter((length) => length !== 0);
      const apart = plan.partition.length === 0 ? '' : ` partition by (${plan.partition.map(name).join(', ')})`;
      const closing = plan.closes === null ? '' : `, closing${plan.closes === 'clock' ? ' by the clock' : ''}`;
      return `${plan.window} of ${name(plan.time)}${apart}: ${lengths.map((length) => `${length / 1_000_000} s`).join(', ')}${closing}`;
    }
    case 'rank':
      return `${plan.method} ${plan.from} to ${plan.to}${partitionText(plan)}`;
    case 'top': {
      const order = orderTexts(plan.order, plan.input.columns);
      const limit = `${plan.limit === null ? 'all' : plan.limit}${plan.offset === 0 ? '' : ` after ${plan.offset}`}`;
      return `top ${limit}${order.length > 0 ? ` by ${order.join(', ')}` : ''}`;
    }
  }
};

const orderTexts = (order: readonly SortKey[], columns: readonly PlanColumn[]): readonly string[] =>
  order.map(({ column, descending }) => `${columns[column]!.name || `#${column}`}${descending ? ' desc' : ''}`);

const partitionText = ({ input, partition, order }: Extract<Plan, { kind: 'over' | 'rank' }>): string => {
  const names = partition.map((column) => input.columns[column]!.name).join(', ');
  const sorted = order.length === 0 ? '' : ` order by ${orderTexts(order, input.columns).join(', ')}`;
  return `${partition.length === 0 ? '' : ` partition by (${names})`}${sorted}`;
};

const frameText = ({ unit, from, to }: Frame): string => {
  const edge = (at: number): string => {
    if (at === 0) return 'current row';
    const length = Number.isFinite(at) ? `${Math.abs(at)}` : 'unbounded';
    return `${length} ${at < 0 ? 'preceding' : 'following'}`;
  };
  return ` ${unit.toLowerCase()} ${edge(from)} to ${edge(to)}`;
};

const boundText = (expression: Bound, columns: readonly PlanColumn[]): string => {
  const text = (part: Bound): string => boundText(part, columns);
  switch (expression.kind) {
    case 'column':
      return columns[expression.index]?.name || `#${expression.index}`;
    case 'constant':
      return typeof expression.value === 'string' ? `'${expression.value}'` : String(expression.value);
    case 'call': {
      const { name } = expression.routine;
      const args = expression.args.map(text);
      return args.length === 2 && /^(\W+|IS .*FROM)$/.test(name)
        ? `(${args.join(` ${name} `)})`
        : `${name}(${args.join(', ')})`;
    }
    case 'and':
    case 'or':
      return `(${text(expression.left)} ${expression.kind} ${text(expression.right)})`;
    case 'is-null':
      return `${text(expression.operand)} is ${expression.negated ? 'not ' : ''}null`;
    case 'case':
      return `case(${expression.branches.map(({ when, result }) => `${text(when)}: ${text(result)}`).join(', ')}, ${text(expression.otherwise)})`;
    case 'coalesce':
      return `COALESCE(${expression.args.map(text).join(', ')})`;
    case 'try':
      return `try(${text(expression.operand)})`;
  }
};
