import type { Plan } from './plan.ts';

export const distinctRows = (input: Plan): Plan => {
  const groups = input.columns.map((_, index) => index);
  return { kind: 'aggregate', input, groups, sets: [groups], calls: [], columns: input.columns };
};
