import type { Plan } from '../plan/plan.ts';
import { inputsOf } from '../plan/plan-inputs.ts';

/** The names of the tables that a plan scans, or asks for rows. */
export const scannedTables = (plan: Plan, found = new Set<string>()): ReadonlySet<string> => {
  if (plan.kind === 'scan' || plan.kind === 'lookup-join') found.add(plan.table.name);
  for (const input of inputsOf(plan)) scannedTables(input, found);
  return found;
};
