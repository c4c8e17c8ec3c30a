import { MillraceError } from '../../core/errors.ts';
import { castTo } from '../../sql/bind/cast-to.ts';
import type { Bound } from '../../sql/evaluate/bound.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { CallSite } from '../../sql/functions/define.ts';
import { parseTypeText } from '../../sql/parse/grammar.ts';
import { type Span, sqlError } from '../../sql/sql-error.ts';
import { fromTypeName } from '../../sql/types/from-type-name.ts';
import { type SqlType, shortText, withNullable } from '../../sql/types/sql-type.ts';
import { type ValuePassage, valuePassage } from './function-values.ts';

/** A type of a user's function, and how its values pass. */
export interface Typed {
  readonly type: SqlType;
  readonly passage: ValuePassage;
}

/** Where a user's function is from. */
export interface FunctionOrigin {
  /** Its CREATE FUNCTION. */
  readonly span: Span;
  /** Of which code it is: equal for equal code alone. */
  readonly made: string;
}

/** The type that a module's text names; `span` is where its function is created. Throws SQL_INVALID for one that cannot pass. */
export const typed = (text: string, span: Span): Typed => {
  let type: SqlType | null = null;
  try {
    type = withNullable(fromTypeName(parseTypeText(text)), true);
  } catch {
    // Said below, at the statement: the type's own text is in the module.
  }
  const passage = type === null ? null : valuePassage(type);
  if (type !== null && passage !== null) return { type, passage };
  throw sqlError('SQL_INVALID', span, { reason: `a function takes and gives no ${text}` });
};

/** How a user's function is called: its name, and what it takes. */
export class FunctionSignature {
  readonly name: string;
  readonly parameters: readonly Typed[];
  readonly usage: string;

  constructor(name: string, written: readonly string[], span: Span) {
    this.name = name;
    this.parameters = written.map((text) => typed(text, span));
    this.usage = `${name}(${written.join(', ')})`;
  }

  /** Arguments cast to the types of the parameters, as those of built-in functions are. Throws SQL_ errors with the place. */
  converted(args: readonly Bound[], site: CallSite): readonly Bound[] {
    const { name, parameters, usage } = this;
    if (args.length !== parameters.length) {
      const count = `${args.length} argument${args.length === 1 ? '' : 's'}`;
      throw sqlError('SQL_INVALID', site.span, { reason: `${name} is called as ${usage}, and not with ${count}` });
    }
    return args.map((arg, place) => {
      const { type } = parameters[place]!;
      const cast = castTo(arg, withNullable(type, true));
      if (cast !== null) return cast;
      const details = { what: name, found: shortText(arg.type), expected: shortText(type) };
      throw sqlError('SQL_TYPE_MISMATCH', site.argumentSpans[place] ?? site.span, details);
    });
  }

  /** Values as the user's code has them. */
  given(values: readonly SqlValue[]): readonly unknown[] {
    return values.map((value, place) => (value === null ? null : this.parameters[place]!.passage.give(value)));
  }

  /** What the user's code gives. Says what went wrong without a value: what that code says may hold one. */
  ran<Answer>(run: () => Answer): Answer {
    try {
      return run();
    } catch (error) {
      const what = error instanceof Error ? error.name : typeof error;
      throw this.failure(`it threw ${what}${thrownAt(error)}`, error);
    }
  }

  /** An answer of the user's code as a value of SQL. Throws SQL_FUNCTION_FAILED for what the type does not hold. */
  taken(answer: unknown, { type, passage }: Typed, what = 'it'): SqlValue {
    if (answer === null) return null;
    const value = passage.take(answer);
    if (value !== undefined) return value;
    const found =
      answer instanceof Promise ? 'a promise, and nothing is waited for' : `a ${typeof answer} that is none`;
    throw this.failure(`${what} returns ${shortText(type)}, and gave ${found}`);
  }

  failure(reason: string, cause?: unknown): Error {
    return new MillraceError('SQL_FUNCTION_FAILED', { name: this.name, reason }, cause === undefined ? {} : { cause });
  }
}

/** ` at masked.ts:4:10`, the first place outside of this program. */
const thrownAt = (error: unknown): string => {
  const [, place] =
    /\n\s+at .*?([^/\\(]+:\d+:\d+)\)?(?:\n|$)/.exec(error instanceof Error ? (error.stack ?? '') : '') ?? [];
  return place === undefined ? '' : ` at ${place.replace(/\?[^:]*/, '')}`;
};
