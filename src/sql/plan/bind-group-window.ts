import type { Call, Expression } from '../ast/expression.ts';
import type { GroupItem, OrderItem, Select } from '../ast/query.ts';
import type { Scope, ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { sqlError } from '../sql-error.ts';
import { isTimestamp, shortText } from '../types/sql-type.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import type { BoundRows } from './bind-aggregation.ts';
import { lengthOf, withWindows } from './bind-window-table.ts';
import { columnAt } from './column-at.ts';
import type { Plan, WindowKind } from './plan.ts';
import { withColumns } from './with-columns.ts';

/** A SELECT whose GROUP BY names a window, with the window as columns of its rows. */
interface WindowedSelect {
  readonly rows: BoundRows;
  readonly scope: Scope;
  readonly select: Select;
  readonly order: readonly OrderItem[];
}

type GroupWindow = Exclude<WindowKind, 'CUMULATE'>;

/** The lengths behind the time, in their order. */
const lengths: Readonly<Record<GroupWindow, readonly string[]>> = {
  TUMBLE: ['SIZE'],
  HOP: ['SLIDE', 'SIZE'],
  SESSION: ['GAP'],
};

const edges = ['START', 'END', 'ROWTIME'];
const edgeNames: readonly string[] = ['#window_start', '#window_end', '#window_time'];

const nameOf = ({ path }: Call): string => path[0]!.name.toUpperCase();
const textOf = (expression: Expression): string => expressionText(expression, queryText);

const isGroupWindow = (expression: Expression): expression is Call =>
  expression.kind === 'call' && expression.path.length === 1 && Object.hasOwn(lengths, nameOf(expression));

const windowOf = (item: GroupItem): Call | null =>
  item.kind === 'group-expression' && isGroupWindow(item.expression) ? item.expression : null;

/**
 * `GROUP BY TUMBLE(ts, INTERVAL '10' SECOND)`, HOP and SESSION, from before there were table functions for windows: the rows stand in
 * their windows, whose edges are grouped by, and TUMBLE_START and its like name them. Other SELECTs are given back as they are.
 */
export const withGroupWindow = (
  rows: BoundRows,
  scope: Scope,
  select: Select,
  order: readonly OrderItem[],
): WindowedSelect => {
  const [call, ...others] = (select.groupBy?.items ?? []).flatMap((item) => windowOf(item) ?? []);
  if (call === undefined) return { rows, scope, select, order };
  if (others.length > 0) throw sqlError('SQL_INVALID', others[0]!, { reason: 'rows are grouped by one window' });
  const plan = inWindows(rows, select, call);
  const added = plan.columns.length - edgeNames.length - scope.columns.length;
  const hidden = [...new Array<string>(added).fill('#'), ...edgeNames];
  const more = hidden.map((name, index): ScopeColumn => {
    const { type } = plan.columns[scope.columns.length + index]!;
    return { qualifier: [], name, type, hidden: true };
  });
  const renamed = renaming(call);
  const byEdges = (item: GroupItem): readonly GroupItem[] => {
    if (windowOf(item) !== call) return [item];
    return edgeNames.map((name) => ({ kind: 'group-expression', expression: reference(name, call), ...spanOf(call) }));
  };
  return {
    rows: { ...rows, plan, bind: (expression, further = []) => rows.bind(expression, [...more, ...further]) },
    scope: scope.with(more),
    select: {
      ...select,
      items: select.items.map((item) => ({ ...item, expression: renamed(item.expression) })),
      groupBy: { ...select.groupBy!, items: select.groupBy!.items.flatMap(byEdges) },
      having: select.having === null ? null : renamed(select.having),
    },
    order: order.map((item) => ({ ...item, expression: renamed(item.expression) })),
  };
};

/** The rows with what windows are made from, and with the edges of their windows as last columns. */
const inWindows = (rows: BoundRows, select: Select, call: Call): Plan => {
  const kind = nameOf(call) as GroupWindow;
  const wanted = lengths[kind];
  if (call.arguments.length !== wanted.length + 1) {
    const reason = `${kind} takes a time and ${wanted.join(' and ')}; write a table function for more: TABLE(${kind}(...))`;
    throw sqlError('SQL_INVALID', call, { reason });
  }
  const { columns } = rows.plan;
  const below: Bound[] = columns.map((_, index) => columnAt(columns, index));
  const placeOf = (bound: Bound): number => (bound.kind === 'column' ? bound.index : below.push(bound) - 1);
  const bound = rows.bind(call.arguments[0] as Expression);
  if (!isTimestamp(bound.type)) {
    const details = { what: kind, found: shortText(bound.type), expected: 'a TIMESTAMP or a TIMESTAMP_LTZ' };
    throw sqlError('SQL_TYPE_MISMATCH', call.arguments[0]!, details);
  }
  const time = placeOf(bound);
  const [first, second] = wanted.map((name, index) => lengthOf(call.arguments[index + 1]!, name)) as [number, number?];
  const partition =
    kind === 'SESSION' ? [...sessionGroups(rows, select, call), ...outerColumns(rows)].map(placeOf) : [];
  const windows = { window: kind, partition: [...new Set(partition)], size: second ?? first, offset: 0 };
  const input: Plan =
    below.length === columns.length
      ? rows.plan
      : {
          kind: 'project',
          input: rows.plan,
          expressions: below,
          columns: below.map(({ type }, index) => ({ name: columns[index]?.name ?? `window${index}`, type })),
        };
  return withWindows(input, time, { ...windows, slide: second === undefined ? 0 : first });
};

/** Sessions are apart by everything else that is grouped by. */
const sessionGroups = (rows: BoundRows, select: Select, call: Call): readonly Bound[] =>
  select.groupBy!.items.flatMap((item): readonly Bound[] => {
    if (windowOf(item) === call) return [];
    if (item.kind === 'group-expression') return [rows.bind(item.expression)];
    throw sqlError('SQL_NOT_SUPPORTED', item, {
      what: 'SESSION beside grouping sets',
      reason: 'write TABLE(SESSION(TABLE t PARTITION BY ...))',
    });
  });

const outerColumns = ({ plan, outer }: BoundRows): readonly Bound[] =>
  (outer?.places ?? []).map((place) => columnAt(plan.columns, place));

/** TUMBLE_START(ts, ...) becomes the edge of the window with the same arguments. */
const renaming = (window: Call): ((expression: Expression) => Expression) => {
  const kind = nameOf(window);
  const argumentTexts = window.arguments.map((argument) => textOf(argument as Expression)).join(', ');
  const edgeOf = (part: Expression): string | null => {
    if (part.kind !== 'call' || part.path.length !== 1) return null;
    const match = /^(TUMBLE|HOP|SESSION)_(START|END|ROWTIME)$/.exec(nameOf(part));
    if (match === null) return null;
    const texts = part.arguments.map((argument) => textOf(argument as Expression)).join(', ');
    if (match[1] === kind && texts === argumentTexts) return edgeNames[edges.indexOf(match[2]!)]!;
    throw sqlError('SQL_INVALID', part, {
      reason: `${nameOf(part)} takes the arguments of the window that is grouped by: ${textOf(window)}`,
    });
  };
  return (expression) => withColumns(expression, edgeOf);
};

const spanOf = ({ start, end }: Call) => ({ start, end });

const reference = (name: string, call: Call): Expression => ({
  kind: 'name',
  path: [{ kind: 'identifier', name, ...spanOf(call) }],
  ...spanOf(call),
});
