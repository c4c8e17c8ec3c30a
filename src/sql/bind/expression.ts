import { nearestName } from '../../core/nearest-name.ts';
import type { Argument, Expression, JsonCall, SpecialCall } from '../ast/expression.ts';
import { type Bound, call, constant, routine } from '../evaluate/bound.ts';
import { castRoutine } from '../evaluate/cast.ts';
import { compareValues } from '../evaluate/comparison.ts';
import { likeMatcher, similarMatcher } from '../evaluate/like.ts';
import type { SqlValue } from '../evaluate/sql-value.ts';
import { type CallSite, convertArguments, type SqlFunction } from '../functions/define.ts';
import { functionNamed, functionNames } from '../functions/function-table.ts';
import { jsonArray, jsonExists, jsonObject, jsonQuery, jsonValue } from '../functions/json-calls.ts';
import { ceilTime, extract, floorTime, timestampAdd, timestampDiff } from '../functions/time-units.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { fromTypeName } from '../types/from-type-name.ts';
import { isText, plain, type SqlType, shortText, withNullable } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { castTo } from './cast-to.ts';
import { bindLiteral } from './literal.ts';
import { asTruth, bindArithmetic, bindBinary, bindNegation } from './operators.ts';
import { bindOverlaps } from './overlaps.ts';
import type { Scope } from './scope.ts';

/** The expression with every name, function and type settled. Throws an SQL_ error with the place of what cannot be. */
export const bindExpression = (expression: Expression, scope: Scope): Bound => {
  const bind = (part: Expression): Bound => bindExpression(part, scope);
  switch (expression.kind) {
    case 'number':
    case 'double':
    case 'string':
    case 'bytes':
    case 'boolean':
    case 'null':
    case 'temporal':
    case 'interval':
      return bindLiteral(expression);
    case 'name': {
      const { column, fields } = scope.resolve(expression.path);
      return fields.reduce((operand, field) => bindField(operand, field.name, field), column);
    }
    case 'star':
      throw sqlError('SQL_INVALID', expression, {
        reason: '* stands for columns only in a list of columns and in COUNT(*)',
      });
    case 'parameter':
      throw sqlError('SQL_NOT_SUPPORTED', expression, {
        what: '?',
        reason: 'statements have no parameters; write the value',
      });
    case 'unary':
      return bindUnary(expression.operator, bind(expression.operand), expression);
    case 'binary':
      if (expression.operator === 'OVERLAPS') return bindOverlaps(expression.left, expression.right, bind, expression);
      return bindBinary(expression.operator, bind(expression.left), bind(expression.right), expression);
    case 'is':
      return bindIs(bind(expression.operand), expression.test, expression.negated, expression);
    case 'between':
      return bindBetween(expression, bind);
    case 'in':
      return bindIn(expression, bind);
    case 'like':
      return bindLike(expression, bind);
    case 'subquery':
    case 'exists':
    case 'unique':
    case 'quantified':
    case 'collected':
      throw sqlError('SQL_NOT_SUPPORTED', expression, {
        what: 'a subquery',
        reason: 'this expression is computed from one row alone',
      });
    case 'array':
      return bindArray(expression.items.map(bind), expression);
    case 'multiset':
      throw sqlError('SQL_NOT_SUPPORTED', expression, { what: 'MULTISET[...]', reason: 'use ARRAY[...]' });
    case 'map':
      return bindMap(expression.items.map(bind), expression);
    case 'row': {
      const items = expression.items.map(bind);
      const fields = items.map((item, index) => ({ name: `EXPR$${index}`, type: item.type }));
      return call(
        routine('ROW', (...values) => values, { lenient: true }),
        items,
        { kind: 'ROW', fields, nullable: false },
      );
    }
    case 'item':
      return bindItem(bind(expression.operand), bind(expression.index), expression);
    case 'field':
      return bindField(bind(expression.operand), expression.field.name, expression.field);
    case 'case':
      return bindCase(expression, bind);
    case 'cast':
      return bindCast(bind(expression.operand), fromTypeName(expression.type), expression.lenient, expression);
    case 'call':
      return bindCall(expression, scope);
    case 'extract':
    case 'round-time':
    case 'trim':
    case 'overlay':
    case 'position':
    case 'timestamp-add':
    case 'timestamp-diff':
      return bindSpecial(expression, bind);
    default:
      return bindJson(expression, bind);
  }
};

const bindUnary = (operator: 'NOT' | '-' | '+', operand: Bound, span: Span): Bound => {
  if (operator === '-') return bindNegation(operand, span);
  if (operator === '+')
    return bindArithmetic('+', constant(0, plain('TINYINT', false)), operand, span).type.kind === 'NULL'
      ? operand
      : operand;
  return call(
    routine('NOT', (value: boolean) => !value, { inline: (value) => `!${value}` }),
    [asTruth(operand, span, 'NOT')],
    plain('BOOLEAN', operand.type.nullable),
  );
};

const bindIs = (operand: Bound, test: string, negated: boolean, span: Span): Bound => {
  const type = plain('BOOLEAN', false);
  switch (test) {
    case 'NULL':
      return { kind: 'is-null', operand, negated, type };
    case 'TRUE':
    case 'FALSE':
    case 'UNKNOWN': {
      const wanted = test === 'UNKNOWN' ? null : test === 'TRUE';
      const truth = asTruth(operand, span, `IS ${test}`);
      return call(
        routine(`IS ${negated ? 'NOT ' : ''}${test}`, (value: SqlValue) => (value === wanted) !== negated, {
          lenient: true,
        }),
        [truth],
        type,
      );
    }
    default:
      if (test.startsWith('JSON')) return jsonTest(operand, test, negated, span);
      throw sqlError('SQL_NOT_SUPPORTED', span, {
        what: `IS ${test}`,
        reason: 'of multisets, COLLECT, CARDINALITY, ELEMENT, UNNEST and CAST are known',
      });
  }
};

const jsonTest = (operand: Bound, test: string, negated: boolean, span: Span): Bound => {
  if (!isText(operand.type)) {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `IS ${test}`,
      found: shortText(operand.type),
      expected: 'a text',
    });
  }
  const fits = (value: unknown): boolean => {
    if (test === 'JSON ARRAY') return Array.isArray(value);
    if (test === 'JSON OBJECT') return typeof value === 'object' && value !== null && !Array.isArray(value);
    return test !== 'JSON SCALAR' || typeof value !== 'object' || value === null;
  };
  const run = (text: string): boolean => {
    try {
      return fits(JSON.parse(text)) !== negated;
    } catch {
      return negated;
    }
  };
  return call(routine(`IS ${negated ? 'NOT ' : ''}${test}`, run), [operand], plain('BOOLEAN', operand.type.nullable));
};

type Part<Kind extends Expression['kind']> = Extract<Expression, { readonly kind: Kind }>;
type Binder = (part: Expression) => Bound;

const bindBetween = (test: Part<'between'>, bind: Binder): Bound => {
  const [operand, low, high] = [bind(test.operand), bind(test.low), bind(test.high)];
  const within = (from: Bound, to: Bound): Bound => {
    const above = bindBinary('>=', operand, from, test);
    return bindBinary('AND', above, bindBinary('<=', operand, to, test), test);
  };
  const inside = test.symmetric ? bindBinary('OR', within(low, high), within(high, low), test) : within(low, high);
  return test.negated ? bindUnary('NOT', inside, test) : inside;
};

const bindIn = (test: Part<'in'>, bind: Binder): Bound => {
  if ('kind' in test.of) {
    throw sqlError('SQL_NOT_SUPPORTED', test, {
      what: 'a subquery',
      reason: 'this expression is computed from one row alone',
    });
  }
  const operand = bind(test.operand);
  const equals = test.of.map((item) => bindBinary('=', operand, bind(item), item));
  const any = equals.reduce((left, right) => bindBinary('OR', left, right, test));
  return test.negated ? bindUnary('NOT', any, test) : any;
};

const bindLike = (test: Part<'like'>, bind: Binder): Bound => {
  if (test.operator === 'ILIKE' || test.operator === 'RLIKE') {
    const reason = test.operator === 'ILIKE' ? 'write LOWER(a) LIKE LOWER(b)' : 'write REGEXP(a, b)';
    throw sqlError('SQL_NOT_SUPPORTED', test, { what: test.operator, reason });
  }
  const args = [bind(test.operand), bind(test.pattern), ...(test.escape === null ? [] : [bind(test.escape)])];
  const site: CallSite = {
    name: test.operator,
    span: test,
    argumentSpans: [test.operand, test.pattern, ...(test.escape === null ? [] : [test.escape])],
  };
  const texts = convertArguments(args, ['text', 'text', 'text?'], `a ${test.operator} b ESCAPE c`, site);
  const matcher = test.operator === 'LIKE' ? likeMatcher : similarMatcher;
  const pattern = texts[1]!;
  const mark = texts[2];
  const negate = test.negated;
  const type = plain(
    'BOOLEAN',
    texts.some((text) => text.type.nullable),
  );
  // A constant pattern is made into a matcher once.
  if (
    pattern.kind === 'constant' &&
    typeof pattern.value === 'string' &&
    (mark === undefined || (mark.kind === 'constant' && mark.value !== null))
  ) {
    const matches = matcher(pattern.value, mark === undefined ? null : (mark.value as string));
    return call(
      routine(test.operator, (text: string) => matches(text) !== negate, {
        made: JSON.stringify([negate, pattern.value, mark?.kind === 'constant' ? mark.value : null]),
      }),
      [texts[0]!],
      type,
    );
  }
  const run = (text: string, by: string, escapeMark: string | null = null): boolean =>
    matcher(by, escapeMark)(text) !== negate;
  return call(routine(test.operator, run, { made: String(negate) }), texts, type);
};

const bindArray = (items: readonly Bound[], span: Span): Bound => {
  const element = unifiedType(items.map((item) => item.type));
  if (element === null || items.length === 0) {
    const reason = items.length === 0 ? 'ARRAY[] has no type: give it an item' : 'the items of an ARRAY have one type';
    throw sqlError('SQL_INVALID', span, { reason });
  }
  const converted = items.map((item) => castTo(item, element)!);
  return call(
    routine('ARRAY', (...values) => values, { lenient: true }),
    converted,
    { kind: 'ARRAY', element, nullable: false },
  );
};

const bindMap = (items: readonly Bound[], span: Span): Bound => {
  const keys = items.filter((_, index) => index % 2 === 0);
  const values = items.filter((_, index) => index % 2 === 1);
  const key = unifiedType(keys.map((item) => item.type));
  const value = unifiedType(values.map((item) => item.type));
  if (items.length === 0 || items.length % 2 === 1 || key === null || value === null) {
    throw sqlError('SQL_INVALID', span, { reason: 'MAP[...] takes keys of one type and values of one type, in turn' });
  }
  const converted = items.map((item, index) => castTo(item, index % 2 === 0 ? key : value)!);
  const run = (...entries: SqlValue[]): ReadonlyMap<SqlValue, SqlValue> => {
    const map = new Map<SqlValue, SqlValue>();
    for (let i = 0; i < entries.length; i += 2) map.set(entries[i]!, entries[i + 1]!);
    return map;
  };
  return call(routine('MAP', run, { lenient: true }), converted, { kind: 'MAP', key, value, nullable: false });
};

const bindItem = (operand: Bound, index: Bound, span: Span): Bound => {
  const { type } = operand;
  if (type.kind === 'ARRAY') {
    const at = castTo(index, plain('INT'));
    if (at === null || index.type.kind === 'VARCHAR' || index.type.kind === 'CHAR') {
      throw sqlError('SQL_TYPE_MISMATCH', span, {
        what: 'ARRAY[i]',
        found: shortText(index.type),
        expected: 'a whole number',
      });
    }
    const run = (array: readonly SqlValue[], i: number): SqlValue => array[i - 1] ?? null;
    return call(routine('[]', run), [operand, at], withNullable(type.element, true));
  }
  if (type.kind === 'MAP') {
    const key = castTo(index, type.key);
    if (key === null)
      throw sqlError('SQL_TYPE_MISMATCH', span, {
        what: 'MAP[k]',
        found: shortText(index.type),
        expected: shortText(type.key),
      });
    // Bytes and what holds values are equal by what is in them, and not by what they are.
    const run = isOne(type.key)
      ? (map: ReadonlyMap<SqlValue, SqlValue>, of: SqlValue): SqlValue => map.get(of) ?? null
      : (map: ReadonlyMap<SqlValue, SqlValue>, of: Exclude<SqlValue, null>): SqlValue =>
          [...map].find(([each]) => each !== null && compareValues(each, of) === 0)?.[1] ?? null;
    return call(routine('[]', run), [operand, key], withNullable(type.value, true));
  }
  throw sqlError('SQL_TYPE_MISMATCH', span, { what: '[]', found: shortText(type), expected: 'an ARRAY or a MAP' });
};

const isOne = ({ kind }: SqlType): boolean =>
  !['BINARY', 'VARBINARY', 'ARRAY', 'MULTISET', 'MAP', 'ROW'].includes(kind);

const bindField = (operand: Bound, name: string, span: Span): Bound => {
  const { type } = operand;
  if (type.kind !== 'ROW') {
    throw sqlError('SQL_TYPE_MISMATCH', span, { what: `.${name}`, found: shortText(type), expected: 'a ROW' });
  }
  const at = type.fields.findIndex((field) => field.name === name);
  if (at < 0) {
    const suggestion = nearestName(
      name,
      type.fields.map((field) => field.name),
    );
    throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'field', name, suggestion });
  }
  const field = type.fields[at]!;
  return call(
    routine(`.${name}`, (row: readonly SqlValue[]) => row[at] ?? null),
    [operand],
    withNullable(field.type, field.type.nullable || type.nullable),
  );
};

const bindCase = (expression: Part<'case'>, bind: Binder): Bound => {
  const operand = expression.operand === null ? null : bind(expression.operand);
  const branches = expression.branches.map(({ when, result }) => {
    const conditions = when.map((condition) => {
      const bound = bind(condition);
      return operand === null ? asTruth(bound, condition, 'WHEN') : bindBinary('=', operand, bound, condition);
    });
    return {
      when: conditions.reduce((left, right) => bindBinary('OR', left, right, expression)),
      result: bind(result),
    };
  });
  const otherwise = expression.otherwise === null ? constant(null, plain('NULL')) : bind(expression.otherwise);
  const type = unifiedType([...branches.map(({ result }) => result.type), otherwise.type]);
  if (type === null) {
    const found = [...branches.map(({ result }) => result.type), otherwise.type].map(shortText).join(', ');
    throw sqlError('SQL_TYPE_MISMATCH', expression, { what: 'CASE', found, expected: 'results of one type' });
  }
  return {
    kind: 'case',
    branches: branches.map(({ when, result }) => ({ when, result: castTo(result, type)! })),
    otherwise: castTo(otherwise, type)!,
    type,
  };
};

const bindCast = (operand: Bound, to: SqlType, lenient: boolean, span: Span): Bound => {
  if (operand.type.kind !== 'NULL' && castRoutine(operand.type, to) === null) {
    throw sqlError('SQL_INVALID', span, {
      reason: `there is no cast from ${shortText(operand.type)} to ${shortText(to)}`,
    });
  }
  const cast = castTo(operand, to)!;
  if (!lenient) return cast;
  return { kind: 'try', operand: cast, type: withNullable(cast.type, true) };
};

const bindArguments = (args: readonly Argument[], scope: Scope): readonly Bound[] =>
  args.map((argument) => {
    switch (argument.kind) {
      case 'named':
      case 'default':
      case 'table':
      case 'descriptor':
        throw sqlError('SQL_NOT_SUPPORTED', argument, {
          what: 'this argument',
          reason: 'only table functions take it',
        });
      default:
        return bindExpression(argument, scope);
    }
  });

const bindCall = (expression: Part<'call'>, scope: Scope): Bound => {
  const name = expression.path
    .map((part) => part.name)
    .join('.')
    .toUpperCase();
  const found = expression.definition ?? functionNamed(name);
  if (expression.over !== null) {
    throw sqlError('SQL_INVALID', expression, {
      reason: 'OVER stands in the columns of a query and in its ORDER BY: filter by it in a query around this one',
    });
  }
  if (found === null) {
    const suggestion = nearestName(name, functionNames());
    throw sqlError('SQL_UNKNOWN_NAME', expression.path[0]!, { what: 'function', name, suggestion });
  }
  if (expression.filter ?? expression.withinGroup ?? expression.quantifier) {
    throw sqlError('SQL_INVALID', expression, {
      reason: `${name} works on one row: it takes no DISTINCT, FILTER or WITHIN GROUP`,
    });
  }
  if (found.makesRows) {
    throw sqlError('SQL_INVALID', expression, {
      reason: `${name} makes rows: it stands in LATERAL TABLE(...) in FROM`,
    });
  }
  return bindFound(found, name, expression, scope);
};

const bindFound = (found: SqlFunction, name: string, expression: Part<'call'>, scope: Scope): Bound =>
  found.bind(bindArguments(expression.arguments, scope), {
    name,
    span: expression,
    argumentSpans: expression.arguments,
  });

/** A table function's call: an array of the rows that it makes of a row of `scope`. Throws SQL_ errors with the place. */
export const bindTableCall = (expression: Part<'call'>, scope: Scope): Bound => {
  const name = expression.path
    .map((part) => part.name)
    .join('.')
    .toUpperCase();
  const found = expression.definition;
  if (found?.makesRows) return bindFound(found, name, expression, scope);
  throw sqlError('SQL_INVALID', expression, { reason: `${name} makes no rows: call it in the columns of a query` });
};

const bindSpecial = (expression: SpecialCall, bind: Binder): Bound => {
  const named = (name: string, args: readonly Expression[]): Bound =>
    functionNamed(name)!.bind(args.map(bind), { name: name.replace(/^_/, ''), span: expression, argumentSpans: args });
  switch (expression.kind) {
    case 'extract':
      return extract(expression.unit, bind(expression.operand), expression);
    case 'round-time':
      return (expression.direction === 'FLOOR' ? floorTime : ceilTime)(
        expression.unit,
        bind(expression.operand),
        expression,
      );
    case 'timestamp-add':
      return timestampAdd(expression.unit, bind(expression.amount), bind(expression.operand), expression);
    case 'timestamp-diff':
      return timestampDiff(expression.unit, bind(expression.from), bind(expression.to), expression);
    case 'trim': {
      const name = { BOTH: 'TRIM', LEADING: 'LTRIM', TRAILING: 'RTRIM' }[expression.side];
      return named(
        name,
        expression.characters === null ? [expression.operand] : [expression.operand, expression.characters],
      );
    }
    case 'overlay': {
      const { operand, placing, from, length } = expression;
      return named('OVERLAY', length === null ? [operand, placing, from] : [operand, placing, from, length]);
    }
    case 'position':
      return named(
        'LOCATE',
        expression.from === null
          ? [expression.needle, expression.haystack]
          : [expression.needle, expression.haystack, expression.from],
      );
  }
};

const bindJson = (expression: JsonCall, bind: Binder): Bound => {
  switch (expression.kind) {
    case 'json-value':
      return jsonValue(expression, bind);
    case 'json-query':
      return jsonQuery(expression, bind);
    case 'json-exists':
      return jsonExists(expression, bind);
    case 'json-object':
      return jsonObject(expression, bind);
    case 'json-array':
      return jsonArray(expression, bind);
    case 'json-objectagg':
    case 'json-arrayagg':
      throw sqlError('SQL_INVALID', expression, {
        reason: 'an aggregate works on many rows, and this expression on one',
      });
  }
};
