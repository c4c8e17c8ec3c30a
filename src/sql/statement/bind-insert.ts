import { nearestName } from '../../core/nearest-name.ts';
import type { Query } from '../ast/query.ts';
import type { Insert } from '../ast/statement.ts';
import { castTo } from '../bind/cast-to.ts';
import type { DeclaredTable, StoredColumn } from '../catalog/declared-table.ts';
import type { SessionCatalog } from '../catalog/session-catalog.ts';
import type { TableBinding } from '../catalog/table-binding.ts';
import { type Bound, constant } from '../evaluate/bound.ts';
import { bindQuery } from '../plan/bind-query.ts';
import { changelogOf } from '../plan/changelog.ts';
import type { Plan } from '../plan/plan.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isText, shortText, withNullable } from '../types/sql-type.ts';
import { castsImplicitly } from './implicit-cast.ts';

/** An INSERT INTO whose query fits its table. */
export interface BoundInsert<Binding extends TableBinding = TableBinding> {
  readonly target: DeclaredTable<Binding>;
  /** The query, its columns those that the table stores, in their order. */
  readonly plan: Plan;
  /** Rows are only added, so that none has to be found again. */
  readonly appends: boolean;
  /** By which of its columns a row of the result replaces an earlier one: the table's key, or else the query's; empty: by none. */
  readonly key: readonly number[];
}

/**
 * Settles an INSERT INTO against the table it writes. Throws SQL_ errors with the place: SQL_TYPE_MISMATCH for a column that a
 * CAST is needed for, SQL_KEY_MISSING and SQL_KEY_MISMATCH where rows that change could not be found again.
 */
export const bindInsert = <Binding extends TableBinding>(
  insert: Insert,
  catalog: SessionCatalog<Binding>,
): BoundInsert<Binding> => {
  refuseParts(insert);
  const target = catalog.target(insert.path);
  const place: Span = { start: insert.path[0]!.start, end: insert.path.at(-1)!.end };
  const { writes, connector } = target.binding;
  if (writes === null)
    throw sqlError('SQL_INVALID', place, { reason: `'${connector}' is read only, so nothing can be inserted` });
  const query = bindQuery(insert.query, catalog);
  const { order, limit, offset } = query.kind === 'top' ? query : { order: [], limit: null, offset: 0 };
  if (order.length > 0 && limit === null && offset === 0) {
    throw sqlError('SQL_INVALID', insert.query.orderBy[0] ?? insert.query, {
      reason: 'rows in a table have no order; leave ORDER BY out, or add LIMIT',
    });
  }
  const columns = target.stored.filter(({ virtual }) => !virtual);
  const written = columns.find(({ metadata }) => metadata !== null);
  if (written !== undefined) {
    throw sqlError('SQL_NOT_SUPPORTED', place, {
      what: `writing the metadata '${written.metadata}'`,
      reason: `declare ${written.name} as METADATA VIRTUAL`,
    });
  }
  const sources = sourcesOf(insert, columns, query, target);
  const changelog = changelogOf(query);
  const appends = changelog.kinds.every((kind) => kind === 'I');
  const key = target.primaryKey.map((stored) => columns.indexOf(target.stored[stored]!));
  if (!appends) checkKey(insert, target, place);
  const upsertKeys = changelog.upsertKeys
    .map((each) => each.map((column) => sources.indexOf(column)))
    .filter((each) => !each.includes(-1));
  if (!appends && key.length > 0 && !upsertKeys.some((each) => each.every((column) => key.includes(column)))) {
    const names = (places: readonly number[]): string => places.map((column) => columns[column]!.name).join(', ');
    throw sqlError('SQL_KEY_MISMATCH', place, {
      table: insert.path.at(-1)!.name,
      key: names(key),
      found:
        upsertKeys.length === 0
          ? 'no columns tell the rows of the query apart'
          : `the rows of the query are told apart by ${upsertKeys.map((each) => `(${names(each)})`).join(' or ')}`,
    });
  }
  return {
    target,
    plan: fitted(insert.query, query, columns, sources),
    appends,
    key: key.length > 0 ? key : (upsertKeys[0] ?? []),
  };
};

const refuseParts = (insert: Insert): void => {
  if (insert.overwrite)
    throw sqlError('SQL_NOT_SUPPORTED', insert, {
      what: 'INSERT OVERWRITE',
      reason: 'INSERT INTO a table with a key replaces its rows',
    });
  const [partition] = insert.partition;
  if (partition !== undefined)
    throw sqlError('SQL_NOT_SUPPORTED', partition.column, {
      what: 'PARTITION',
      reason: 'no connector writes partitions',
    });
  const [hint] = insert.hints;
  if (hint !== undefined)
    throw sqlError('SQL_NOT_SUPPORTED', hint, {
      what: 'a hint',
      reason: 'give the table the option with CREATE TABLE',
    });
};

/** For each column of the table the place of the query's column that it gets; null: NULL. */
const sourcesOf = (
  insert: Insert,
  columns: readonly StoredColumn[],
  query: Plan,
  target: DeclaredTable,
): readonly (number | null)[] => {
  const named = insert.columns.map((path) => {
    const name = path.map((part) => part.name).join('.');
    const place = columns.findIndex((column) => column.name === name);
    if (place >= 0) return { place, part: path[0]! };
    const names = columns.map((column) => column.name);
    throw sqlError('SQL_UNKNOWN_NAME', path[0]!, { what: 'column', name, suggestion: nearestName(name, names) });
  });
  for (const [index, { place, part }] of named.entries()) {
    if (named.findIndex((other) => other.place === place) < index)
      throw sqlError('SQL_INVALID', part, { reason: `${part.name} is named twice` });
  }
  const places = named.length === 0 ? columns.map((_, index) => index) : named.map(({ place }) => place);
  if (places.length !== query.columns.length) {
    const wanted = places.map((place) => columns[place]!.name).join(', ');
    throw sqlError('SQL_INVALID', insert.query, {
      reason: `the query gives ${counted(query.columns.length)}, and ${insert.path.at(-1)!.name} takes ${counted(places.length)}: ${wanted}`,
    });
  }
  return columns.map((column, index) => {
    const source = places.indexOf(index);
    if (source >= 0) return source;
    if (column.type.nullable) return null;
    const what = target.primaryKey.some((stored) => target.stored[stored] === column) ? 'part of the key' : 'NOT NULL';
    throw sqlError('SQL_INVALID', insert.columns[0]![0]!, { reason: `${column.name} is ${what}, and gets no value` });
  });
};

const counted = (columns: number): string => `${columns} ${columns === 1 ? 'column' : 'columns'}`;

/** Whether the table can find the rows that the query changes. */
const checkKey = (insert: Insert, { binding: { connector, writes }, primaryKey }: DeclaredTable, place: Span): void => {
  const table = insert.path.at(-1)!.name;
  if (writes === 'appends') {
    throw sqlError('SQL_NOT_SUPPORTED', place, {
      what: `a query that changes its rows into '${connector}'`,
      reason:
        'with these options it only takes rows that are added; a changelog format, such as debezium-json, takes all',
    });
  }
  if (writes === 'upserts' && primaryKey.length === 0) throw sqlError('SQL_KEY_MISSING', place, { table, connector });
};

/** The query with its columns in the table's order and of the table's types. */
const fitted = (
  query: Query,
  input: Plan,
  columns: readonly StoredColumn[],
  sources: readonly (number | null)[],
): Plan => {
  const expressions = columns.map(({ name, type }, index): Bound => {
    const source = sources[index]!;
    if (source === null) return constant(null, type);
    const given = input.columns[source]!;
    const operand: Bound = { kind: 'column', index: source, type: given.type };
    // The target says whether a text is too long; cutting it here would lose the rest without a word.
    if (isText(given.type) && isText(type)) return { ...operand, type: withNullable(type, given.type.nullable) };
    const cast = castsImplicitly(given.type, type) ? castTo(operand, type) : null;
    if (cast !== null) return cast;
    throw sqlError('SQL_TYPE_MISMATCH', spanOfColumn(query, source, input.columns.length), {
      what: `the column ${name}`,
      found: shortText(given.type),
      expected: shortText(type),
    });
  });
  const same = expressions.every((expression, index) => expression.kind === 'column' && expression.index === index);
  const named = columns.map(({ name }, index) => ({ name, type: expressions[index]!.type }));
  return same && input.columns.length === columns.length
    ? { ...input, columns: named }
    : { kind: 'project', input, expressions, columns: named };
};

/** Where the query computes a column: its item, when a star brings none. */
const spanOfColumn = ({ body, ...query }: Query, column: number, width: number): Span => {
  if (body.kind !== 'select' || body.items.length !== width) return query;
  return body.items.some(({ expression }) => expression.kind === 'star') ? query : body.items[column]!;
};
