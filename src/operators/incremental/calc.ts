import type { Bound } from '../../sql/evaluate/bound.ts';
import { columnsOf } from '../../sql/evaluate/bound-tree.ts';
import { ExpressionWriter } from '../../sql/evaluate/expression-writer.ts';
import { interpret } from '../../sql/evaluate/interpret.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from './delta.ts';
import { remembersNothing, type Step } from './step.ts';

/** Filters and projections one behind the other, as one function: puts the values of a row into `out`; false: the row is left out. */
export type Calc = (row: SqlRow, context: EvaluationContext, out: SqlValue[]) => boolean;

export type CalcPart = Extract<Plan, { kind: 'filter' | 'project' }>;

/** The filters and projections that end a plan, innermost first, and the plan under them. */
export const calcParts = (plan: Plan): { readonly parts: readonly CalcPart[]; readonly input: Plan } => {
  const parts: CalcPart[] = [];
  let input = plan;
  while (input.kind === 'filter' || input.kind === 'project') {
    parts.unshift(input);
    input = input.input;
  }
  return { parts, input };
};

export const compileCalc = (parts: readonly CalcPart[]): Calc => {
  // What names a column of the current part means: the row's own value, or a local of a projection below.
  let locals: readonly string[] | null = null;
  const writer = new ExpressionWriter((index) => (locals === null ? `row[${index}]` : locals[index]!));
  for (const [place, part] of parts.entries()) {
    if (part.kind === 'filter') {
      writer.lines.push(`if (${writer.write(part.condition)} !== true) return false;`);
    } else {
      const needed = neededColumns(parts.slice(place + 1), part.expressions.length);
      const names: string[] = part.expressions.map((expression, index) =>
        needed.has(index) ? writer.write(expression) : 'null',
      );
      locals = names;
    }
  }
  const width = parts.at(-1)!.columns.length;
  for (let index = 0; index < width; index += 1)
    writer.lines.push(`out[${index}] = ${locals === null ? `row[${index}]` : (locals as readonly string[])[index]};`);
  const body = `return (row, context, out) => {\n${writer.lines.join('\n')}\nreturn true;\n};`;
  return writer.load<Calc>(body) ?? interpretCalc(parts);
};

/** Which of a projection's columns the parts behind it read: the others are not computed. */
const neededColumns = (behind: readonly CalcPart[], width: number): ReadonlySet<number> => {
  const needed = new Set<number>();
  for (const part of behind) {
    if (part.kind === 'filter') for (const column of columnsOf(part.condition)) needed.add(column);
    else {
      for (const column of part.expressions.flatMap(columnsOf)) needed.add(column);
      return needed;
    }
  }
  for (let column = 0; column < width; column += 1) needed.add(column);
  return needed;
};

/** The oracle of `compileCalc`, and its fallback. */
const interpretCalc = (parts: readonly CalcPart[]): Calc => {
  const run = (expression: Bound, row: SqlRow, context: EvaluationContext): SqlValue =>
    interpret(expression)(row, context);
  return (row, context, out) => {
    let current: SqlRow = row;
    for (const [place, part] of parts.entries()) {
      if (part.kind === 'filter') {
        if (run(part.condition, current, context) !== true) return false;
      } else {
        const needed = neededColumns(parts.slice(place + 1), part.expressions.length);
        const below = current;
        current = part.expressions.map((expression, index) =>
          needed.has(index) ? run(expression, below, context) : null,
        );
      }
    }
    for (let index = 0; index < current.length; index += 1) out[index] = current[index]!;
    return true;
  };
};

export class CalcStep implements Step {
  readonly out: Changes;
  readonly memory = remembersNothing;
  readonly #input: Delta;
  readonly #calc: Calc;
  readonly #width: number;
  /** Rows are handed on as they are. */
  readonly #filtersOnly: boolean;

  /** `keepsKey`: what tells the input's rows apart still stands in the result. */
  constructor(input: Delta, parts: readonly CalcPart[], keepsKey: boolean) {
    this.out = new Changes(keepsKey && input.isPaired === true);
    this.#input = input;
    this.#calc = compileCalc(parts);
    this.#width = parts.at(-1)!.columns.length;
    this.#filtersOnly = parts.every(({ kind }) => kind === 'filter');
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const calc = this.#calc;
    let values: SqlValue[] = new Array(this.#width).fill(null);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      if (!calc(row, context, values)) continue;
      if (this.#filtersOnly) this.out.add(row, weights[i]!);
      else {
        this.out.add(values, weights[i]!);
        values = new Array(this.#width).fill(null);
      }
    }
  }
}
