/** A job file of RDI: one table's steps and what is written of it. */
import { isMillraceError } from '../../core/errors.ts';
import { parseFilter, parseProjection } from '../../operators/transform/transform-rule.ts';
import type { Draft } from './draft.ts';
import { jmespathColumns, jmespathSql, jmespathTemplate } from './jmespath.ts';
import { listIn, mapIn, type Plain } from './yaml-map.ts';

/** What a job says, as entries of the sink's mappings and of `transform`. */
export interface RdiJob {
  /** `database.table`; null: the default job. */
  readonly table: string | null;
  readonly columnsRenamed: readonly (readonly [from: string, to: string])[];
  readonly columnsExcluded: readonly string[];
  readonly projection: string | null;
  readonly filter: string | null;
  readonly key: string | null;
  readonly value: string | null;
  /** The column that holds how many seconds a row lives. */
  readonly expiry: string | null;
  readonly nest: RdiNest | null;
}

interface RdiNest {
  readonly parentTable: string;
  readonly parentKey: string;
  readonly childKey: string;
  readonly name: string;
}

/** `name`: of the file. */
export const rdiJob = (draft: Draft, name: string, job: Plain, table: string | null): RdiJob => {
  const left = (what: string, reason: string): void => draft.left(`${name}: ${what}`, reason);
  const steps = stepsOf(job, left);
  const outputs = listIn(job['output']).filter((output) => {
    if (output['uses'] === 'redis.write') return true;
    left(String(output['uses']), 'rows are written to Redis alone; another pipeline writes them elsewhere');
    return false;
  });
  for (const [at] of outputs.slice(1).entries()) {
    left(`output ${at + 2}`, 'a table is one thing in Redis; a pipeline of another name writes it once more');
  }
  const written = mapIn(outputs[0]?.['with']);
  const { value, nest } = redisValueOf(written, left);
  const projection = projectionOf(steps, written, left);
  const expire = written['expire'];
  const lives = typeof expire === 'number' && expire > 0;
  if (expire !== undefined && !lives) left('expire', '`sink.tableId-to-expiry.mapping` names the column that says it');
  if (lives) {
    draft.changed(`${name}: expire`, `rows get a column \`expire_seconds\`, which says how long they live: ${expire}`);
  }
  if (value !== null && /^(set|sorted-set)\(/.test(value)) {
    const words = 'key and member together must hold the primary key of the table, or rows would share members';
    draft.changed(`${name}: ${value}`, words);
  }
  if (written['on_update'] === 'merge' && nest === null && value !== 'hash') {
    left('on_update: merge', 'JSON is written as a whole; rows of other tables go into it by nest');
  }
  return {
    table,
    columnsRenamed: steps.renamed,
    columnsExcluded: steps.removed,
    projection: lives ? `${projection ?? '\\*'}, ${expire} AS expire_seconds` : projection,
    filter: steps.filter,
    key: nest === null ? keyOf(mapIn(written['key']), left) : null,
    value,
    expiry: lives ? 'expire_seconds' : null,
    nest,
  };
};

type Left = (what: string, reason: string) => void;

interface Steps {
  readonly renamed: (readonly [from: string, to: string])[];
  readonly removed: string[];
  /** Columns that are computed; null: none. */
  projection: string | null;
  filter: string | null;
}

const stepsOf = (job: Plain, left: Left): Steps => {
  const steps: Steps = { renamed: [], removed: [], projection: null, filter: null };
  const isUsed = (column: string): boolean =>
    new RegExp(`\\b${column.replaceAll(/\W/g, '\\$&')}\\b`).test(`${steps.projection} ${steps.filter}`);
  for (const step of listIn(job['transform'])) {
    const uses = String(step['uses']);
    const settings = mapIn(step['with']);
    const fields = settings['fields'] === undefined ? [settings] : listIn(settings['fields']);
    switch (uses) {
      case 'add_field':
        for (const { field, expression, language } of fields) {
          const column = withoutRow(field);
          const sql = expressionSql(expression, language);
          const item = `${sql} AS ${column}`;
          if (sql === null || !isProjection(item)) left(`add_field ${column}`, notSql);
          else steps.projection = `${steps.projection ?? '\\*'}, ${item}`;
        }
        break;
      case 'map': {
        const items = mappedItems(settings['expression'], settings['language']);
        if (items === null || !isProjection(items)) left('map', notSql);
        else steps.projection = items;
        break;
      }
      case 'filter': {
        const sql = expressionSql(settings['expression'], settings['language']);
        if (sql === null || !isFilter(sql)) left('filter', notSql);
        else steps.filter = steps.filter === null ? sql : `(${steps.filter}) AND (${sql})`;
        break;
      }
      case 'remove_field':
        for (const field of fields.map((each) => withoutRow(each['field']))) {
          if (isUsed(field))
            left(`remove_field ${field}`, 'a step before uses it: name the columns that stay in `projection`');
          else steps.removed.push(field);
        }
        break;
      case 'rename_field':
        for (const { from_field: from, to_field: to } of fields) {
          const [old, now] = [withoutRow(from), withoutRow(to)];
          if (isUsed(old)) left(`rename_field ${old}`, 'a step before uses it: rename it in `projection` by AS');
          else steps.renamed.push([old, now]);
        }
        break;
      case 'redis.lookup':
        left(uses, 'rows of another table come into a row by `sink.tableId-to-nest.mapping`, or by a join in `sql`');
        break;
      default:
        left(uses, 'there is no such step');
    }
  }
  return steps;
};

const notSql = 'the expression has no counterpart that `convert` knows: write it as SQL in `transform`';

/** What RDI calls SQL is SQLite's, of which most expressions are the same here. */
const expressionSql = (expression: unknown, language: unknown): string | null => {
  if (typeof expression !== 'string') return null;
  return language === 'sql' ? expression.trim() : jmespathSql(expression);
};

const mappedItems = (expression: unknown, language: unknown): string | null => {
  const columns =
    typeof expression === 'string'
      ? language === 'sql'
        ? null
        : jmespathColumns(expression)
      : Object.entries(mapIn(expression)).map(([name, text]) => [name, expressionSql(text, language)] as const);
  if (columns === null || columns.length === 0 || columns.some(([, sql]) => sql === null)) return null;
  return columns.map(([name, sql]) => (sql === name ? name : `${sql} AS ${name}`)).join(', ');
};

/** `mapping: [a, {b: c}]` says which columns are written, and as what. */
const projectionOf = ({ projection }: Steps, written: Plain, left: Left): string | null => {
  const mapping = written['mapping'];
  if (!Array.isArray(mapping)) return projection;
  const items = mapping.flatMap((item) =>
    typeof item === 'string'
      ? [item]
      : Object.entries(mapIn(item)).map(([from, to]) => (from === to ? from : `${from} AS ${to}`)),
  );
  if (projection !== null || !isProjection(items.join(', '))) {
    left('mapping', 'name the columns in `projection`, with what the steps before compute');
    return projection;
  }
  return items.join(', ');
};

const redisValueOf = (written: Plain, left: Left): { readonly value: string | null; readonly nest: RdiNest | null } => {
  const nest = mapIn(written['nest']);
  if (Object.keys(nest).length > 0) return { value: null, nest: nestOf(nest, left) };
  const args = mapIn(written['args']);
  const [member, score, text] = [args['member'], args['score'], args['value']];
  switch (written['data_type']) {
    case undefined:
      return { value: null, nest: null };
    case 'hash':
    case 'stream':
      return { value: String(written['data_type']), nest: null };
    case 'json':
      return { value: 'redis-json', nest: null };
    case 'set':
      return { value: `set(${member})`, nest: null };
    case 'sorted_set':
      return { value: `sorted-set(${member},${score})`, nest: null };
    case 'string':
      return { value: `string(${text})`, nest: null };
    default:
      left('data_type', `${written['data_type']} is nothing that a row can be`);
      return { value: null, nest: null };
  }
};

const nestOf = (nest: Plain, left: Left): RdiNest | null => {
  const parent = mapIn(nest['parent']);
  const [, name] = /^\$\.([\w$-]+)$/.exec(String(nest['path'])) ?? [];
  const parentKey = nest['parent_key'];
  if (name === undefined || typeof parentKey !== 'string' || typeof parent['table'] !== 'string') {
    left('nest', 'rows stand under a name at the top of the row that holds them: `path: $.name`');
    return null;
  }
  return { parentTable: parent['table'], parentKey, childKey: String(nest['child_key'] ?? parentKey), name };
};

const keyOf = (key: Plain, left: Left): string | null => {
  const { expression, language } = key;
  if (typeof expression !== 'string') return null;
  const template = language === 'sql' ? sqlTemplate(expression) : jmespathTemplate(expression);
  if (template !== null && !/[;=]/.test(template)) return template;
  left('key', 'a key is made of texts and columns, `order:%{id}`, in `key` or `sink.tableId-to-key.mapping`');
  return null;
};

/** `'order:' || id` */
const sqlTemplate = (text: string): string | null => {
  const parts = text.split('||').map((part) => {
    const [, literal, column] = /^\s*(?:'([^']*)'|([A-Za-z_]\w*))\s*$/.exec(part) ?? [];
    return literal === undefined ? column && `%{${column}}` : literal.replaceAll('%{', '%%{');
  });
  return parts.includes(undefined) ? null : parts.join('');
};

/** `after.name` where the job sees the whole event. */
const withoutRow = (field: unknown): string => String(field).replace(/^after\./, '');

const isProjection = (text: string): boolean => reads(() => parseProjection(text));
const isFilter = (text: string): boolean => reads(() => parseFilter(text));

const reads = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch (error) {
    if (isMillraceError(error)) return false;
    throw error;
  }
};
