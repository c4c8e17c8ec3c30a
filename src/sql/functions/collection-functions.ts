import { MillraceError } from '../../core/errors.ts';
import { castTo } from '../bind/cast-to.ts';
import { type Bound, call, type Routine, routine } from '../evaluate/bound.ts';
import { textOf } from '../evaluate/cast.ts';
import { compareValues } from '../evaluate/comparison.ts';
import type { EvaluationContext, Multiset, SqlValue } from '../evaluate/sql-value.ts';
import { sqlError } from '../sql-error.ts';
import { plain, type SqlType, shortText, string, type TypeKind, withNullable } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { type CallSite, convertArguments, define, type Parameter, type SqlFunction } from './define.ts';

const same = (a: SqlValue, b: SqlValue): boolean => (a === null || b === null ? a === b : compareValues(a, b) === 0);

type Items = readonly SqlValue[];

const distinct = (items: Items): Items =>
  items.filter((item, index) => items.findIndex((other) => same(other, item)) === index);

const elementOf = ({ type }: Bound): SqlType => (type.kind === 'ARRAY' ? type.element : plain('NULL'));

/** A function of an array and one item, or of several arrays, made to have one element type. */
const ofElements = (
  name: string,
  usage: string,
  description: string,
  parameters: readonly Parameter[],
  returns: (element: SqlType) => SqlType,
  run: Routine['run'],
): SqlFunction => ({
  name,
  category: 'collection',
  usage,
  description,
  bind: (args, site) => {
    const values = convertArguments(args, parameters, usage, site);
    const element = unifiedType(
      values.map((value, index) =>
        parameters[Math.min(index, parameters.length - 1)]!.startsWith('array') ? elementOf(value) : value.type,
      ),
    );
    if (element === null) throw mismatch(values, site);
    const converted = values.map((value, index) => {
      const isArray = parameters[Math.min(index, parameters.length - 1)]!.startsWith('array');
      return castTo(value, isArray ? { kind: 'ARRAY', element, nullable: true } : element)!;
    });
    const type = returns(element);
    const nullable =
      type.nullable ||
      converted.some(
        (value, index) =>
          parameters[Math.min(index, parameters.length - 1)]!.startsWith('array') && value.type.nullable,
      );
    // An item may be NULL, and is then looked for; an array that is NULL gives NULL.
    const guarded = (...all: SqlValue[]): SqlValue =>
      all[0] === null ||
      (parameters[0] !== 'any' &&
        converted.some(
          (_, index) => all[index] === null && parameters[Math.min(index, parameters.length - 1)]!.startsWith('array'),
        ))
        ? null
        : run(...all);
    return call(routine(name, guarded, { lenient: true }), converted, withNullable(type, nullable));
  },
});

const mismatch = (values: readonly Bound[], site: CallSite): Error =>
  sqlError('SQL_TYPE_MISMATCH', site.span, {
    what: site.name,
    found: values.map((value) => shortText(value.type)).join(' and '),
    expected: 'an array and items of its type',
  });

const arrayOf = (element: SqlType): SqlType => ({ kind: 'ARRAY', element, nullable: false });

const extreme = (items: Items, sign: 1 | -1): SqlValue => {
  let best: SqlValue = null;
  for (const item of items) if (item !== null && (best === null || compareValues(item, best) * sign > 0)) best = item;
  return best;
};

const collections: ReadonlySet<TypeKind> = new Set(['ARRAY', 'MAP', 'MULTISET']);

const sizeOf = (multiset: Multiset): number => multiset.reduce((sum, [, times]) => sum + times, 0);

const onlyOf = (what: string, size: number, first: SqlValue | undefined): SqlValue => {
  if (size <= 1) return first ?? null;
  throw new MillraceError('SQL_FUNCTION_FAILED', { name: 'ELEMENT', reason: `the ${what} has more than one item` });
};

export const collectionFunctions: readonly SqlFunction[] = [
  define('collection', 'CARDINALITY', {
    usage: 'CARDINALITY(array, map or multiset)',
    description: 'How many items or entries it has; of a multiset, equal ones counted each.',
    parameters: ['any'],
    returns: (args, site) => {
      if (!collections.has(args[0]!.type.kind))
        throw sqlError('SQL_TYPE_MISMATCH', site.span, {
          what: 'CARDINALITY',
          found: shortText(args[0]!.type),
          expected: 'an ARRAY, a MAP or a MULTISET',
        });
      return plain('INT', false);
    },
    typed: true,
    run: ([collection]: readonly Bound[]) =>
      collection!.type.kind === 'MULTISET'
        ? sizeOf
        : (value: Items | ReadonlyMap<SqlValue, SqlValue>) => ('size' in value ? value.size : value.length),
  }),
  define('collection', 'ELEMENT', {
    usage: 'ELEMENT(array or multiset)',
    description: 'Its only item; NULL when it is empty.',
    parameters: ['any'],
    returns: ([first], site) => {
      const { type } = first!;
      if (type.kind === 'NULL') return type;
      if (type.kind === 'ARRAY') return type.element;
      if (type.kind === 'MULTISET') return withNullable(type.element, true);
      throw sqlError('SQL_TYPE_MISMATCH', site.span, {
        what: 'ELEMENT',
        found: shortText(type),
        expected: 'an ARRAY or a MULTISET',
      });
    },
    typed: true,
    run: ([collection]: readonly Bound[]) =>
      collection!.type.kind === 'MULTISET'
        ? (multiset: Multiset) => onlyOf('multiset', sizeOf(multiset), multiset[0]?.[0])
        : (items: Items) => onlyOf('array', items.length, items[0]),
  }),
  ofElements(
    'ARRAY_CONTAINS',
    'ARRAY_CONTAINS(array, item)',
    'Whether the item is in it.',
    ['array', 'any'],
    () => plain('BOOLEAN', false),
    (items: Items, item: SqlValue) => items.some((other) => same(other, item)),
  ),
  ofElements(
    'ARRAY_POSITION',
    'ARRAY_POSITION(array, item)',
    'Where the item is first, from 1; 0 when it is not in it.',
    ['array', 'any'],
    () => plain('INT', false),
    (items: Items, item: SqlValue) => items.findIndex((other) => same(other, item)) + 1,
  ),
  ofElements(
    'ARRAY_APPEND',
    'ARRAY_APPEND(array, item)',
    'With the item at its end.',
    ['array', 'any'],
    arrayOf,
    (items: Items, item: SqlValue) => [...items, item],
  ),
  ofElements(
    'ARRAY_PREPEND',
    'ARRAY_PREPEND(array, item)',
    'With the item at its start.',
    ['array', 'any'],
    arrayOf,
    (items: Items, item: SqlValue) => [item, ...items],
  ),
  ofElements(
    'ARRAY_REMOVE',
    'ARRAY_REMOVE(array, item)',
    'Without the item.',
    ['array', 'any'],
    arrayOf,
    (items: Items, item: SqlValue) => items.filter((other) => !same(other, item)),
  ),
  ofElements('ARRAY_DISTINCT', 'ARRAY_DISTINCT(array)', 'Each item once.', ['array'], arrayOf, distinct),
  ofElements('ARRAY_REVERSE', 'ARRAY_REVERSE(array)', 'In the opposite order.', ['array'], arrayOf, (items: Items) =>
    items.toReversed(),
  ),
  ofElements(
    'ARRAY_CONCAT',
    'ARRAY_CONCAT(array, ...)',
    'All arrays, one after the other.',
    ['array', 'array...'],
    arrayOf,
    (...arrays: Items[]) => arrays.flat(),
  ),
  ofElements(
    'ARRAY_UNION',
    'ARRAY_UNION(a, b)',
    'The items of both, each once.',
    ['array', 'array'],
    arrayOf,
    (a: Items, b: Items) => distinct([...a, ...b]),
  ),
  ofElements(
    'ARRAY_INTERSECT',
    'ARRAY_INTERSECT(a, b)',
    'The items that are in both, each once, in the order of the first.',
    ['array', 'array'],
    arrayOf,
    (a: Items, b: Items) => distinct(a.filter((item) => b.some((other) => same(item, other)))),
  ),
  ofElements(
    'ARRAY_EXCEPT',
    'ARRAY_EXCEPT(a, b)',
    'The items of the first that are not in the second, each once.',
    ['array', 'array'],
    arrayOf,
    (a: Items, b: Items) => distinct(a.filter((item) => !b.some((other) => same(item, other)))),
  ),
  ofElements(
    'ARRAY_MAX',
    'ARRAY_MAX(array)',
    'Its greatest item.',
    ['array'],
    (element) => withNullable(element, true),
    (items: Items) => extreme(items, 1),
  ),
  ofElements(
    'ARRAY_MIN',
    'ARRAY_MIN(array)',
    'Its least item.',
    ['array'],
    (element) => withNullable(element, true),
    (items: Items) => extreme(items, -1),
  ),
  ofElements(
    'ARRAY_SORT',
    'ARRAY_SORT(array)',
    'From its least to its greatest item, NULL first.',
    ['array'],
    arrayOf,
    (items: Items) =>
      items.toSorted((a, b) =>
        a === null || b === null ? Number(a !== null) - Number(b !== null) : compareValues(a, b),
      ),
  ),
  define('collection', 'ARRAY_SLICE', {
    usage: 'ARRAY_SLICE(array, from[, to])',
    description: 'The items from one place to another, both counted from 1 and included; negative counts from the end.',
    parameters: ['array', 'int', 'int?'],
    returns: ([first]) => withNullable(first!.type, false),
    run: (items: Items, from: number, to = items.length) => {
      const start = from < 0 ? items.length + from + 1 : Math.max(from, 1);
      const end = to < 0 ? items.length + to + 1 : to === 0 ? 1 : to;
      return start < 1 && from < 0 ? items.slice(0, Math.max(end, 0)) : items.slice(start - 1, Math.max(end, 0));
    },
  }),
  define('collection', 'ARRAY_JOIN', {
    usage: 'ARRAY_JOIN(array, separator[, null text])',
    description: 'Its items as one text, NULL left out unless a text stands for it.',
    parameters: ['array', 'text', 'text?'],
    returns: string(false),
    typed: true,
    contextual: true,
    run: ([first]: readonly Bound[]) => {
      const text = textOf(elementOf(first!));
      return (...args: unknown[]) => {
        const context = args.at(-1) as EvaluationContext;
        const [items, separator, nothing] = [
          args[0] as Items,
          args[1] as string,
          args.length > 3 ? (args[2] as string) : null,
        ];
        return items
          .map((item) => (item === null ? nothing : (text?.(item, context) ?? '')))
          .filter((item) => item !== null)
          .join(separator);
      };
    },
  }),
];
