import { columnsOf } from '../../sql/evaluate/bound-tree.ts';
import type { CatalogTable, Plan } from '../../sql/plan/plan.ts';
import { typeText } from '../../sql/types/sql-type.ts';

/** The columns of tables that these plans read, by the tables' names. What nobody reads needs not be decoded, nor kept by a join. */
export const readColumns = (plans: readonly Plan[]): ReadonlyMap<string, ReadonlySet<number>> => {
  const read = new Map<string, Set<number>>();
  const mark = (plan: Plan, needed: ReadonlySet<number>): void => {
    if (plan.kind === 'scan') {
      const own = columnsOfWatermark(plan.table);
      read.set(plan.table.name, (read.get(plan.table.name) ?? new Set<number>()).union(needed).union(own));
    }
    for (const [input, columns] of neededOfInputs(plan, [...needed])) mark(input, new Set(columns));
  };
  for (const plan of plans) mark(plan, new Set(plan.columns.keys()));
  return read;
};

/**
 * The columns of tables that a plan computes from: as texts that say the table, the column's place and its type. `kept`: the columns that
 * anybody reads, which stand in the rows that joins keep, whoever asks for them; null: without those.
 */
export const columnsUnder = (
  plan: Plan,
  kept: ReadonlyMap<string, ReadonlySet<number>> | null,
): ReadonlySet<string> => {
  const found = new Set<string>();
  const mark = (plan: Plan, needed: ReadonlySet<number>): void => {
    if (plan.kind === 'scan') {
      for (const column of needed) {
        if (kept !== null && !kept.get(plan.table.name)!.has(column)) continue;
        found.add(`${plan.table.name} ${column} ${typeText(plan.table.columns[column]!.type)}`);
      }
    }
    // Whole rows pass through these, and a join keeps them.
    const isWhole = kept !== null && /^(join|temporal-join|unnest|window)$/.test(plan.kind);
    const columns = isWhole ? [...plan.columns.keys()] : [...needed];
    for (const [input, ofInput] of neededOfInputs(plan, columns)) mark(input, new Set(ofInput));
  };
  mark(plan, new Set(plan.columns.keys()));
  return found;
};

/**
 * The columns of a plan whose values stand in its rows, by their places, when of tables only the columns `read` are; what stands in the
 * others means nothing.
 */
export const heldColumns = (plan: Plan, read: ReadonlyMap<string, ReadonlySet<number>>): readonly number[] => {
  const places = [...plan.columns.keys()];
  switch (plan.kind) {
    case 'scan': {
      const own = read.get(plan.table.name);
      return places.filter((column) => own?.has(column));
    }
    case 'filter':
      return heldColumns(plan.input, read);
    case 'project': {
      const held = new Set(heldColumns(plan.input, read));
      return places.filter((column) => columnsOf(plan.expressions[column]!).every((each) => held.has(each)));
    }
    case 'join':
    case 'temporal-join':
    case 'lookup-join': {
      const width = plan.left.columns.length;
      const right = heldColumns(plan.right, read).map((column) => width + column);
      return [...heldColumns(plan.left, read), ...right.filter((column) => column < places.length)];
    }
    case 'unnest':
    case 'window': {
      const width = plan.input.columns.length;
      return [...heldColumns(plan.input, read), ...places.filter((column) => column >= width)];
    }
    case 'union': {
      const inputs = plan.inputs.map((input) => new Set(heldColumns(input, read)));
      return places.filter((column) => inputs.every((held) => held.has(column)));
    }
    // These read all that they give.
    case 'values':
    case 'aggregate':
    case 'intersect':
    case 'except':
    case 'top':
    case 'over':
    case 'rank':
      return places;
  }
};

const columnsOfWatermark = ({ watermark }: CatalogTable): ReadonlySet<number> =>
  new Set(watermark === undefined ? [] : columnsOf(watermark.mark));

/** Each input of a plan, and which of its columns are read when `needed` are read of the plan. */
const neededOfInputs = (
  plan: Plan,
  needed: readonly number[],
): readonly (readonly [input: Plan, columns: readonly number[]])[] => {
  switch (plan.kind) {
    case 'scan':
    case 'values':
      return [];
    case 'filter':
      return [[plan.input, [...needed, ...columnsOf(plan.condition)]]];
    case 'project':
      return [[plan.input, needed.flatMap((column) => columnsOf(plan.expressions[column]!))]];
    case 'aggregate': {
      const read = plan.calls.flatMap(({ args, filter }) => (filter === null ? args : [...args, filter]));
      return [[plan.input, [...plan.groups, ...read]]];
    }
    case 'join': {
      const width = plan.left.columns.length;
      const read = plan.condition === null ? needed : [...needed, ...columnsOf(plan.condition)];
      const [left, right] = [read.filter((column) => column < width), read.filter((column) => column >= width)];
      return [
        [plan.left, left],
        [plan.right, right.map((column) => column - width)],
      ];
    }
    case 'temporal-join':
    case 'lookup-join': {
      const width = plan.left.columns.length;
      const read = [...needed, ...columnsOf(plan.condition)];
      const time = plan.kind === 'temporal-join' ? plan.time : null;
      const times = time === null ? [[], []] : [[time.left], [time.right]];
      return [
        [plan.left, [...times[0]!, ...read.filter((column) => column < width)]],
        [plan.right, [...times[1]!, ...read.filter((column) => column >= width).map((column) => column - width)]],
      ];
    }
    case 'unnest': {
      const own = needed.filter((column) => column < plan.input.columns.length);
      return [[plan.input, [...own, ...columnsOf(plan.operand)]]];
    }
    case 'union':
      return plan.inputs.map((input) => [input, needed]);
    case 'window': {
      const own = needed.filter((column) => column < plan.input.columns.length);
      return [[plan.input, [...own, plan.time, ...plan.partition]]];
    }
    case 'intersect':
    case 'except':
      return [
        [plan.left, [...plan.left.columns.keys()]],
        [plan.right, [...plan.right.columns.keys()]],
      ];
    // All columns decide between rows that an order leaves equal, whoever else reads them.
    case 'top':
    case 'over':
    case 'rank':
      return [[plan.input, [...plan.input.columns.keys()]]];
  }
};
