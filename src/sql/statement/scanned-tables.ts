import type { Plan } from '../plan/plan.ts';

/** The names of the tables that a plan scans. */
export const scannedTables = (plan: Plan, found = new Set<string>()): ReadonlySet<string> => {
  switch (plan.kind) {
    case 'scan':
      found.add(plan.table.name);
      break;
    case 'values':
      break;
    case 'join':
    case 'intersect':
    case 'except':
      scannedTables(plan.left, found);
      scannedTables(plan.right, found);
      break;
    case 'union':
      for (const input of plan.inputs) scannedTables(input, found);
      break;
    default:
      scannedTables(plan.input, found);
  }
  return found;
};
