import { access, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../core/errors.ts';
import type { CreateFunction } from '../../sql/ast/statement.ts';
import { castTo } from '../../sql/bind/cast-to.ts';
import { call, routine } from '../../sql/evaluate/bound.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SqlFunction } from '../../sql/functions/define.ts';
import { parseTypeText } from '../../sql/parse/grammar.ts';
import { digestOf } from '../../sql/plan/fingerprint.ts';
import { type Span, sqlError } from '../../sql/sql-error.ts';
import { fromTypeName } from '../../sql/types/from-type-name.ts';
import { type SqlType, shortText, withNullable } from '../../sql/types/sql-type.ts';
import type { UserFunction } from './define-function.ts';
import { type ValuePassage, valuePassage } from './function-values.ts';

/** Loads the module of CREATE FUNCTION, relative to `folder`. Throws SQL_ errors with the place. */
export const loadFunction = async (statement: CreateFunction, folder: string): Promise<SqlFunction> => {
  const { language, implementation, jars } = statement;
  const isModule = language === 'TYPESCRIPT' || (language === null && /\.[cm]?[jt]s$/.test(implementation));
  if (!isModule || jars.length > 0) {
    throw sqlError('SQL_NOT_SUPPORTED', statement, {
      what: `a function in ${language ?? 'JAVA'}`,
      reason: "there is no JVM here; write AS './module.ts' LANGUAGE TYPESCRIPT, or submit the file to Flink",
    });
  }
  const name = statement.path.at(-1)!.name;
  const exported = await exportOf(implementation, folder, { name, span: statement });
  const made = digestOf([name, await readFile(resolve(folder, implementation), 'utf8')]);
  return functionOf(name, exported, { span: statement, made });
};

const exportOf = async (
  implementation: string,
  folder: string,
  { name, span }: { readonly name: string; readonly span: Span },
): Promise<UserFunction> => {
  const path = resolve(folder, implementation);
  let loaded: Readonly<Record<string, unknown>>;
  try {
    await access(path);
    loaded = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw sqlError('SQL_INVALID', span, { reason: `${implementation} cannot be loaded: ${(error as Error).message}` });
  }
  const key = Object.keys(loaded).find((each) => each.toUpperCase() === name.toUpperCase()) ?? 'default';
  const found = loaded[key] as Partial<UserFunction> | undefined;
  if (typeof found?.call === 'function' && Array.isArray(found.arguments) && typeof found.returns === 'string')
    return found as UserFunction;
  throw sqlError('SQL_INVALID', span, {
    reason: `${implementation} exports no function ${name}: export const ${name} = defineFunction({ arguments, returns, call })`,
  });
};

const functionOf = (
  name: string,
  { arguments: written, returns, call: run }: UserFunction,
  { span, made }: { readonly span: Span; readonly made: string },
): SqlFunction => {
  const parameters = written.map((text) => typed(text, span));
  const result = typed(returns, span);
  const usage = `${name}(${written.join(', ')})`;
  const computed = userRoutine({ name, made }, run as (...values: unknown[]) => unknown, parameters, result);
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage,
    description: '',
    bind: (args, site) => {
      if (args.length !== parameters.length) {
        const count = `${args.length} argument${args.length === 1 ? '' : 's'}`;
        throw sqlError('SQL_INVALID', site.span, { reason: `${name} is called as ${usage}, and not with ${count}` });
      }
      const converted = args.map((arg, place) => {
        const { type } = parameters[place]!;
        const cast = castTo(arg, withNullable(type, true));
        if (cast !== null) return cast;
        const details = { what: name, found: shortText(arg.type), expected: shortText(type) };
        throw sqlError('SQL_TYPE_MISMATCH', site.argumentSpans[place] ?? site.span, details);
      });
      return call(computed, converted, result.type);
    },
  };
};

interface Typed {
  readonly type: SqlType;
  readonly passage: ValuePassage;
}

const typed = (text: string, span: Span): Typed => {
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

/** Says what went wrong without a value: what the user's own code says may hold one. */
const userRoutine = (
  { name, made }: { readonly name: string; readonly made: string },
  run: (...values: unknown[]) => unknown,
  parameters: readonly Typed[],
  result: Typed,
) =>
  routine(
    name,
    (...values: readonly SqlValue[]) => {
      const given = values.map((value, place) => (value === null ? null : parameters[place]!.passage.give(value)));
      let answer: unknown;
      try {
        answer = run(...given);
      } catch (error) {
        const what = error instanceof Error ? error.name : typeof error;
        throw new MillraceError(
          'SQL_FUNCTION_FAILED',
          { name, reason: `it threw ${what}${thrownAt(error)}` },
          { cause: error },
        );
      }
      if (answer === null) return null;
      const taken = result.passage.take(answer);
      if (taken !== undefined) return taken;
      const found =
        answer instanceof Promise ? 'a promise, and nothing is waited for' : `a ${typeof answer} that is none`;
      throw new MillraceError('SQL_FUNCTION_FAILED', {
        name,
        reason: `it returns ${shortText(result.type)}, and gave ${found}`,
      });
    },
    { lenient: true, made },
  );

/** ` at masked.ts:4:10`, the first place outside of this program. */
const thrownAt = (error: unknown): string => {
  const [, place] =
    /\n\s+at .*?([^/\\(]+:\d+:\d+)\)?(?:\n|$)/.exec(error instanceof Error ? (error.stack ?? '') : '') ?? [];
  return place === undefined ? '' : ` at ${place}`;
};
