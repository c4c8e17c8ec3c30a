import type { Plan } from './plan.ts';

/** What a column says of time: when a row is worked on, or when it happened, by which the table's WATERMARK moves. */
type TimeAttribute = 'proctime' | 'rowtime';

/** Null: the column is a value like others. */
export const timeAttributeOf = (plan: Plan, column: number): TimeAttribute | null => {
  switch (plan.kind) {
    case 'scan': {
      const time = plan.table.watermark?.time;
      return time?.kind === 'column' && time.index === column ? 'rowtime' : null;
    }
    case 'project': {
      const expression = plan.expressions[column]!;
      if (expression.kind === 'column') return timeAttributeOf(plan.input, expression.index);
      if (expression.kind === 'call' && expression.routine.name === 'PROCTIME') return 'proctime';
      return expression === watermarkedTime(plan.input) ? 'rowtime' : null;
    }
    case 'filter':
    case 'top':
      return timeAttributeOf(plan.input, column);
    case 'rank':
    case 'unnest':
    case 'over':
      return column < plan.input.columns.length ? timeAttributeOf(plan.input, column) : null;
    case 'window': {
      const own = plan.input.columns.length;
      if (column < own) return timeAttributeOf(plan.input, column);
      // The last of the edges is the time of the window.
      return column === own + 2 ? timeAttributeOf(plan.input, plan.time) : null;
    }
    case 'lookup-join':
      return column < plan.left.columns.length ? timeAttributeOf(plan.left, column) : null;
    case 'join':
    case 'temporal-join': {
      const width = plan.left.columns.length;
      return column < width ? timeAttributeOf(plan.left, column) : timeAttributeOf(plan.right, column - width);
    }
    case 'union': {
      const [first, ...others] = plan.inputs.map((input) => timeAttributeOf(input, column));
      return others.every((other) => other === first) ? first! : null;
    }
    default:
      return null;
  }
};

/** Whether a column holds PROCTIME() and rows come when it says: not later, once something that is waited for has come too. */
export const comesAtItsTime = (plan: Plan, column: number): boolean => {
  switch (plan.kind) {
    case 'project': {
      const expression = plan.expressions[column]!;
      if (expression.kind === 'column') return comesAtItsTime(plan.input, expression.index);
      return expression.kind === 'call' && expression.routine.name === 'PROCTIME';
    }
    case 'filter':
      return comesAtItsTime(plan.input, column);
    case 'unnest':
      return column < plan.input.columns.length && comesAtItsTime(plan.input, column);
    case 'temporal-join':
      return plan.time === null && column < plan.left.columns.length && comesAtItsTime(plan.left, column);
    case 'lookup-join':
      return column < plan.left.columns.length && comesAtItsTime(plan.left, column);
    case 'union':
      return plan.inputs.every((input) => comesAtItsTime(input, column));
    default:
      return false;
  }
};

/** The computed column of a table on which its watermark is declared. */
const watermarkedTime = (plan: Plan): unknown => {
  if (plan.kind === 'filter') return watermarkedTime(plan.input);
  return plan.kind === 'scan' ? plan.table.watermark?.time : undefined;
};
