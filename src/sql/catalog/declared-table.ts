import assert from 'node:assert';
import type { ColumnDefinition, CreateTable, KeyConstraint, Option, Watermark } from '../ast/statement.ts';
import { castTo } from '../bind/cast-to.ts';
import { bindExpression } from '../bind/expression.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import type { Bound } from '../evaluate/bound.ts';
import { substitute } from '../evaluate/bound-tree.ts';
import { columnAt } from '../plan/column-at.ts';
import type { Plan, PlanColumn } from '../plan/plan.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { fromTypeName } from '../types/from-type-name.ts';
import { type SqlType, shortText, withNullable } from '../types/sql-type.ts';
import type { BindTable, TableBinding } from './table-binding.ts';

/** A column that the connector reads or writes. */
export interface StoredColumn extends PlanColumn {
  /** The connector's metadata that it holds; null: a column of the rows. */
  readonly metadata: string | null;
  /** INSERT INTO does not give it. */
  readonly virtual: boolean;
  readonly span: Span;
}

/** A table as CREATE TABLE declares it, with LIKE resolved, types and expressions settled, and its connector found. */
export interface DeclaredTable<Binding extends TableBinding = TableBinding> {
  /** `default_catalog.default_database.orders` */
  readonly name: string;
  readonly statement: CreateTable;
  readonly stored: readonly StoredColumn[];
  /** Places among `stored`. */
  readonly primaryKey: readonly number[];
  /** What a query that names the table reads: the stored columns and those computed from them, in the declared order. */
  readonly plan: Plan;
  readonly watermark: { readonly column: number; readonly mark: Bound } | null;
  readonly binding: Binding;
}

/** Settles a declaration whose LIKE is resolved. Throws SQL_ errors with the place. */
export const declareTable = <Binding extends TableBinding>(
  name: string,
  statement: CreateTable,
  bind: BindTable<Binding>,
): DeclaredTable<Binding> => {
  refuseParts(statement);
  const key = keyOf(statement);
  const keyNames = new Set(key?.columns.map((column) => column.name));
  const stored = storedColumns(statement.columns, keyNames);
  const primaryKey = (key?.columns ?? []).map((column) => {
    const place = stored.findIndex((other) => other.name === column.name && other.metadata === null);
    if (place >= 0) return place;
    throw sqlError('SQL_INVALID', column, {
      reason: `a key is made of columns that the rows hold, and ${column.name} is none`,
    });
  });
  const { options } = statement;
  const binding = bind({ table: statement.path.at(-1)!.name, options, hasKey: primaryKey.length > 0, span: statement });
  for (const column of stored) checkMetadata(column, binding);
  const declared = planOf(name, statement, stored, { primaryKey, binding });
  const watermark = watermarkOf(statement.watermark, declared);
  return { name, statement, stored, primaryKey, plan: withWatermark(declared, watermark), watermark, binding };
};

const refuseParts = (statement: CreateTable): void => {
  const refuse = (span: Span, what: string, reason: string): never => {
    throw sqlError('SQL_NOT_SUPPORTED', span, { what, reason });
  };
  if (statement.as !== null)
    refuse(statement.as, 'CREATE TABLE ... AS', 'declare the table, and fill it with INSERT INTO');
  if (statement.distribution !== null) refuse(statement.distribution, 'DISTRIBUTED', 'no connector has buckets');
  if (statement.partitionedBy.length > 0)
    refuse(statement.partitionedBy[0]!, 'PARTITIONED BY', 'no connector writes partitions');
};

/** The one key, wherever it is written. */
const keyOf = (statement: CreateTable): Pick<KeyConstraint, 'columns'> | null => {
  const keys = statement.columns
    .flatMap((column) =>
      column.kind === 'physical' && column.key !== null ? [{ ...column.key, columns: [column.name] }] : [],
    )
    .concat(statement.constraints.map((constraint) => ({ ...constraint, columns: [...constraint.columns] })));
  for (const key of keys) {
    if (key.kind === 'UNIQUE')
      throw sqlError('SQL_NOT_SUPPORTED', key, { what: 'UNIQUE', reason: 'a table has one PRIMARY KEY NOT ENFORCED' });
    if (key.enforced !== false) {
      throw sqlError('SQL_INVALID', key, {
        reason: 'a key is declared PRIMARY KEY NOT ENFORCED: the system behind the table keeps it, not this statement',
      });
    }
  }
  if (keys.length > 1) throw sqlError('SQL_INVALID', keys[1]!, { reason: 'a table has one primary key' });
  return keys[0] ?? null;
};

const storedColumns = (
  columns: readonly ColumnDefinition[],
  keyNames: ReadonlySet<string>,
): readonly StoredColumn[] => {
  const seen = new Set<string>();
  return columns.flatMap((column): readonly StoredColumn[] => {
    const { name } = column.name;
    if (seen.has(name)) throw sqlError('SQL_INVALID', column.name, { reason: `there are two columns ${name}` });
    seen.add(name);
    if (column.kind === 'computed') return [];
    const declared = fromTypeName(column.type);
    const type = keyNames.has(name) ? withNullable(declared, false) : declared;
    const span = { start: column.start, end: column.end };
    return column.kind === 'physical'
      ? [{ name, type, metadata: null, virtual: false, span }]
      : [{ name, type, metadata: column.from ?? name, virtual: column.virtual, span }];
  });
};

const checkMetadata = ({ metadata, type, span }: StoredColumn, { connector, metadata: known }: TableBinding): void => {
  if (metadata === null) return;
  const given = known.get(metadata);
  if (given === undefined) {
    const names = known.size === 0 ? 'none' : [...known.keys()].join(', ');
    throw sqlError('SQL_INVALID', span, { reason: `'${connector}' has no metadata '${metadata}'; it has ${names}` });
  }
  if (castTo({ kind: 'column', index: 0, type: given }, type) === null) {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `the metadata '${metadata}'`,
      found: shortText(type),
      expected: shortText(given),
    });
  }
};

const planOf = (
  name: string,
  { columns: definitions }: CreateTable,
  stored: readonly StoredColumn[],
  { primaryKey, binding }: { readonly primaryKey: readonly number[]; readonly binding: TableBinding },
): Plan => {
  const columns = stored.map(({ name: column, type }): PlanColumn => ({ name: column, type }));
  const scan: Plan = {
    kind: 'scan',
    table: {
      name,
      columns,
      primaryKey,
      appendOnly: binding.reads === 'appends',
      ...(binding.reads === 'upserts' ? { upserts: true } : {}),
      ...(binding.looksUp === true ? { lookedUp: true } : {}),
    },
    columns,
  };
  if (definitions.every(({ kind }) => kind !== 'computed')) return scan;
  const scope = new Scope(columns.map((column): ScopeColumn => ({ qualifier: [], ...column })));
  const expressions = definitions.map((definition): Bound => {
    if (definition.kind === 'computed') return bindExpression(definition.expression, scope);
    const index = columns.findIndex(({ name: column }) => column === definition.name.name);
    return { kind: 'column', index, type: columns[index]!.type };
  });
  return {
    kind: 'project',
    input: scan,
    expressions,
    columns: definitions.map((definition, index) => ({
      name: definition.name.name,
      type: expressions[index]!.type,
    })),
  };
};

const watermarkOf = (watermark: Watermark | null, plan: Plan): DeclaredTable['watermark'] => {
  if (watermark === null) return null;
  const scope = new Scope(plan.columns.map((column): ScopeColumn => ({ qualifier: [], ...column })));
  const { column, fields } = scope.resolve(watermark.column);
  if (fields.length > 0) {
    throw sqlError('SQL_NOT_SUPPORTED', watermark, {
      what: 'a watermark on a field of a row',
      reason: 'compute a column of it, and declare the watermark on that',
    });
  }
  const delay = bindExpression(watermark.expression, scope);
  for (const [what, type] of [
    ['the column of a watermark', column.type],
    ['a watermark', delay.type],
  ] as const) {
    if (isRowtime(type)) continue;
    throw sqlError('SQL_TYPE_MISMATCH', watermark, {
      what,
      found: shortText(type),
      expected: 'TIMESTAMP or TIMESTAMP_LTZ with at most 3 digits of a second',
    });
  }
  return { column: (column as Extract<Bound, { kind: 'column' }>).index, mark: delay };
};

/** The scan knows the watermark, in its own columns. */
const withWatermark = (plan: Plan, watermark: DeclaredTable['watermark']): Plan => {
  if (watermark === null) return plan;
  const { column, mark } = watermark;
  if (plan.kind === 'scan')
    return { ...plan, table: { ...plan.table, watermark: { time: columnAt(plan.columns, column), mark } } };
  assert(plan.kind === 'project' && plan.input.kind === 'scan', 'a declared table is a scan with computed columns');
  const { expressions, input } = plan;
  const own = { time: expressions[column]!, mark: substitute(mark, (index) => expressions[index]!) };
  return { ...plan, input: { ...input, table: { ...input.table, watermark: own } } };
};

const isRowtime = (type: SqlType): boolean =>
  (type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ') && type.precision <= 3;

/** A declaration with what LIKE brings into it. By default everything comes, and options that are written again win. */
export const mergeLike = (statement: CreateTable, base: CreateTable): CreateTable => {
  const { like } = statement;
  const mode = (what: string): string => {
    const said = (name: string): string | undefined => like?.options.findLast((option) => option.what === name)?.mode;
    return said(what) ?? said('ALL') ?? (what === 'OPTIONS' ? 'OVERWRITING' : 'INCLUDING');
  };
  const brings = (what: string): boolean => mode(what) !== 'EXCLUDING';
  const inherited = base.columns.filter(
    ({ kind }) => kind === 'physical' || (kind === 'computed' ? brings('GENERATED') : brings('METADATA')),
  );
  const own = new Map(statement.columns.map((column) => [column.name.name, column]));
  const columns = inherited.filter((column) => {
    const again = own.get(column.name.name);
    if (again === undefined) return true;
    const what = again.kind === 'metadata' ? 'METADATA' : 'GENERATED';
    if (again.kind === column.kind && again.kind !== 'physical' && mode(what) === 'OVERWRITING') return false;
    throw sqlError('SQL_INVALID', again.name, { reason: `LIKE brings a column ${again.name.name} already` });
  });
  const constraints = [...(brings('CONSTRAINTS') ? base.constraints : []), ...statement.constraints];
  const withoutKeys = (column: ColumnDefinition): ColumnDefinition =>
    column.kind === 'physical' && !brings('CONSTRAINTS') ? { ...column, key: null } : column;
  return {
    ...statement,
    columns: [...columns.map(withoutKeys), ...statement.columns],
    constraints,
    watermark: mergedWatermark(statement, base, mode('WATERMARKS')),
    options: mergedOptions(statement, base, mode('OPTIONS')),
    like: null,
  };
};

const mergedWatermark = (statement: CreateTable, base: CreateTable, mode: string): Watermark | null => {
  if (mode === 'EXCLUDING' || base.watermark === null) return statement.watermark;
  if (statement.watermark !== null && mode !== 'OVERWRITING') {
    throw sqlError('SQL_INVALID', statement.watermark, {
      reason: 'LIKE brings a watermark already; write OVERWRITING WATERMARKS, or EXCLUDING WATERMARKS',
    });
  }
  return statement.watermark ?? base.watermark;
};

const mergedOptions = (statement: CreateTable, base: CreateTable, mode: string): readonly Option[] => {
  if (mode === 'EXCLUDING') return statement.options;
  const own = new Set(statement.options.map(({ key }) => key));
  const again = statement.options.find((option) => base.options.some(({ key }) => key === option.key));
  if (again !== undefined && mode === 'INCLUDING') {
    throw sqlError('SQL_INVALID', again, { reason: `LIKE brings '${again.key}' already; write OVERWRITING OPTIONS` });
  }
  // What was inherited is shown at the LIKE clause: its own place is in another statement.
  const place = { start: statement.like!.start, end: statement.like!.end };
  return [
    ...base.options.filter(({ key }) => !own.has(key)).map((option) => ({ ...option, ...place })),
    ...statement.options,
  ];
};
