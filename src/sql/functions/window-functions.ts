import { castTo } from '../bind/cast-to.ts';
import type { Bound } from '../evaluate/bound.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isInteger, plain, type SqlType, shortText } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { aggregateType, isAggregateName } from './aggregates.ts';

/** What a call of a function over rows around a row comes to. */
interface WindowCall {
  readonly type: SqlType;
  /** What is computed from each row. */
  readonly args: readonly Bound[];
  /** How many rows LAG and LEAD look away, and into how many parts NTILE cuts; 0 for others. */
  readonly count: number;
}

/** Functions that say where a row stands, and take no frame: they see the whole partition. */
const placeFunctions: Readonly<Record<string, SqlType>> = {
  ROW_NUMBER: plain('BIGINT', false),
  RANK: plain('BIGINT', false),
  DENSE_RANK: plain('BIGINT', false),
  PERCENT_RANK: plain('DOUBLE', false),
  CUME_DIST: plain('DOUBLE', false),
  NTILE: plain('INT', false),
  LAG: plain('NULL'),
  LEAD: plain('NULL'),
};

export const takesFrame = (name: string): boolean => !Object.hasOwn(placeFunctions, name);
export const isWindowFunction = (name: string): boolean => !takesFrame(name) || isAggregateName(name);

/** SQL_INVALID when the function is called with too few or too many arguments, SQL_TYPE_MISMATCH with those of wrong types. */
export const windowCall = (name: string, args: readonly Bound[], span: Span): WindowCall => {
  if (name === 'LAG' || name === 'LEAD') return neighbour(name, args, span);
  if (name === 'NTILE') {
    if (args.length !== 1) throw wrongCount(name, '1', args, span);
    const count = numberOf(args[0]!);
    if (count === null || count < 1) throw notANumber(name, 'a number of parts, from 1 on', span);
    return { type: placeFunctions[name]!, args: [], count };
  }
  if (takesFrame(name)) return { type: aggregateType(name, args, span), args, count: 0 };
  if (args.length > 0) throw wrongCount(name, 'no', args, span);
  return { type: placeFunctions[name]!, args: [], count: 0 };
};

const neighbour = (name: string, args: readonly Bound[], span: Span): WindowCall => {
  const [value, distance, otherwise] = args;
  if (value === undefined || args.length > 3) throw wrongCount(name, '1 to 3', args, span);
  const count = distance === undefined ? 1 : numberOf(distance);
  if (count === null || count < 0) throw notANumber(name, 'a number of rows, from 0 on', span);
  if (otherwise === undefined) return { type: { ...value.type, nullable: true }, args: [value], count };
  const type = unifiedType([value.type, otherwise.type]);
  if (type === null) {
    const found = `${shortText(value.type)} and ${shortText(otherwise.type)}`;
    throw sqlError('SQL_TYPE_MISMATCH', span, { what: name, found, expected: 'a value and a default of one type' });
  }
  return { type, args: [castTo(value, type)!, castTo(otherwise, type)!], count };
};

/** A whole number that is written as such; null: something else. */
export const numberOf = (bound: Bound): number | null =>
  bound.kind === 'constant' && isInteger(bound.type) && typeof bound.value === 'number' ? bound.value : null;

const wrongCount = (name: string, wanted: string, args: readonly Bound[], span: Span): Error =>
  sqlError('SQL_INVALID', span, { reason: `${name} takes ${wanted} arguments, and not ${args.length}` });

const notANumber = (name: string, wanted: string, span: Span): Error =>
  sqlError('SQL_INVALID', span, { reason: `${name} takes ${wanted}, written as a number` });
