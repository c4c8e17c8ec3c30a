import { changelogOf } from '../../sql/plan/changelog.ts';
import type { Plan } from '../../sql/plan/plan.ts';

/** A release of Flink that a job may be for. */
export type FlinkProfile = 'flink-1.20' | 'flink-2.x';

export const flinkProfiles: readonly FlinkProfile[] = ['flink-1.20', 'flink-2.x'];

const changes = (plan: Plan): boolean => changelogOf(plan).kinds.some((kind) => kind !== 'I');

/** Why Flink's planner would refuse a plan that runs here, as it was found to do by EXPLAIN; null: nothing is known against it. */
export const flinkRefusal = (plan: Plan, profile: FlinkProfile): string | null => {
  const own = ownRefusal(plan, profile);
  if (own !== null) return own;
  for (const input of inputsOf(plan)) {
    const found = flinkRefusal(input, profile);
    if (found !== null) return found;
  }
  return null;
};

const ownRefusal = (plan: Plan, profile: FlinkProfile): string | null => {
  switch (plan.kind) {
    case 'rank':
      if (plan.method !== 'ROW_NUMBER') return `${plan.method}() is not taken; ROW_NUMBER() is`;
      if (inputsOf(plan).some((input) => holdsWindow(input)) && changes(plan.input))
        return 'the best of a window over rows that change is not taken';
      return null;
    case 'over':
      if (!changes(plan.input)) return null;
      if (profile === 'flink-1.20') return 'OVER is not computed of rows that change; 2.x takes sums of them';
      return plan.calls.every(({ frame, name }) => frame.unit === 'RANGE' && name !== 'LAG' && name !== 'LEAD')
        ? null
        : 'OVER with ROWS, LAG and LEAD are not computed of rows that change';
    case 'top':
      return plan.limit === null ? 'ORDER BY without LIMIT sorts by a time alone' : null;
    default:
      return null;
  }
};

const holdsWindow = (plan: Plan): boolean => plan.kind === 'window' || inputsOf(plan).some(holdsWindow);

const inputsOf = (plan: Plan): readonly Plan[] => {
  const { input, inputs, left, right } = plan as {
    readonly input?: Plan;
    readonly inputs?: readonly Plan[];
    readonly left?: Plan;
    readonly right?: Plan;
  };
  return [input, ...(inputs ?? []), left, right].filter((each) => each !== undefined);
};
