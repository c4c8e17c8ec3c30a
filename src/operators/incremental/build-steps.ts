import { columnsOf, isContextual } from '../../sql/evaluate/bound-tree.ts';
import { compile } from '../../sql/evaluate/compile.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { changelogOf } from '../../sql/plan/changelog.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { AggregateStep } from './aggregate/aggregate-step.ts';
import { type Calc, type CalcPart, CalcStep, calcParts, compileCalc } from './calc.ts';
import { Changes, type Delta } from './delta.ts';
import { JoinStep } from './join/join-step.ts';
import { OverStep } from './over/over-step.ts';
import { RankStep } from './over/rank-step.ts';
import { readColumns } from './read-columns.ts';
import { RememberingCalcStep } from './remembering-calc-step.ts';
import { SetOperationStep } from './set-operation-step.ts';
import { remembersNothing, type Step } from './step.ts';

import { FirstRowsStep, TopStep } from './top-step.ts';
import { SessionStep } from './window/session-step.ts';
import { WindowStep } from './window/window-step.ts';

/** A scanned table: the changes told of it, and which of its columns are read. */
interface ScannedTable {
  readonly changes: Changes;
  readonly columns: ReadonlySet<number>;
}

interface Steps {
  /** Each behind its inputs. */
  readonly steps: readonly Step[];
  readonly tables: ReadonlyMap<string, ScannedTable>;
  /** What each plan gives, in their order. */
  readonly results: readonly Delta[];
}

/** The steps that compute these plans. A plan that stands in several places is computed once. */
export const buildSteps = (plans: readonly Plan[]): Steps => {
  const read = readColumns(plans);
  const builder = new Builder(read);
  const results = plans.map((plan) => builder.build(plan));
  return { steps: builder.steps, tables: builder.tables, results };
};

type RankPlan = Extract<Plan, { kind: 'rank' }>;

class Builder {
  readonly steps: Step[] = [];
  readonly tables = new Map<string, ScannedTable>();
  readonly #built = new Map<Plan, Delta>();
  readonly #ranked = new Map<RankPlan, Delta>();
  readonly #read: ReadonlyMap<string, ReadonlySet<number>>;

  /** `read`: the columns of tables that are read. */
  constructor(read: ReadonlyMap<string, ReadonlySet<number>>) {
    this.#read = read;
  }

  build(plan: Plan): Delta {
    const known = this.#built.get(plan);
    if (known !== undefined) return known;
    const built = this.#make(plan);
    this.#built.set(plan, built);
    return built;
  }

  #make(plan: Plan): Delta {
    switch (plan.kind) {
      case 'scan':
        return this.#scan(plan);
      case 'values':
        return this.#add(new ValuesStep(plan));
      case 'filter':
      case 'project': {
        const { parts, input } = calcParts(plan);
        const read = calcColumns(parts);
        const below = this.#below(input, read);
        return this.#add(
          hasToRemember(parts, input)
            ? new RememberingCalcStep(below, parts, input.columns, read)
            : new CalcStep(below, parts, changelogOf(plan).upsertKeys.length > 0),
        );
      }
      case 'aggregate': {
        const { input, calc } = this.#calculated(plan.input);
        return this.#add(new AggregateStep(plan, input, calc, isAppendOnly(plan.input)));
      }
      case 'join': {
        const [left, right] = [this.build(plan.left), this.build(plan.right)];
        return this.#add(new JoinStep(plan, left, right));
      }
      case 'intersect':
      case 'except': {
        const [left, right] = [this.build(plan.left), this.build(plan.right)];
        return this.#add(new SetOperationStep(plan, left, right));
      }
      case 'top': {
        const input = this.build(plan.input);
        // Rows in a result have no order: who shows them sorts them.
        if (plan.limit === null && plan.offset === 0) return input;
        const appendOnly = isAppendOnly(plan.input);
        return this.#add(
          appendOnly && plan.order.length === 0 ? new FirstRowsStep(plan, input) : new TopStep(plan, input, appendOnly),
        );
      }
      case 'over':
        return this.#add(new OverStep(plan, this.build(plan.input)));
      case 'window': {
        const input = this.build(plan.input);
        return this.#add(plan.window === 'SESSION' ? new SessionStep(plan, input) : new WindowStep(plan, input));
      }
      case 'rank':
        return this.#rank(plan, true);
      case 'union':
        return this.#add(new UnionStep(plan.inputs.map((input) => this.build(input))));
    }
  }

  #add(step: Step): Delta {
    this.steps.push(step);
    return step.out;
  }

  /** A plan without the filters and projections at its end, and these as a function; null: there are none. */
  #calculated(plan: Plan): { readonly input: Delta; readonly calc: Calc | null } {
    const { parts, input } = calcParts(plan);
    if (parts.length === 0 || hasToRemember(parts, input)) return { input: this.build(plan), calc: null };
    return { input: this.#below(input, calcColumns(parts)), calc: compileCalc(parts) };
  }

  /** `columns`: those that are read of the plan; null: all. */
  #below(plan: Plan, columns: readonly number[] | null): Delta {
    if (plan.kind === 'rank' && columns !== null && !columns.includes(plan.columns.length - 1))
      return this.#unnumbered(plan);
    return this.build(plan);
  }

  /** The rows of a rank without their places: a row whose place alone changes is not told of. */
  #unnumbered(plan: RankPlan): Delta {
    const known = this.#ranked.get(plan) ?? this.#rank(plan, false);
    this.#ranked.set(plan, known);
    return known;
  }

  #rank(plan: RankPlan, isNumbered: boolean): Delta {
    return this.#add(new RankStep(plan, this.build(plan.input), isNumbered, isAppendOnly(plan.input)));
  }

  #scan({ table }: Extract<Plan, { kind: 'scan' }>): Delta {
    const scanned = this.tables.get(table.name) ?? { changes: new Changes(), columns: this.#read.get(table.name)! };
    this.tables.set(table.name, scanned);
    return scanned.changes;
  }
}

const isAppendOnly = (plan: Plan): boolean => changelogOf(plan).kinds.every((kind) => kind === 'I');

/** Rows that go take back what they gave, which is not what they would give now. */
const hasToRemember = (parts: readonly CalcPart[], input: Plan): boolean =>
  parts.some((part) => isContextual(part.kind === 'filter' ? part.condition : part.expressions)) &&
  !isAppendOnly(input);

/** The columns that filters and projections read of the rows under them; null: all. */
const calcColumns = (parts: ReturnType<typeof calcParts>['parts']): readonly number[] | null => {
  const read: number[] = [];
  for (const part of parts) {
    if (part.kind === 'project') return [...read, ...part.expressions.flatMap(columnsOf)];
    read.push(...columnsOf(part.condition));
  }
  return null;
};

/** Rows that are there from the first tick on. */
class ValuesStep implements Step {
  readonly out = new Changes();
  readonly memory = remembersNothing;
  #plan: Extract<Plan, { kind: 'values' }> | null;

  constructor(plan: Extract<Plan, { kind: 'values' }>) {
    this.#plan = plan;
  }

  run(context: EvaluationContext): void {
    if (this.#plan === null) return;
    for (const row of this.#plan.rows) {
      this.out.add(
        row.map((expression) => compile(expression)([], context)),
        1,
      );
    }
    this.#plan = null;
  }

  restored(): void {
    this.#plan = null;
  }
}

class UnionStep implements Step {
  readonly out = new Changes();
  readonly memory = remembersNothing;
  readonly #inputs: readonly Delta[];

  constructor(inputs: readonly Delta[]) {
    this.#inputs = inputs;
  }

  run(): void {
    for (const input of this.#inputs) this.out.addAll(input);
  }
}
