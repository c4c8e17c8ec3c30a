import type { Bound } from '../evaluate/bound.ts';
import { type Span, sqlError } from '../sql-error.ts';
import {
  digitsOf,
  isApproximate,
  isInteger,
  isNumeric,
  isText,
  plain,
  type SqlType,
  shortText,
  string,
} from '../types/sql-type.ts';

/** What an aggregate function gives for arguments of these types. */
type Derive = (args: readonly Bound[], span: Span, name: string) => SqlType;

const number = (args: readonly Bound[], span: Span, name: string): SqlType => {
  const { type } = args[0]!;
  if (isNumeric(type)) return type;
  throw sqlError('SQL_TYPE_MISMATCH', span, { what: name, found: shortText(type), expected: 'a number' });
};

/** SUM of a DECIMAL has 38 digits; of a whole number the number's own type. */
const sum: Derive = (args, span, name) => {
  const type = number(args, span, name);
  return type.kind === 'DECIMAL' ? { ...type, precision: 38, nullable: true } : { ...type, nullable: true };
};

const average: Derive = (args, span, name) => {
  const type = number(args, span, name);
  if (type.kind !== 'DECIMAL') return { ...type, nullable: true };
  return { kind: 'DECIMAL', precision: 38, scale: Math.max(6, digitsOf(type).scale), nullable: true };
};

const deviation: Derive = (args, span, name) => {
  const type = number(args, span, name);
  if (type.kind === 'DECIMAL')
    return { kind: 'DECIMAL', precision: 38, scale: Math.max(6, type.scale), nullable: true };
  return isApproximate(type) || isInteger(type) ? { ...type, nullable: true } : plain('DOUBLE');
};

const first: Derive = (args) => ({ ...args[0]!.type, nullable: true });

const multiset: Derive = ([item], span) => {
  const { type } = item!;
  if (!holdsMap(type)) return { kind: 'MULTISET', element: type, nullable: false };
  const reason = 'maps have no order to be kept in; CAST them to STRING, or use ARRAY_AGG';
  throw sqlError('SQL_NOT_SUPPORTED', span, { what: `COLLECT of ${shortText(type)}`, reason });
};

const holdsMap = (type: SqlType): boolean => {
  switch (type.kind) {
    case 'MAP':
      return true;
    case 'ARRAY':
    case 'MULTISET':
      return holdsMap(type.element);
    case 'ROW':
      return type.fields.some((field) => holdsMap(field.type));
    default:
      return false;
  }
};

interface Aggregate {
  readonly least: number;
  readonly most: number;
  readonly derive: Derive;
}

/** Functions over the rows of a group, by their names. */
const aggregates: Readonly<Record<string, Aggregate>> = {
  COUNT: { least: 0, most: 99, derive: () => plain('BIGINT', false) },
  SUM: { least: 1, most: 1, derive: sum },
  AVG: { least: 1, most: 1, derive: average },
  MIN: { least: 1, most: 1, derive: first },
  MAX: { least: 1, most: 1, derive: first },
  STDDEV_POP: { least: 1, most: 1, derive: deviation },
  STDDEV_SAMP: { least: 1, most: 1, derive: deviation },
  STDDEV: { least: 1, most: 1, derive: deviation },
  VAR_POP: { least: 1, most: 1, derive: deviation },
  VAR_SAMP: { least: 1, most: 1, derive: deviation },
  VARIANCE: { least: 1, most: 1, derive: deviation },
  ARRAY_AGG: { least: 1, most: 1, derive: ([item]) => ({ kind: 'ARRAY', element: item!.type, nullable: true }) },
  COLLECT: { least: 1, most: 1, derive: multiset },
  JSON_ARRAYAGG: { least: 1, most: 1, derive: () => string(false) },
  JSON_OBJECTAGG: { least: 2, most: 2, derive: () => string(false) },
  FIRST_VALUE: { least: 1, most: 1, derive: first },
  LAST_VALUE: { least: 1, most: 1, derive: first },
  LISTAGG: {
    least: 1,
    most: 2,
    derive: (args, span, name) => {
      if (isText(args[0]!.type)) return string();
      throw sqlError('SQL_TYPE_MISMATCH', span, { what: name, found: shortText(args[0]!.type), expected: 'a text' });
    },
  },
};

export const isAggregateName = (name: string): boolean => Object.hasOwn(aggregates, name);

/** The type of an aggregate's result. SQL_INVALID when it is called with too few or too many arguments. */
export const aggregateType = (name: string, args: readonly Bound[], span: Span): SqlType => {
  const { least, most, derive } = aggregates[name]!;
  if (args.length < least || args.length > most) {
    throw sqlError('SQL_INVALID', span, {
      reason: `${name} takes ${least === most ? least : `${least} to ${most}`} arguments, and not ${args.length}`,
    });
  }
  return derive(args, span, name);
};
