import type { Expression } from '../ast/expression.ts';
import type { Bound } from '../evaluate/bound.ts';
import { sqlError } from '../sql-error.ts';
import { changelogOf } from './changelog.ts';
import { joinOn } from './join-on.ts';
import { lookupJoin } from './lookup-join.ts';
import type { Plan } from './plan.ts';
import { timeAttributeOf } from './time-attribute.ts';

type TemporalPlan = Extract<Plan, { kind: 'temporal-join' }>;

/** `a JOIN b FOR SYSTEM_TIME AS OF a.t ON ...`: `time` is what stands behind AS OF, in the left side's columns. */
export const temporalJoin = (
  type: string,
  left: Plan,
  right: Plan,
  conditions: readonly Bound[],
  time: { readonly bound: Bound; readonly written: Expression },
): Plan => {
  const { bound, written } = time;
  if (type !== 'INNER' && type !== 'LEFT') {
    throw sqlError('SQL_NOT_SUPPORTED', written, {
      what: `${type} JOIN with FOR SYSTEM_TIME AS OF`,
      reason: 'rows of the left side are joined with what the right one is at a time: INNER or LEFT',
    });
  }
  const attribute = bound.kind === 'column' ? timeAttributeOf(left, bound.index) : timeOfCall(bound);
  if (attribute === null) {
    throw sqlError('SQL_INVALID', written, {
      reason: 'AS OF takes PROCTIME(), or the column of the left side that a WATERMARK is declared on',
    });
  }
  const times = attribute === 'proctime' ? null : { left: placeOf(bound), right: versionTime(right, written) };
  const joined = joinOn(type, left, right, conditions);
  const temporal = (plan: Plan): Plan => {
    if (plan.kind === 'project') return { ...plan, input: temporal(plan.input) };
    const { condition, keys, ...sides } = plan as Extract<Plan, { kind: 'join' }>;
    if (condition === null || keys.length === 0)
      throw sqlError('SQL_INVALID', written, { reason: 'a join as of a time needs ON with equal columns' });
    const own = { ...sides, kind: 'temporal-join', type, condition, keys, time: times } satisfies TemporalPlan;
    return (times === null ? lookupJoin(own, written) : null) ?? own;
  };
  const plan = temporal(joined);
  if (times !== null) requireKey(plan, right, written);
  return plan;
};

const timeOfCall = (bound: Bound): 'proctime' | null =>
  bound.kind === 'call' && bound.routine.name === 'PROCTIME' ? 'proctime' : null;

const placeOf = (bound: Bound): number => (bound as Extract<Bound, { kind: 'column' }>).index;

/** Since when a version of the right side's row is there. */
const versionTime = (right: Plan, written: Expression): number => {
  const place = right.columns.findIndex((_, column) => timeAttributeOf(right, column) === 'rowtime');
  if (place >= 0) return place;
  throw sqlError('SQL_INVALID', written, {
    reason: 'the right side has no versions: declare a WATERMARK on the column that says since when a row is there',
  });
};

const requireKey = (plan: Plan, right: Plan, written: Expression): void => {
  const join = (plan.kind === 'project' ? plan.input : plan) as TemporalPlan;
  const joined = join.keys.map(([, column]) => column);
  if (changelogOf(right).upsertKeys.some((key) => key.length > 0 && key.every((column) => joined.includes(column))))
    return;
  throw sqlError('SQL_INVALID', written, {
    reason: 'versions are told apart by a key: the right side needs a PRIMARY KEY, and ON has to join by it',
  });
};
