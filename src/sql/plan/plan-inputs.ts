import type { Plan } from './plan.ts';

/** The plans whose rows a plan works on, in their order. */
export const inputsOf = (plan: Plan): readonly Plan[] => {
  switch (plan.kind) {
    case 'scan':
    case 'values':
      return [];
    case 'join':
    case 'temporal-join':
    case 'intersect':
    case 'except':
      return [plan.left, plan.right];
    case 'union':
      return plan.inputs;
    case 'lookup-join':
      return [plan.left];
    default:
      return [plan.input];
  }
};
