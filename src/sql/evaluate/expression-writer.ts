import { isMillraceError } from '../../core/errors.ts';
import type { Bound, Routine } from './bound.ts';
import { overflowed } from './overflows.ts';

/**
 * Writes JavaScript that computes expressions: one local per subexpression. Only operators of the templates below and numbered names
 * enter its text; constants and routines are handed in as `k` and `f`, the row's columns by the code that `column` gives.
 */
export class ExpressionWriter {
  readonly constants: unknown[] = [];
  readonly functions: Routine['run'][] = [];
  lines: string[] = [];
  readonly #column: (index: number) => string;
  #locals = 0;

  constructor(column: (index: number) => string = (index) => `row[${index}]`) {
    this.#column = column;
  }

  /** Writes the statements that compute `expression`, and gives the name or literal that then holds it. */
  write(expression: Bound): string {
    switch (expression.kind) {
      case 'column':
        return this.#assign(this.#column(expression.index));
      case 'constant':
        return this.#constant(expression.value);
      case 'call':
        return this.#call(expression);
      case 'and':
      case 'or':
        return this.#logic(expression);
      case 'is-null':
        return this.#assign(`${this.write(expression.operand)} ${expression.negated ? '!==' : '==='} null`);
      case 'case': {
        const result = this.#declare();
        let closing = '';
        for (const branch of expression.branches) {
          this.lines.push(`if (${this.write(branch.when)} === true) {`);
          this.lines.push(`${result} = ${this.write(branch.result)};`, '} else {');
          closing += '}';
        }
        this.lines.push(`${result} = ${this.write(expression.otherwise)};`, closing);
        return result;
      }
      case 'coalesce': {
        const result = this.#declare();
        let closing = '';
        for (const [index, arg] of expression.args.entries()) {
          this.lines.push(`${result} = ${this.write(arg)};`);
          if (index === expression.args.length - 1) break;
          this.lines.push(`if (${result} === null) {`);
          closing += '}';
        }
        if (closing !== '') this.lines.push(closing);
        return result;
      }
      case 'try': {
        const result = this.#declare();
        this.lines.push('try {');
        this.lines.push(`${result} = ${this.write(expression.operand)};`);
        this.lines.push('} catch (error) {', 'if (!isCastFailure(error)) throw error;', `${result} = null;`, '}');
        return result;
      }
    }
  }

  /** Loads what `k`, `f` and the rest of the text's free names stand for; null: code generation is forbidden here. */
  load<Made>(body: string): Made | null {
    try {
      return new Function('k', 'f', 'isCastFailure', 'overflowed', body)(
        this.constants,
        this.functions,
        isCastFailure,
        overflowed,
      ) as Made;
    } catch (error) {
      if (error instanceof EvalError) return null;
      throw error;
    }
  }

  #constant(value: unknown): string {
    if (value === null || typeof value === 'boolean') return String(value);
    this.constants.push(value);
    return this.#assign(`k[${this.constants.length - 1}]`);
  }

  #call({ routine, args }: Extract<Bound, { kind: 'call' }>): string {
    const result = this.#declare();
    const names: string[] = [];
    let closing = '';
    // An argument is computed only when those before it are not NULL, as the interpreter does it.
    for (const arg of args) {
      const name = this.write(arg);
      names.push(name);
      if (routine.strict && (arg.type.nullable || arg.kind !== 'constant')) {
        this.lines.push(`if (${name} === null) ${result} = null; else {`);
        closing += '}';
      }
    }
    if (routine.contextual) names.push('context');
    if (routine.inline !== null) this.lines.push(`${result} = ${routine.inline(...names)};`);
    else {
      this.functions.push(routine.run);
      this.lines.push(`${result} = f[${this.functions.length - 1}](${names.join(', ')});`);
    }
    if (closing !== '') this.lines.push(closing);
    return result;
  }

  #logic({ kind, left, right }: Extract<Bound, { kind: 'and' | 'or' }>): string {
    const deciding = kind === 'or' ? 'true' : 'false';
    const other = kind === 'or' ? 'false' : 'true';
    const first = this.write(left);
    const result = this.#declare();
    this.lines.push(`${result} = ${first};`, `if (${first} !== ${deciding}) {`);
    const second = this.write(right);
    this.lines.push(
      `${result} = ${second} === ${deciding} ? ${deciding} : ${first} === null || ${second} === null ? null : ${other};`,
      '}',
    );
    return result;
  }

  #declare(): string {
    const name = `v${this.#locals}`;
    this.#locals += 1;
    this.lines.push(`let ${name};`);
    return name;
  }

  #assign(code: string): string {
    const name = this.#declare();
    this.lines.push(`${name} = ${code};`);
    return name;
  }
}

const isCastFailure = (error: unknown): boolean => isMillraceError(error, 'SQL_CAST_FAILED');
