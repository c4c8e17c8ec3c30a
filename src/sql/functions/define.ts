import { castTo } from '../bind/cast-to.ts';
import { type Bound, call, constant, type Routine, routine } from '../evaluate/bound.ts';
import type { SqlValue } from '../evaluate/sql-value.ts';
import { type Span, sqlError } from '../sql-error.ts';
import {
  isBinary,
  isInteger,
  isNumeric,
  isText,
  isTimestamp,
  plain,
  type SqlType,
  shortText,
  string,
  withNullable,
} from '../types/sql-type.ts';

/** What a parameter takes. `?` behind it: may be left out; `...`: any number more. */
type Class =
  | 'text'
  | 'int'
  | 'bigint'
  | 'double'
  | 'number'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'array'
  | 'map'
  | 'any';
export type Parameter = Class | `${Class}?` | `${Class}...`;

export interface SqlFunction {
  readonly name: string;
  readonly category: string;
  /** How it is called, for the reference. */
  readonly usage: string;
  readonly description: string;
  readonly bind: (args: readonly Bound[], site: CallSite) => Bound;
  /** `bind` gives an array of rows, which LATERAL TABLE lays beside the row that they are made of. */
  readonly makesRows?: true;
  /** It is an aggregate of the program's own code. */
  readonly fold?: Fold;
  /** It is an aggregate of a user's code. */
  readonly aggregate?: OwnAggregate;
}

/** An aggregate that keeps what it needs of a group's rows in a form of its own. */
export interface OwnAggregate {
  readonly type: SqlType;
  /** Of which code it is: equal for equal code alone. */
  readonly made: string;
  /** Rows may go as well as come. */
  readonly takesBack: boolean;
  /** The arguments as it takes them. Throws SQL_ errors with the place. */
  readonly convert: (args: readonly Bound[], site: CallSite) => readonly Bound[];
  /** What is kept of no row. */
  readonly open: () => OwnState;
}

/** What such an aggregate keeps of one group. */
export interface OwnState {
  /** Takes in a row that came (weight above 0) or went, as often as the weight says. */
  add(values: readonly SqlValue[], weight: number): void;
  result(): SqlValue;
  save(to: { value(value: SqlValue): void }): void;
  load(from: { value(): SqlValue }): void;
}

/** How a group's rows become one value, a row after the other. */
export interface Fold {
  readonly type: SqlType;
  readonly parameters: readonly SqlType[];
  /** Rows may go as well as come. */
  readonly takesBack: boolean;
  /** Of which code it is: equal for equal code alone. */
  readonly made: string;
  /** The value with a row more (weight 1) or less (-1); null: there was no row before. */
  readonly add: (value: SqlValue, args: readonly SqlValue[], weight: 1 | -1) => SqlValue;
}

/** Where a call stands, for errors about it. */
export interface CallSite {
  readonly name: string;
  readonly span: Span;
  readonly argumentSpans: readonly Span[];
}

interface Definition {
  readonly usage: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** From the arguments as they are after conversion; its own `nullable` holds beside that of the arguments. */
  readonly returns: SqlType | ((args: readonly Bound[], site: CallSite) => SqlType);
  readonly run: Routine['run'] | ((args: readonly Bound[], type: SqlType) => Routine['run']);
  /** `run` is made for the argument types. */
  readonly typed?: true;
  readonly lenient?: true;
  readonly contextual?: true;
}

/** A function whose parameters are of fixed classes. */
export const define = (category: string, name: string, definition: Definition): SqlFunction => ({
  name,
  category,
  usage: definition.usage,
  description: definition.description,
  bind: (args, site) => {
    const converted = convertArguments(args, definition.parameters, definition.usage, site);
    const { returns, run, typed, lenient, contextual } = definition;
    const declared = typeof returns === 'function' ? returns(converted, site) : returns;
    const nullable = declared.nullable || (!lenient && converted.some((arg) => arg.type.nullable));
    const type = withNullable(declared, nullable);
    const body = typed
      ? (run as (args: readonly Bound[], type: SqlType) => Routine['run'])(converted, type)
      : (run as Routine['run']);
    return call(
      routine(name, body, { ...(lenient ? { lenient } : {}), ...(contextual ? { contextual } : {}) }),
      converted,
      type,
    );
  },
});

export const convertArguments = (
  args: readonly Bound[],
  parameters: readonly Parameter[],
  usage: string,
  site: CallSite,
): readonly Bound[] => {
  const least = parameters.filter((parameter) => !/[?.]$/.test(parameter)).length;
  const most = parameters.at(-1)?.endsWith('...') ? Number.POSITIVE_INFINITY : parameters.length;
  if (args.length < least || args.length > most) {
    const reason = `${site.name} is called as ${usage}, and not with ${args.length} argument${args.length === 1 ? '' : 's'}`;
    throw sqlError('SQL_INVALID', site.span, { reason });
  }
  return args.map((arg, index) => {
    const parameter = parameters[Math.min(index, parameters.length - 1)]!;
    const of = parameter.replace(/\?|\.\.\./, '') as Class;
    const converted = convert(arg, of);
    if (converted !== null) return converted;
    const details = { what: site.name, found: shortText(arg.type), expected: described[of] };
    throw sqlError('SQL_TYPE_MISMATCH', site.argumentSpans[index] ?? site.span, details);
  });
};

const described: Readonly<Record<Class, string>> = {
  text: 'a text',
  int: 'a whole number',
  bigint: 'a whole number',
  double: 'a number',
  number: 'a number',
  boolean: 'a truth value',
  binary: 'bytes',
  date: 'a DATE',
  timestamp: 'a TIMESTAMP',
  array: 'an ARRAY',
  map: 'a MAP',
  any: 'a value',
};

const nullOf: Partial<Record<Class, SqlType>> = {
  text: string(),
  int: plain('INT'),
  bigint: plain('BIGINT'),
  double: plain('DOUBLE'),
  number: plain('INT'),
  boolean: plain('BOOLEAN'),
};

/** The argument as the class has it; null: it does not fit. */
const convert = (arg: Bound, of: Class): Bound | null => {
  const { type } = arg;
  if (type.kind === 'NULL' && of !== 'any') return constant(null, nullOf[of] ?? type);
  switch (of) {
    case 'text':
      return isText(type) ? arg : null;
    case 'int':
      return isInteger(type) ? castTo(arg, plain('INT')) : null;
    case 'bigint':
      return isInteger(type) ? castTo(arg, plain('BIGINT')) : null;
    case 'double':
      return isNumeric(type) ? castTo(arg, plain('DOUBLE')) : null;
    case 'number':
      return isNumeric(type) ? arg : null;
    case 'boolean':
      return type.kind === 'BOOLEAN' ? arg : null;
    case 'binary':
      return isBinary(type) ? arg : null;
    case 'date':
      return type.kind === 'DATE' ? arg : null;
    case 'timestamp':
      return isTimestamp(type) ? arg : null;
    case 'array':
      return type.kind === 'ARRAY' ? arg : null;
    case 'map':
      return type.kind === 'MAP' ? arg : null;
    case 'any':
      return arg;
  }
};
