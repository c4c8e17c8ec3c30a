import { createHash } from 'node:crypto';
import type { Bound } from '../evaluate/bound.ts';
import { typeText } from '../types/sql-type.ts';
import type { AggregateCall, Plan } from './plan.ts';
import { inputsOf } from './plan-inputs.ts';

/**
 * What plans compute, each as a short text: equal for those that make the same rows of the same tables, in this job or in another one.
 * Names of columns have no part in it, nor columns of tables that nobody asks for.
 */
export class Fingerprints {
  readonly #known = new Map<Plan, string>();

  of(plan: Plan): string {
    let known = this.#known.get(plan);
    if (known === undefined) {
      known = digestOf([ownPart(plan), inputsOf(plan).map((input) => this.of(input))]);
      this.#known.set(plan, known);
    }
    return known;
  }
}

/** A short text that is equal for equal things. */
export const digestOf = (of: unknown): string =>
  createHash('sha256').update(JSON.stringify(of, written)).digest('hex').slice(0, 24);

/** What a plan does to its inputs, without what stands in them. */
const ownPart = (plan: Plan): unknown => {
  switch (plan.kind) {
    case 'scan': {
      const { name, primaryKey, appendOnly, watermark } = plan.table;
      return ['scan', name, primaryKey, appendOnly, watermark === undefined ? null : boundPart(watermark.mark)];
    }
    case 'values':
      return ['values', typesOf(plan), plan.rows.map((row) => row.map(boundPart))];
    case 'filter':
      return ['filter', boundPart(plan.condition)];
    case 'project':
      return ['project', plan.expressions.map(boundPart)];
    case 'join':
      return ['join', plan.type, plan.keys, plan.condition === null ? null : boundPart(plan.condition)];
    case 'temporal-join':
      return ['temporal-join', plan.type, plan.keys, plan.time, boundPart(plan.condition)];
    case 'lookup-join': {
      const { type, keys, by, table, condition, right } = plan;
      return ['lookup-join', type, keys, by, table.name, boundPart(condition), wholePart(right)];
    }
    case 'unnest':
      return ['unnest', plan.type, plan.ordinality, boundPart(plan.operand)];
    case 'aggregate':
      return ['aggregate', plan.groups, plan.sets, plan.calls.map(callPart)];
    case 'union':
      return ['union', typesOf(plan)];
    case 'intersect':
    case 'except':
      return [plan.kind, plan.all, typesOf(plan)];
    case 'top':
      return ['top', plan.order, plan.offset, plan.limit];
    case 'over':
      return ['over', plan.partition, plan.order, plan.calls.map((call) => [callPart(call), call.frame, call.count])];
    case 'rank':
      return ['rank', plan.partition, plan.order, plan.method, plan.from, plan.to];
    case 'window': {
      const { window, time, partition, size, slide, offset, closes, zoned } = plan;
      return ['window', window, time, partition, size, slide, offset, closes, zoned];
    }
  }
};

/** With what stands in its inputs. */
const wholePart = (plan: Plan): unknown => [ownPart(plan), inputsOf(plan).map(wholePart)];

const typesOf = ({ columns }: Plan): readonly string[] => columns.map(({ type }) => typeText(type));

const callPart = ({ name, args, distinct, filter, type, fold, own }: AggregateCall): unknown => [
  name,
  args,
  distinct,
  filter,
  typeText(type),
  fold?.made ?? own?.made ?? null,
];

const boundPart = (expression: Bound): unknown => {
  const type = typeText(expression.type);
  switch (expression.kind) {
    case 'column':
      return ['column', expression.index, type];
    case 'constant':
      return ['constant', expression.value, type];
    case 'call': {
      const { name, strict, made } = expression.routine;
      return ['call', name, strict, made, type, expression.args.map(boundPart)];
    }
    case 'and':
    case 'or':
      return [expression.kind, boundPart(expression.left), boundPart(expression.right)];
    case 'is-null':
      return ['is-null', expression.negated, boundPart(expression.operand)];
    case 'case': {
      const branches = expression.branches.map(({ when, result }) => [boundPart(when), boundPart(result)]);
      return ['case', type, branches, boundPart(expression.otherwise)];
    }
    case 'coalesce':
      return ['coalesce', type, expression.args.map(boundPart)];
    case 'try':
      return ['try', type, boundPart(expression.operand)];
  }
};

/** JSON has one form for values that are different ones here. */
const written = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { number: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (value instanceof Map) return { map: [...value] };
  return value;
};
