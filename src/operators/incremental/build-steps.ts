import { columnsOf, isContextual } from '../../sql/evaluate/bound-tree.ts';
import { compile } from '../../sql/evaluate/compile.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { changelogOf } from '../../sql/plan/changelog.ts';
import { isComplete } from '../../sql/plan/complete-windows.ts';
import { digestOf, Fingerprints } from '../../sql/plan/fingerprint.ts';
import { intervalOf } from '../../sql/plan/interval-join.ts';
import type { CatalogTable, Plan, PlanColumn } from '../../sql/plan/plan.ts';
import { isShareable } from '../../sql/plan/repeatable.ts';
import { AggregateStep } from './aggregate/aggregate-step.ts';
import { type Calc, type CalcPart, CalcStep, calcParts, compileCalc } from './calc.ts';
import { Consolidator } from './consolidate.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { JoinStep } from './join/join-step.ts';
import { OverStep } from './over/over-step.ts';
import { RankStep } from './over/rank-step.ts';
import { columnsUnder, readColumns } from './read-columns.ts';
import { RememberingCalcStep } from './remembering-calc-step.ts';
import { SetOperationStep } from './set-operation-step.ts';
import { remembersNothing, type Step } from './step.ts';

import { LookupJoinStep } from './temporal/lookup-join-step.ts';
import { PresentJoinStep } from './temporal/present-join-step.ts';
import { VersionJoinStep } from './temporal/version-join-step.ts';
import { FirstRowsStep, TopStep } from './top-step.ts';
import { UnnestStep } from './unnest-step.ts';
import type { ProcessingTime } from './watermark/processing-time.ts';
import type { ClosingStep, TimeProgress } from './watermark/time-progress.ts';
import type { Watermarks } from './watermark/watermarks.ts';
import { ClosingAggregateStep } from './window/closing-aggregate-step.ts';
import { ClosingSessionStep } from './window/closing-session-step.ts';
import { ClosingWindowStep } from './window/closing-window-step.ts';
import { SessionStep } from './window/session-step.ts';
import { WindowStep } from './window/window-step.ts';

/** A scanned table: the changes told of it, and which of its columns are read. */
interface ScannedTable {
  readonly changes: Changes;
  readonly columns: ReadonlySet<number>;
}

/** A table that a step asks for rows. */
export interface AskedTable {
  /** Of the catalog. */
  readonly table: CatalogTable;
  /** Places of the columns whose values a question gives, in their order. */
  readonly by: readonly number[];
  /** The columns that are read of the answers; what stands in the others means nothing. */
  readonly columns: ReadonlySet<number>;
  readonly step: Step;
}

/** A step as it stands among the others. */
export interface BuiltStep {
  readonly step: Step;
  readonly plan: Plan;
  /** Two steps with one remember the same things of the same rows, in this job or in another. */
  readonly fingerprint: string;
  /** What tables and steps give that it works on. */
  readonly inputs: readonly Delta[];
}

interface Steps {
  readonly asked: readonly AskedTable[];
  /** Each behind its inputs. */
  readonly steps: readonly BuiltStep[];
  readonly tables: ReadonlyMap<string, ScannedTable>;
  /** What each plan gives, in their order. */
  readonly results: readonly Delta[];
  /** Of these. */
  readonly fingerprints: readonly string[];
}

/** The steps that compute these plans. What stands in several places is computed once, in however many words. */
export const buildSteps = (plans: readonly Plan[], watermarks: Watermarks, clock: ProcessingTime): Steps => {
  const read = readColumns(plans);
  const builder = new Builder(read, watermarks, clock);
  const results = plans.map((plan) => builder.build(plan));
  const fingerprints = plans.map(builder.resultFingerprint);
  return { steps: builder.steps, tables: builder.tables, asked: builder.asked, results, fingerprints };
};

type WindowPlan = Extract<Plan, { kind: 'window' }>;
type RankPlan = Extract<Plan, { kind: 'rank' }>;

/** A plan whose steps are being made, and what was asked for so far to work on. */
interface Making {
  readonly plan: Plan;
  readonly inputs: Delta[];
}

class Builder {
  readonly steps: BuiltStep[] = [];
  readonly tables = new Map<string, ScannedTable>();
  readonly asked: AskedTable[] = [];
  /** By what they compute. */
  readonly #built = new Map<Plan | string, Delta>();
  readonly #ranked = new Map<Plan | string, Delta>();
  readonly #fingerprints = new Fingerprints();
  readonly #read: ReadonlyMap<string, ReadonlySet<number>>;
  readonly #watermarks: Watermarks;
  readonly #clock: ProcessingTime;
  #making: Making | null = null;

  /** `read`: the columns of tables that are read. */
  constructor(read: ReadonlyMap<string, ReadonlySet<number>>, watermarks: Watermarks, clock: ProcessingTime) {
    this.#read = read;
    this.#watermarks = watermarks;
    this.#clock = clock;
  }

  build(plan: Plan): Delta {
    return this.#once(this.#built, plan, () => this.#make(plan));
  }

  /** What a plan gives, from columns of which types. */
  readonly resultFingerprint = (plan: Plan): string =>
    digestOf([this.#fingerprints.of(plan), [...columnsUnder(plan, null)].sort()]);

  #once(made: Map<Plan | string, Delta>, plan: Plan, make: () => Delta): Delta {
    const key = this.#shared(plan);
    let built = made.get(key);
    if (built === undefined) {
      const above = this.#making;
      this.#making = { plan, inputs: [] };
      built = make();
      this.#making = above;
      made.set(key, built);
    }
    this.#making?.inputs.push(built);
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
        const closing = this.#closing(plan);
        if (closing !== null) return closing;
        const { input, calc } = this.#calculated(plan.input);
        const [appendOnly, forgets] = [isAppendOnly(plan.input), isComplete(plan)];
        return this.#add(new AggregateStep(plan, input, { calc, appendOnly, forgets }));
      }
      case 'join': {
        const [left, right] = [this.build(plan.left), this.build(plan.right)];
        const complete = isComplete(plan);
        const joined = this.#add(
          new JoinStep(plan, left, right, {
            forgets: complete,
            interval: complete ? null : intervalOf(plan),
            watermarks: this.#watermarks,
          }),
        );
        // Within the tick a row may stand alone first; what is handed on is only added to.
        return complete && plan.type !== 'INNER' ? this.#add(new ConsolidateStep(joined, plan.columns)) : joined;
      }
      case 'temporal-join': {
        const [left, right] = [this.build(plan.left), this.build(plan.right)];
        const appendOnly = isAppendOnly(plan.left);
        if (plan.time === null) return this.#add(new PresentJoinStep(plan, left, right, appendOnly));
        const options = { watermarks: this.#watermarks, appendOnly };
        return this.#add(new VersionJoinStep(plan, left, right, options));
      }
      case 'lookup-join': {
        const step = new LookupJoinStep(plan, this.build(plan.left), isAppendOnly(plan.left));
        const { table, by } = plan;
        this.asked.push({ table, by: by.map(([, column]) => column), columns: this.#read.get(table.name)!, step });
        return this.#add(step);
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
        if (plan.closes === null)
          return this.#add(plan.window === 'SESSION' ? new SessionStep(plan, input) : new WindowStep(plan, input));
        const progress = this.#progressOf(plan);
        return this.#addClosing(
          plan,
          plan.window === 'SESSION'
            ? new ClosingSessionStep(plan, input, progress)
            : new ClosingWindowStep(plan, input, progress, isAppendOnly(plan.input)),
        );
      }
      case 'unnest':
        return this.#add(new UnnestStep(plan, this.build(plan.input)));
      case 'rank':
        return this.#rank(plan, true);
      case 'union':
        return this.#add(new UnionStep(plan.inputs.map((input) => this.build(input))));
    }
  }

  /** What else stands for the same rows: equal plans, unless each draws its own time or chance. */
  #shared(plan: Plan): Plan | string {
    return isShareable(plan) ? this.#fingerprints.of(plan) : plan;
  }

  #add(step: Step): Delta {
    const { plan, inputs } = this.#making!;
    this.steps.push({ step, plan, fingerprint: this.#stepFingerprint(plan, step), inputs: [...inputs] });
    inputs.push(step.out);
    return step.out;
  }

  #progressOf({ closes }: WindowPlan): TimeProgress {
    return closes === 'clock' ? this.#clock : this.#watermarks;
  }

  #addClosing({ closes, zoned }: WindowPlan, step: ClosingStep): Delta {
    if (closes === 'clock') this.#clock.follow(step, zoned);
    return this.#add(step);
  }

  /** One plan may have several steps, and a rank remembers otherwise where nobody asks for places. */
  #stepFingerprint(plan: Plan, step: Step): string {
    const isRanked = plan.kind === 'rank' && step instanceof RankStep && !step.isNumbered;
    const columns = [...columnsUnder(plan, this.#read)].sort();
    const print = `${digestOf([this.#fingerprints.of(plan), columns])}${isRanked ? '-unnumbered' : ''}`;
    const before = this.steps.filter(({ fingerprint }) => fingerprint.startsWith(print)).length;
    return before === 0 ? print : `${print}-${before}`;
  }

  /** An aggregate of the windows right under it, which are told of when they close; null: it is another one. */
  #closing(plan: Extract<Plan, { kind: 'aggregate' }>): Delta | null {
    const { parts, input: window } = calcParts(plan.input);
    if (window.kind !== 'window' || window.window === 'SESSION' || parts.length === 0) return null;
    if (!isComplete(plan) || plan.sets.length > 1 || hasToRemember(parts, window.input)) return null;
    const own = { progress: this.#progressOf(window), appendOnly: isAppendOnly(window.input) };
    return this.#addClosing(window, new ClosingAggregateStep(plan, { window, parts }, this.build(window.input), own));
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
    return this.#once(this.#ranked, plan, () => this.#rank(plan, false));
  }

  #rank(plan: RankPlan, isNumbered: boolean): Delta {
    return this.#add(new RankStep(plan, this.build(plan.input), isNumbered, isAppendOnly(plan.input)));
  }

  #scan({ table }: Extract<Plan, { kind: 'scan' }>): Delta {
    const known = this.tables.get(table.name);
    if (known !== undefined) return known.changes;
    const scanned = { changes: new Changes(), columns: this.#read.get(table.name)! };
    this.tables.set(table.name, scanned);
    this.#watermarks.follow(table, scanned.changes);
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
  readonly #plan: Extract<Plan, { kind: 'values' }>;
  #isTold = false;

  constructor(plan: Extract<Plan, { kind: 'values' }>) {
    this.#plan = plan;
  }

  run(context: EvaluationContext): void {
    if (!this.#isTold) for (const [row] of this.contents(context)) this.out.add(row, 1);
    this.#isTold = true;
  }

  *contents(context: EvaluationContext): Generator<readonly [SqlRow, number], void, undefined> {
    for (const row of this.#plan.rows) yield [row.map((expression) => compile(expression)([], context)), 1];
  }

  restored(): void {
    this.#isTold = true;
  }
}

class ConsolidateStep implements Step {
  readonly out = new Changes();
  readonly memory = remembersNothing;
  readonly #consolidator: Consolidator;

  constructor(input: Delta, columns: readonly PlanColumn[]) {
    this.#consolidator = new Consolidator(input, columns);
  }

  run(): void {
    this.out.addAll(this.#consolidator.take());
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
