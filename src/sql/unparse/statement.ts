import type { Expression } from '../ast/expression.ts';
import type {
  ColumnDefinition,
  CreateTable,
  Insert,
  KeyConstraint,
  Option,
  Show,
  Statement,
} from '../ast/statement.ts';
import { expressionText } from './expression.ts';
import { dottedText, listText, nameText, stringText } from './names.ts';
import { hintsText, queryText } from './query.ts';
import { typeNameText } from './type-name.ts';

/** A statement as text that reads back as the same tree; what it says, not how it was laid out. */
export const statementText = (statement: Statement): string => {
  switch (statement.kind) {
    case 'select':
      return queryText(statement.query);
    case 'create-table':
      return createTableText(statement);
    case 'create-view': {
      const columns = statement.columns.length === 0 ? '' : ` (${listText(statement.columns, nameText)})`;
      return `CREATE ${temporary(statement.temporary)}VIEW ${ifNotExists(statement.ifNotExists)}${dottedText(statement.path)}${columns}${comment(statement.comment)} AS ${queryText(statement.query)}`;
    }
    case 'create-function': {
      const language = statement.language === null ? '' : ` LANGUAGE ${statement.language}`;
      const jars =
        statement.jars.length === 0 ? '' : ` USING ${listText(statement.jars, (jar) => `JAR ${stringText(jar)}`)}`;
      return `CREATE ${scope(statement.scope)}FUNCTION ${ifNotExists(statement.ifNotExists)}${dottedText(statement.path)} AS ${stringText(statement.implementation)}${language}${jars}`;
    }
    case 'create-catalog':
      return `CREATE CATALOG ${ifNotExists(statement.ifNotExists)}${nameText(statement.name)}${comment(statement.comment)}${options(statement.options)}`;
    case 'create-database':
      return `CREATE DATABASE ${ifNotExists(statement.ifNotExists)}${dottedText(statement.path)}${comment(statement.comment)}${options(statement.options)}`;
    case 'drop':
      return `DROP ${scope(statement.scope)}${statement.what} ${statement.ifExists ? 'IF EXISTS ' : ''}${dottedText(statement.path)}${statement.behavior === null ? '' : ` ${statement.behavior}`}`;
    case 'insert':
      return insertText(statement);
    case 'statement-set':
      return `EXECUTE STATEMENT SET BEGIN ${statement.inserts.map((insert) => `${insertText(insert)}; `).join('')}END`;
    case 'explain': {
      const details = statement.details.length === 0 ? '' : `${statement.details.join(', ')} `;
      return `EXPLAIN ${details}${statementText(statement.statement).replace(/^EXECUTE (?=STATEMENT SET)/, '')}`;
    }
    case 'describe': {
      const what = statement.what === 'TABLE' ? '' : `${statement.what} `;
      return `DESCRIBE ${what}${statement.extended ? 'EXTENDED ' : ''}${dottedText(statement.path)}`;
    }
    case 'show':
      return showText(statement);
    case 'set':
      return statement.key === null ? 'SET' : `SET ${stringText(statement.key)} = ${stringText(statement.value!)}`;
    case 'reset':
      return statement.key === null ? 'RESET' : `RESET ${stringText(statement.key)}`;
    case 'use':
      return `USE ${statement.what === 'CATALOG' ? 'CATALOG ' : ''}${dottedText(statement.path)}`;
  }
};

const text = (expression: Expression): string => expressionText(expression, queryText);
const temporary = (is: boolean): string => (is ? 'TEMPORARY ' : '');
const scope = (words: string | null): string => (words === null ? '' : `${words} `);
const ifNotExists = (is: boolean): string => (is ? 'IF NOT EXISTS ' : '');
const comment = (words: string | null): string => (words === null ? '' : ` COMMENT ${stringText(words)}`);
const options = (list: readonly Option[]): string =>
  list.length === 0 ? '' : ` WITH (${listText(list, ({ key, value }) => `${stringText(key)} = ${stringText(value)}`)})`;

const createTableText = (table: CreateTable): string => {
  const items = [
    ...table.columns.map(columnText),
    ...(table.watermark === null
      ? []
      : [`WATERMARK FOR ${dottedText(table.watermark.column)} AS ${text(table.watermark.expression)}`]),
    ...table.constraints.map(constraintText),
  ];
  const parts = [
    `CREATE ${temporary(table.temporary)}TABLE ${ifNotExists(table.ifNotExists)}${dottedText(table.path)}`,
  ];
  if (items.length > 0) parts.push(`(${items.join(', ')})`);
  if (table.comment !== null) parts.push(`COMMENT ${stringText(table.comment)}`);
  if (table.distribution !== null) {
    const { by, columns, buckets } = table.distribution;
    const how = columns.length === 0 ? '' : ` BY ${by === null ? '' : by}(${listText(columns, nameText)})`;
    parts.push(`DISTRIBUTED${how}${buckets === null ? '' : ` INTO ${buckets} BUCKETS`}`);
  }
  if (table.partitionedBy.length > 0) parts.push(`PARTITIONED BY (${listText(table.partitionedBy, nameText)})`);
  if (table.options.length > 0) parts.push(options(table.options).trimStart());
  if (table.like !== null) {
    const rules = table.like.options.map(({ mode, what }) => `${mode} ${what}`).join(' ');
    parts.push(`LIKE ${dottedText(table.like.path)}${rules === '' ? '' : ` (${rules})`}`);
  }
  if (table.as !== null) parts.push(`AS ${queryText(table.as)}`);
  return parts.join(' ');
};

const columnText = (column: ColumnDefinition): string => {
  const name = nameText(column.name);
  switch (column.kind) {
    case 'physical':
      return `${name} ${typeNameText(column.type)}${column.key === null ? '' : ` ${constraintText(column.key)}`}${comment(column.comment)}`;
    case 'computed':
      return `${name} AS ${text(column.expression)}${comment(column.comment)}`;
    case 'metadata': {
      const from = column.from === null ? '' : ` FROM ${stringText(column.from)}`;
      return `${name} ${typeNameText(column.type)} METADATA${from}${column.virtual ? ' VIRTUAL' : ''}${comment(column.comment)}`;
    }
  }
};

const constraintText = ({ kind, name, columns, enforced }: KeyConstraint): string =>
  [
    ...(name === null ? [] : [`CONSTRAINT ${nameText(name)}`]),
    kind,
    ...(columns.length === 0 ? [] : [`(${listText(columns, nameText)})`]),
    ...(enforced === null ? [] : [enforced ? 'ENFORCED' : 'NOT ENFORCED']),
  ].join(' ');

const insertText = (insert: Insert): string => {
  const parts = [`INSERT ${insert.overwrite ? 'OVERWRITE' : 'INTO'} ${dottedText(insert.path)}`];
  if (insert.hints.length > 0) parts.push(hintsText(insert.hints));
  if (insert.partition.length > 0) {
    const list = listText(insert.partition, ({ column, value }) =>
      value === null ? nameText(column) : `${nameText(column)} = ${text(value)}`,
    );
    parts.push(`PARTITION (${list})`);
  }
  if (insert.columns.length > 0) parts.push(`(${listText(insert.columns, dottedText)})`);
  parts.push(queryText(insert.query));
  return parts.join(' ');
};

const showText = ({ what, path, like }: Show): string => {
  const takesName = what.startsWith('CREATE') || what === 'PARTITIONS';
  const of = path.length === 0 ? '' : ` ${takesName ? '' : 'FROM '}${dottedText(path)}`;
  const pattern =
    like === null
      ? ''
      : ` ${like.negated ? 'NOT ' : ''}${like.caseless ? 'ILIKE' : 'LIKE'} ${stringText(like.pattern)}`;
  return `SHOW ${what}${of}${pattern}`;
};
