import type { Expression } from '../ast/expression.ts';
import type { Alias, GroupItem, Hint, Query, QueryBody, Sample, Select, TableReference } from '../ast/query.ts';
import { callText, expressionText, orderText, windowText } from './expression.ts';
import { dottedText, listText, nameText, stringText } from './names.ts';

export const queryText = (query: Query): string => {
  const parts: string[] = [];
  if (query.with.length > 0) {
    const tables = listText(query.with, (table) => {
      const columns = table.columns.length === 0 ? '' : ` (${listText(table.columns, nameText)})`;
      return `${nameText(table.name)}${columns} AS (${queryText(table.query)})`;
    });
    parts.push(`WITH ${tables}`);
  }
  parts.push(bodyText(query.body));
  if (query.orderBy.length > 0) parts.push(`ORDER BY ${orderText(query.orderBy, text)}`);
  if (query.offset !== null) parts.push(`OFFSET ${text(query.offset)} ROWS`);
  if (query.limit !== null) {
    parts.push(query.offset === null ? `LIMIT ${text(query.limit)}` : `FETCH NEXT ${text(query.limit)} ROWS ONLY`);
  }
  return parts.join(' ');
};

const text = (expression: Expression): string => expressionText(expression, queryText);

const bodyText = (body: QueryBody): string => {
  switch (body.kind) {
    case 'query':
      return `(${queryText(body)})`;
    case 'select':
      return selectText(body);
    case 'values':
      return `VALUES ${listText(body.rows, text)}`;
    case 'explicit-table':
      return `TABLE ${dottedText(body.path)}`;
    case 'set-operation':
      // Operations side by side read from the left, INTERSECT first: what was in parentheses is a query of its own in the tree.
      return `${bodyText(body.left)} ${body.operator}${body.all ? ' ALL' : ''} ${bodyText(body.right)}`;
  }
};

const selectText = (select: Select): string => {
  const parts = ['SELECT'];
  if (select.hints.length > 0) parts.push(hintsText(select.hints));
  if (select.distinct) parts.push('DISTINCT');
  parts.push(
    listText(select.items, ({ expression, alias }) =>
      alias === null ? text(expression) : `${text(expression)} AS ${nameText(alias)}`,
    ),
  );
  if (select.from !== null) parts.push(`FROM ${tableText(select.from)}`);
  if (select.where !== null) parts.push(`WHERE ${text(select.where)}`);
  if (select.groupBy !== null) {
    const { distinct, items } = select.groupBy;
    parts.push(`GROUP BY ${distinct ? 'DISTINCT ' : ''}${listText(items, groupText)}`);
  }
  if (select.having !== null) parts.push(`HAVING ${text(select.having)}`);
  if (select.windows.length > 0) {
    parts.push(
      `WINDOW ${listText(select.windows, ({ name, window }) => `${nameText(name)} AS ${windowText(window, text)}`)}`,
    );
  }
  return parts.join(' ');
};

const groupText = (item: GroupItem): string => {
  switch (item.kind) {
    case 'group-expression':
      return text(item.expression);
    case 'group-set':
      return `(${listText(item.expressions, text)})`;
    case 'rollup':
      return `ROLLUP(${listText(item.items, groupText)})`;
    case 'cube':
      return `CUBE(${listText(item.items, groupText)})`;
    case 'grouping-sets':
      return `GROUPING SETS (${listText(item.items, groupText)})`;
  }
};

export const hintsText = (hints: readonly Hint[]): string =>
  `/*+ ${listText(hints, ({ name, options }) => {
    // A hint's name may be any word, so it is never quoted.
    const list = listText(options, ({ key, value }) =>
      key === null ? text(value) : `${stringText(key)} = ${text(value)}`,
    );
    return options.length === 0 ? name.name : `${name.name}(${list})`;
  })} */`;

const aliasText = (alias: Alias | null): string => {
  if (alias === null) return '';
  return ` AS ${nameText(alias.name)}${alias.columns.length === 0 ? '' : ` (${listText(alias.columns, nameText)})`}`;
};

const sampleText = (sample: Sample | null): string => {
  if (sample === null) return '';
  const repeatable = sample.repeatable === null ? '' : ` REPEATABLE (${sample.repeatable})`;
  return ` TABLESAMPLE ${sample.method} (${sample.percent})${repeatable}`;
};

const tableText = (table: TableReference): string => {
  switch (table.kind) {
    case 'table-name': {
      const hints = table.hints.length === 0 ? '' : ` ${hintsText(table.hints)}`;
      const asOf = table.asOf === null ? '' : ` FOR SYSTEM_TIME AS OF ${text(table.asOf)}`;
      return `${dottedText(table.path)}${hints}${asOf}${sampleText(table.sample)}${aliasText(table.alias)}`;
    }
    case 'derived-table':
      return `${table.lateral ? 'LATERAL ' : ''}(${queryText(table.query)})${sampleText(table.sample)}${aliasText(table.alias)}`;
    case 'table-function': {
      const call = callText(table.call, queryText);
      return `${table.lateral ? 'LATERAL ' : ''}TABLE(${call})${aliasText(table.alias)}`;
    }
    case 'unnest':
      return `${table.lateral ? 'LATERAL ' : ''}UNNEST(${listText(table.operands, text)})${table.ordinality ? ' WITH ORDINALITY' : ''}${aliasText(table.alias)}`;
    case 'nested-join':
      return `(${tableText(table.of)})`;
    case 'join': {
      const { type, natural, left, right, condition } = table;
      if (type === 'COMMA') return `${tableText(left)}, ${tableText(right)}`;
      const words = `${natural ? 'NATURAL ' : ''}${type} JOIN`;
      const on =
        condition === null
          ? ''
          : condition.kind === 'on'
            ? ` ON ${text(condition.condition)}`
            : ` USING (${listText(condition.columns, nameText)})`;
      return `${tableText(left)} ${words} ${tableText(right)}${on}`;
    }
  }
};
