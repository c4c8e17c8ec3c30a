import type { Identifier } from '../ast/identifier.ts';
import type {
  ColumnDefinition,
  CreateTable,
  Distribution,
  KeyConstraint,
  Option,
  TableLike,
  Watermark,
} from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './options.ts';

/** CREATE TABLE from the name on: columns, constraints, WITH, LIKE, AS. */
export const parseCreateTable = (cursor: Cursor, temporary: boolean, start: number): CreateTable => {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const path = cursor.path('a name for the table');
  const body = parseTableBody(cursor);
  const comment = cursor.accept('COMMENT') ? cursor.string() : null;
  const distribution = parseDistribution(cursor);
  let partitionedBy: readonly Identifier[] = [];
  if (cursor.accept('PARTITIONED')) {
    cursor.expect('BY');
    partitionedBy = cursor.parenthesized(() => cursor.name('a column'));
  }
  const options: readonly Option[] = cursor.accept('WITH') ? parseOptions(cursor) : [];
  const like = cursor.accept('LIKE') ? parseLike(cursor) : null;
  const as = like === null && cursor.accept('AS') ? cursor.query() : null;
  return {
    kind: 'create-table',
    temporary,
    ifNotExists,
    path,
    ...body,
    comment,
    distribution,
    partitionedBy,
    options,
    like,
    as,
    ...cursor.spanFrom(start),
  };
};

type TableBody = Pick<CreateTable, 'columns' | 'watermark' | 'constraints'>;

const parseTableBody = (cursor: Cursor): TableBody => {
  const columns: ColumnDefinition[] = [];
  const constraints: KeyConstraint[] = [];
  let watermark: Watermark | null = null;
  if (!cursor.sees('(')) return { columns, constraints, watermark };
  cursor.take();
  cursor.list(() => {
    const { start } = cursor;
    if (cursor.accept('WATERMARK')) {
      if (watermark !== null) cursor.refuse(cursor.spanFrom(start), 'a second WATERMARK', 'a table has one event time');
      watermark = parseWatermark(cursor, start);
    } else {
      const constraint = parseConstraint(cursor);
      if (constraint !== null) constraints.push(constraint);
      else columns.push(parseColumn(cursor));
    }
  });
  cursor.expect(')');
  return { columns, constraints, watermark };
};

const parseWatermark = (cursor: Cursor, start: number): Watermark => {
  cursor.expect('FOR');
  const column = cursor.path("the event time's column");
  cursor.expect('AS');
  const expression = cursor.expression();
  return { column, expression, ...cursor.spanFrom(start) };
};

/** A constraint of the table; null: a column comes next. */
const parseConstraint = (cursor: Cursor): KeyConstraint | null => {
  const { start } = cursor;
  const name = cursor.accept('CONSTRAINT') ? cursor.name('a name for the constraint') : null;
  const kind = parseKeyWords(cursor);
  if (kind === null) return name === null ? null : cursor.fail();
  const columns = cursor.parenthesized(() => cursor.name('a column'));
  return { kind, name, columns, enforced: parseEnforced(cursor), ...cursor.spanFrom(start) };
};

const parseKeyWords = (cursor: Cursor): KeyConstraint['kind'] | null => {
  if (cursor.accept('PRIMARY')) {
    cursor.expect('KEY');
    return 'PRIMARY KEY';
  }
  return cursor.accept('UNIQUE') ? 'UNIQUE' : null;
};

const parseEnforced = (cursor: Cursor): boolean | null => {
  if (cursor.accept('NOT', 'ENFORCED')) return false;
  return cursor.accept('ENFORCED') ? true : null;
};

const parseColumn = (cursor: Cursor): ColumnDefinition => {
  const { start } = cursor;
  const name = cursor.name("a column's name");
  if (cursor.accept('AS')) {
    const expression = cursor.expression();
    return { kind: 'computed', name, expression, ...parseColumnTail(cursor, start) };
  }
  const type = cursor.typeName();
  if (type.kind === 'interval') cursor.refuse(type, 'a column of type INTERVAL', 'Flink has none; store the two times');
  if (cursor.accept('METADATA')) {
    const from = cursor.accept('FROM') ? cursor.string("the metadata's key in single quotes") : null;
    const virtual = cursor.accept('VIRTUAL');
    return { kind: 'metadata', name, type, from, virtual, ...parseColumnTail(cursor, start) };
  }
  const key = parseColumnKey(cursor);
  return { kind: 'physical', name, type, key, ...parseColumnTail(cursor, start) };
};

const parseColumnKey = (cursor: Cursor): KeyConstraint | null => {
  const { start } = cursor;
  const name = cursor.accept('CONSTRAINT') ? cursor.name('a name for the constraint') : null;
  const kind = parseKeyWords(cursor);
  if (kind === null) return name === null ? null : cursor.fail();
  return { kind, name, columns: [], enforced: parseEnforced(cursor), ...cursor.spanFrom(start) };
};

const parseColumnTail = (
  cursor: Cursor,
  start: number,
): { readonly comment: string | null; readonly start: number; readonly end: number } => {
  const comment = cursor.accept('COMMENT') ? cursor.string() : null;
  return { comment, ...cursor.spanFrom(start) };
};

const parseDistribution = (cursor: Cursor): Distribution | null => {
  const { start } = cursor;
  if (!cursor.accept('DISTRIBUTED')) return null;
  let by: Distribution['by'] = null;
  let columns: readonly Identifier[] = [];
  let buckets: number | null = null;
  if (cursor.accept('BY')) {
    by = cursor.acceptOneOf('HASH', 'RANGE');
    columns = cursor.parenthesized(() => cursor.name('a column'));
    if (cursor.accept('INTO')) {
      buckets = cursor.wholeNumber();
      cursor.expect('BUCKETS');
    }
  } else {
    cursor.expect('INTO');
    buckets = cursor.wholeNumber();
    cursor.expect('BUCKETS');
  }
  return { by, columns, buckets, ...cursor.spanFrom(start) };
};

const likeSubjects = [
  'ALL',
  'CONSTRAINTS',
  'DISTRIBUTION',
  'GENERATED',
  'METADATA',
  'OPTIONS',
  'PARTITIONS',
  'WATERMARKS',
] as const;

const parseLike = (cursor: Cursor): TableLike => {
  const { start } = cursor;
  const path = cursor.path('a table');
  const options: { mode: 'INCLUDING' | 'EXCLUDING' | 'OVERWRITING'; what: string }[] = [];
  if (cursor.accept('(')) {
    do {
      const mode = cursor.expectOneOf('INCLUDING', 'EXCLUDING', 'OVERWRITING');
      options.push({ mode, what: cursor.expectOneOf(...likeSubjects) });
    } while (!cursor.accept(')'));
  }
  return { path, options, ...cursor.spanFrom(start) };
};
