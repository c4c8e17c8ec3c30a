import type { Argument, Call, Expression, JsonBehavior } from '../ast/expression.ts';
import type { OrderItem, Query, WindowSpecification } from '../ast/query.ts';
import { dottedText, listText, nameText, stringText } from './names.ts';
import { intervalUnitsText, typeNameText } from './type-name.ts';

/** How a query inside an expression is written; it lies in a file of its own. */
export type QueryText = (query: Query) => string;

/** An expression as text that reads back as the same tree, with parentheses wherever an operand is not a plain one. */
export const expressionText = (expression: Expression, queryText: QueryText): string => {
  const text = (part: Expression): string => expressionText(part, queryText);
  const operand = (part: Expression): string => (isPlain(part) ? text(part) : `(${text(part)})`);
  const negation = (negated: boolean): string => (negated ? 'NOT ' : '');
  const inParentheses = (query: Query): string => `(${queryText(query)})`;
  const queryOrList = (of: readonly Expression[] | Query): string =>
    'kind' in of ? inParentheses(of) : `(${listText(of, text)})`;

  switch (expression.kind) {
    case 'number':
    case 'double':
      return expression.text;
    case 'string':
      return stringText(expression.value);
    case 'bytes':
      return `X'${expression.hex}'`;
    case 'boolean':
      return expression.value === null ? 'UNKNOWN' : expression.value ? 'TRUE' : 'FALSE';
    case 'null':
      return 'NULL';
    case 'temporal':
      return `${expression.type} ${stringText(expression.text)}`;
    case 'interval':
      return `INTERVAL ${expression.negative ? '-' : ''}${stringText(expression.text)} ${intervalUnitsText(expression.units)}`;
    case 'name':
      return dottedText(expression.path);
    case 'star':
      return [...expression.path.map(nameText), '*'].join('.');
    case 'parameter':
      return '?';
    case 'unary':
      // A sign before a sign would begin a comment.
      return `${expression.operator} ${operand(expression.operand)}`;
    case 'binary':
      return `${operand(expression.left)} ${expression.operator} ${operand(expression.right)}`;
    case 'is':
      return `${operand(expression.operand)} IS ${negation(expression.negated)}${expression.test}`;
    case 'between':
      return `${operand(expression.operand)} ${negation(expression.negated)}BETWEEN ${expression.symmetric ? 'SYMMETRIC ' : ''}${operand(expression.low)} AND ${operand(expression.high)}`;
    case 'in':
      return `${operand(expression.operand)} ${negation(expression.negated)}IN ${queryOrList(expression.of)}`;
    case 'like':
      return `${operand(expression.operand)} ${negation(expression.negated)}${expression.operator} ${operand(expression.pattern)}${expression.escape === null ? '' : ` ESCAPE ${operand(expression.escape)}`}`;
    case 'subquery':
      return inParentheses(expression.query);
    case 'exists':
      return `EXISTS ${inParentheses(expression.query)}`;
    case 'unique':
      return `UNIQUE ${inParentheses(expression.query)}`;
    case 'quantified':
      return `${operand(expression.operand)} ${expression.operator} ${expression.quantifier} ${queryOrList(expression.of)}`;
    case 'collected':
      return `${expression.into}${inParentheses(expression.query)}`;
    case 'array':
      return `ARRAY[${listText(expression.items, text)}]`;
    case 'multiset':
      return `MULTISET[${listText(expression.items, text)}]`;
    case 'map':
      return `MAP[${listText(expression.items, text)}]`;
    case 'row':
      return `${expression.explicit ? 'ROW' : ''}(${listText(expression.items, text)})`;
    case 'item':
      return `${operand(expression.operand)}[${text(expression.index)}]`;
    case 'field': {
      // Without parentheses a name before the point would take the field into itself; a subquery has its own.
      const of = text(expression.operand);
      return `${expression.operand.kind === 'subquery' ? of : `(${of})`}.${nameText(expression.field)}`;
    }
    case 'case':
      return [
        'CASE',
        ...(expression.operand === null ? [] : [operand(expression.operand)]),
        ...expression.branches.map(({ when, result }) => `WHEN ${listText(when, text)} THEN ${text(result)}`),
        ...(expression.otherwise === null ? [] : [`ELSE ${text(expression.otherwise)}`]),
        'END',
      ].join(' ');
    case 'cast':
      return `${expression.lenient ? 'TRY_CAST' : 'CAST'}(${text(expression.operand)} AS ${typeNameText(expression.type)})`;
    case 'call':
      return callText(expression, queryText);
    case 'extract':
      return `EXTRACT(${expression.unit} FROM ${text(expression.operand)})`;
    case 'round-time':
      return `${expression.direction}(${text(expression.operand)} TO ${expression.unit})`;
    case 'trim':
      return `TRIM(${expression.side} ${expression.characters === null ? '' : `${text(expression.characters)} `}FROM ${text(expression.operand)})`;
    case 'overlay':
      return `OVERLAY(${text(expression.operand)} PLACING ${text(expression.placing)} FROM ${text(expression.from)}${expression.length === null ? '' : ` FOR ${text(expression.length)}`})`;
    case 'position':
      return `POSITION(${operand(expression.needle)} IN ${text(expression.haystack)}${expression.from === null ? '' : ` FROM ${text(expression.from)}`})`;
    case 'timestamp-add':
      return `TIMESTAMPADD(${expression.unit}, ${text(expression.amount)}, ${text(expression.operand)})`;
    case 'timestamp-diff':
      return `TIMESTAMPDIFF(${expression.unit}, ${text(expression.from)}, ${text(expression.to)})`;
    case 'json-value':
      return `JSON_VALUE(${text(expression.operand)}, ${text(expression.path)}${expression.returning === null ? '' : ` RETURNING ${typeNameText(expression.returning)}`}${behaviors(expression, text)})`;
    case 'json-query':
      return `JSON_QUERY(${text(expression.operand)}, ${text(expression.path)}${expression.wrapper === null ? '' : ` ${expression.wrapper} ARRAY WRAPPER`}${behaviors(expression, text)})`;
    case 'json-exists':
      return `JSON_EXISTS(${text(expression.operand)}, ${text(expression.path)}${behaviors({ ...expression, onEmpty: null }, text)})`;
    case 'json-object':
    case 'json-objectagg': {
      const entries = listText(expression.entries, ({ key, value }) => `KEY ${text(key)} VALUE ${text(value)}`);
      const name = expression.kind === 'json-object' ? 'JSON_OBJECT' : 'JSON_OBJECTAGG';
      return `${name}(${entries}${onNull(expression.onNull)})`;
    }
    case 'json-array':
    case 'json-arrayagg': {
      const name = expression.kind === 'json-array' ? 'JSON_ARRAY' : 'JSON_ARRAYAGG';
      return `${name}(${listText(expression.items, text)}${onNull(expression.onNull)})`;
    }
  }
};

/** What stands as an operand without parentheses. */
const isPlain = (expression: Expression): boolean => {
  switch (expression.kind) {
    case 'unary':
    case 'binary':
    case 'is':
    case 'between':
    case 'in':
    case 'like':
    case 'quantified':
      return false;
    default:
      return true;
  }
};

const behaviors = (
  { onEmpty, onError }: { readonly onEmpty: JsonBehavior | null; readonly onError: JsonBehavior | null },
  text: (part: Expression) => string,
): string => {
  const behavior = (what: JsonBehavior | null, when: string): string => {
    if (what === null) return '';
    return ` ${what.kind === 'DEFAULT' ? `DEFAULT ${text(what.value)}` : what.kind} ON ${when}`;
  };
  return behavior(onEmpty, 'EMPTY') + behavior(onError, 'ERROR');
};

const onNull = (word: 'NULL' | 'ABSENT' | null): string => (word === null ? '' : ` ${word} ON NULL`);

export const callText = (call: Call, queryText: QueryText): string => {
  const text = (part: Expression): string => expressionText(part, queryText);
  // Functions that are reserved words are written as such: in backquotes they would be somebody else's.
  const [only] = call.path;
  const name = call.path.length === 1 && /^[A-Za-z_]\w*$/.test(only!.name) ? only!.name : dottedText(call.path);
  if (call.bare) return name;
  const args = listText(call.arguments, (argument) => argumentText(argument, queryText));
  const order = call.orderBy.length === 0 ? '' : ` ORDER BY ${orderText(call.orderBy, text)}`;
  const quantifier = call.quantifier === null ? '' : `${call.quantifier} `;
  const parts = [`${name}(${quantifier}${args}${order})`];
  if (call.nulls !== null) parts.push(`${call.nulls} NULLS`);
  if (call.withinGroup !== null) parts.push(`WITHIN GROUP (ORDER BY ${orderText(call.withinGroup, text)})`);
  if (call.filter !== null) parts.push(`FILTER (WHERE ${text(call.filter)})`);
  if (call.over !== null)
    parts.push(`OVER ${call.over.kind === 'identifier' ? nameText(call.over) : windowText(call.over, text)}`);
  return parts.join(' ');
};

const argumentText = (argument: Argument, queryText: QueryText): string => {
  const text = (part: Expression): string => expressionText(part, queryText);
  switch (argument.kind) {
    case 'named':
      return `${nameText(argument.name)} => ${argumentText(argument.value, queryText)}`;
    case 'default':
      return 'DEFAULT';
    case 'descriptor':
      return `DESCRIPTOR(${listText(argument.columns, nameText)})`;
    case 'table': {
      const { table, partitionBy, orderBy } = argument;
      const cut = partitionBy.length === 0 ? '' : ` PARTITION BY (${listText(partitionBy, text)})`;
      const order = orderBy.length === 0 ? '' : ` ORDER BY (${orderText(orderBy, text)})`;
      const subject =
        'kind' in table
          ? cut + order === ''
            ? queryText(table)
            : `(${queryText(table)})`
          : `TABLE ${dottedText(table)}`;
      return `${subject}${cut}${order}`;
    }
    default:
      return text(argument);
  }
};

export const orderText = (items: readonly OrderItem[], text: (part: Expression) => string): string =>
  listText(
    items,
    ({ expression, direction, nulls }) =>
      `${text(expression)}${direction === null ? '' : ` ${direction}`}${nulls === null ? '' : ` NULLS ${nulls}`}`,
  );

export const windowText = (window: WindowSpecification, text: (part: Expression) => string): string => {
  const parts: string[] = [];
  if (window.parent !== null) parts.push(nameText(window.parent));
  if (window.partitionBy.length > 0) parts.push(`PARTITION BY ${listText(window.partitionBy, text)}`);
  if (window.orderBy.length > 0) parts.push(`ORDER BY ${orderText(window.orderBy, text)}`);
  if (window.frame !== null) {
    const bound = (of: NonNullable<typeof window.frame>['from']): string => {
      if (of.kind === 'current-row') return 'CURRENT ROW';
      return `${of.offset === null ? 'UNBOUNDED' : text(of.offset)} ${of.side}`;
    };
    const { unit, from, to } = window.frame;
    parts.push(to === null ? `${unit} ${bound(from)}` : `${unit} BETWEEN ${bound(from)} AND ${bound(to)}`);
  }
  if (window.allowPartial !== null) parts.push(`${window.allowPartial ? 'ALLOW' : 'DISALLOW'} PARTIAL`);
  return `(${parts.join(' ')})`;
};
