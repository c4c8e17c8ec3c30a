import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Batch } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { type Column, type ColumnType, defineTable, qualifiedName, type Table } from '../core/table.ts';
import type { Value } from '../core/value.ts';
import type { Operator } from './operator.ts';
import { ProjectedRowImages, type RowProjection } from './projected-row-images.ts';
import { type ProjectedColumn, ProjectingWriter, type Substitute } from './projecting-writer.ts';

/** Names columns. */
export interface ColumnFilter {
  matches(database: string, table: string, column: string): boolean;
}

/** What becomes of columns. One that several settings name is dropped before it is hashed, and hashed before it is masked. */
export interface ProjectionRules {
  /** Columns that go no further. */
  readonly drop?: ColumnFilter;
  /** Columns replaced by the SHA-256 of `salt` and their text, in hexadecimal: equal values stay equal. */
  readonly hash?: ColumnFilter;
  readonly salt?: string;
  /** Columns replaced by a text. */
  readonly mask?: ColumnFilter;
  /** What masked columns hold; null: as many `*` as the value's text has characters. */
  readonly maskText?: string | null;
  /** New names by `database.table.column`. */
  readonly rename?: ReadonlyMap<string, string>;
}

interface Projection extends RowProjection {
  readonly table: Table;
}

/**
 * Drops, renames, masks and hashes columns before anything else sees them. NULL stays NULL, and a column that was not logged
 * stays absent. Rows go through without being built: see ProjectedRowImages.
 */
export const projectColumns = (rules: ProjectionRules): Operator => {
  const projections = new Map<string, Projection | null>();
  const projectionOf = (table: Table): Projection | null => {
    let projection = projections.get(table.id);
    if (projection === undefined) {
      projection = project(table, rules);
      projections.set(table.id, projection);
    }
    return projection;
  };
  const tableOf = (table: Table): Table => projectionOf(table)?.table ?? table;

  const projectChange = (change: Change): Change => {
    if (change.kind === 'schema') {
      const { before, after, renamedColumns } = change;
      if ((before === null || !projectionOf(before)) && (after === null || !projectionOf(after))) return change;
      return {
        ...change,
        before: before && tableOf(before),
        after: after && tableOf(after),
        ...(renamedColumns &&
          before &&
          after && { renamedColumns: projectRenames(renamedColumns, before, after, rules) }),
      };
    }
    const projection = projectionOf(change.table);
    if (projection === null) return change;
    return change.kind === 'rows'
      ? { ...change, table: projection.table, rows: new ProjectedRowImages(change.rows, projection) }
      : { ...change, table: projection.table };
  };

  return (batch: Batch): Batch => {
    const changes = batch.changes.map(projectChange);
    return changes.every((change, i) => change === batch.changes[i]) ? batch : { ...batch, changes };
  };
};

/** Null: the rules touch no column of the table. */
const project = (table: Table, rules: ProjectionRules): Projection | null => {
  const names = (filter: ColumnFilter | undefined, column: Column): boolean =>
    filter?.matches(table.database, table.name, column.name) ?? false;
  const kept: (ProjectedColumn & { readonly column: Column })[] = [];
  let changed = false;
  for (const [source, column] of table.columns.entries()) {
    const inKey = table.primaryKey.includes(source);
    if (names(rules.drop, column)) {
      if (inKey) throw keyLost(table, column, 'dropping');
      changed = true;
      continue;
    }
    const hashed = names(rules.hash, column);
    const masked = !hashed && names(rules.mask, column);
    if (masked && inKey) throw keyLost(table, column, 'masking');
    const name = newName(table, column, rules);
    const substitute = hashed ? hashing(rules.salt ?? '') : masked ? masking(rules.maskText ?? null) : null;
    changed ||= substitute !== null || name !== column.name;
    kept.push({
      source,
      substitute,
      column: projectColumn(column, name, hashed ? hashType : masked ? maskType : null),
    });
  }
  if (!changed) return null;

  const seen = new Set<string>();
  for (const { column } of kept) {
    const name = column.name.toLowerCase();
    if (seen.has(name)) {
      throw new MillraceError('PROJECTION_COLUMN_CLASH', { table: qualifiedName(table), column: column.name });
    }
    seen.add(name);
  }
  const placeOf = (source: number): number => kept.findIndex((each) => each.source === source);
  const { id: _, ...definition } = table;
  return {
    table: defineTable({
      ...definition,
      columns: kept.map(({ column }) => column),
      primaryKey: table.primaryKey.map(placeOf),
      uniqueKeys: table.uniqueKeys.map((key) => key.map(placeOf)).filter((key) => !key.includes(-1)),
    }),
    columns: kept,
    writer: new ProjectingWriter(table.columns.length, kept),
    replaces: kept.some(({ substitute }) => substitute !== null),
  };
};

const newName = (table: Table, column: Column, rules: ProjectionRules): string =>
  rules.rename?.get(`${qualifiedName(table)}.${column.name}`) ?? column.name;

/** What a schema change renamed, in the names that go further. */
const projectRenames = (
  renamed: ReadonlyMap<string, string>,
  before: Table,
  after: Table,
  rules: ProjectionRules,
): ReadonlyMap<string, string> => {
  const named = (table: Table, name: string): string => {
    const column = table.columns.find((each) => each.name === name);
    return column === undefined ? name : newName(table, column, rules);
  };
  return new Map([...renamed].map(([from, to]) => [named(before, from), named(after, to)]));
};

const projectColumn = (column: Column, name: string, type: ColumnType | null): Column =>
  type === null ? { ...column, name } : { ...column, name, type, declaration: null, defaultExpression: null };

const asciiText = (fixed: boolean, maxBytes: number): ColumnType => ({
  kind: 'text',
  fixed,
  maxBytes,
  charset: 'utf8mb4',
  collation: null,
});
const hashType = asciiText(true, 64);
const maskType = asciiText(false, 65_535);

const hashing =
  (salt: string): Substitute =>
  (value) =>
    createHash('sha256').update(salt).update(bytesOf(value)).digest('hex');

const masking =
  (text: string | null): Substitute =>
  (value) =>
    text ?? '*'.repeat([...String(value instanceof Uint8Array ? '*'.repeat(value.length) : value)].length);

const bytesOf = (value: Exclude<Value, null>): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');

const keyLost = (table: Table, column: Column, action: string): MillraceError =>
  new MillraceError('PROJECTION_KEY_LOST', { table: qualifiedName(table), column: column.name, action });
