import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadModule } from '../../pipeline/load-module.ts';
import type { CreateFunction } from '../../sql/ast/statement.ts';
import type { SqlFunction } from '../../sql/functions/define.ts';
import { digestOf } from '../../sql/plan/fingerprint.ts';
import { sqlError } from '../../sql/sql-error.ts';
import { aggregateFunction } from './aggregate-function.ts';
import type { UserAggregate } from './define-aggregate.ts';
import type { UserFunction } from './define-function.ts';
import type { UserTableFunction } from './define-table-function.ts';
import type { FunctionOrigin } from './function-signature.ts';
import { rowFunction } from './row-function.ts';
import { tableFunction } from './table-function.ts';

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
  const path = resolve(folder, implementation);
  let loaded: Readonly<Record<string, unknown>>;
  let text: string;
  try {
    [text, loaded] = [await readFile(path, 'utf8'), await loadModule(path)];
  } catch (error) {
    const reason = `${implementation} cannot be loaded: ${(error as Error).message}`;
    throw sqlError('SQL_INVALID', statement, { reason });
  }
  const key = Object.keys(loaded).find((each) => each.toUpperCase() === name.toUpperCase()) ?? 'default';
  const made = functionOf(name, loaded[key], { span: statement, made: digestOf([name, text]) });
  if (made !== null) return made;
  throw sqlError('SQL_INVALID', statement, {
    reason: `${implementation} exports no function ${name}: export const ${name} = defineFunction({ arguments, returns, call }), or what defineTableFunction and defineAggregate give`,
  });
};

/** By its form: an aggregate has `accumulate`, a table function returns columns. Null: it is none. */
const functionOf = (name: string, exported: unknown, from: FunctionOrigin): SqlFunction | null => {
  const found = exported as Partial<UserFunction & UserTableFunction & UserAggregate> | undefined;
  if (!Array.isArray(found?.arguments)) return null;
  if (typeof found.returns === 'object' && found.returns !== null)
    return typeof found.call === 'function' ? tableFunction(name, found as never, from) : null;
  if (typeof found.returns !== 'string') return null;
  if (typeof found.call === 'function') return rowFunction(name, found as never, from);
  const steps = [found.createAccumulator, found.accumulate, found.getValue];
  return steps.every((step) => typeof step === 'function') ? aggregateFunction(name, found as never, from) : null;
};
