import type { Column, Table } from '../../../core/table.ts';
import { canonicalCollation, charsetFacts, charsetOfCollation } from './charset-facts.ts';
import { catalogueDefault, columnOf } from './column-of.ts';
import { resolveType, type TypeSurroundings } from './declared-type.ts';
import type {
  AlterAction,
  ColumnAction,
  ColumnDefinition,
  DdlEffect,
  KeyElement,
  Place,
  TableElement,
  TableName,
  TableOptions,
} from './effect.ts';
import { readDeclaration } from './read-declaration.ts';
import {
  databaseOf,
  type FollowedTable,
  findTable,
  hasDatabase,
  type Schema,
  type ServerFacts,
  withDatabase,
  withoutDatabase,
  withoutTable,
  withTable,
} from './schema.ts';
import { draftOf, finishDraft, keyName, sameName, type TableDraft } from './table-draft.ts';

export interface DdlOutcome {
  readonly schema: Schema;
  /** Tables created (before null), changed, renamed or dropped (after null), in order. */
  readonly changes: readonly { readonly before: Table | null; readonly after: Table | null }[];
  /** Tables whose shape can no longer be told from what is followed: they are out of the schema until somebody asks the server. */
  readonly unresolved: readonly { readonly table: TableName; readonly reason: string }[];
}

/**
 * Carries a schema over one effect of a statement. What concerns tables the schema does not hold changes nothing, except when it
 * would bring one under a name from an unknown shape (a rename or copy of a table not followed): that name comes back as unresolved.
 * `session`: what the statement ran under, where its event says so (collation_server, character_set_collations, ...).
 */
export const applyDdl = (schema: Schema, effect: DdlEffect, session: Partial<ServerFacts> = {}): DdlOutcome => {
  const outcome = applyEffect({ ...schema, server: { ...schema.server, ...session } }, effect);
  const kept = outcome.schema.databases === schema.databases ? schema : { ...outcome.schema, server: schema.server };
  return { ...outcome, schema: kept };
};

const applyEffect = (schema: Schema, effect: DdlEffect): DdlOutcome => {
  switch (effect.kind) {
    case 'create-table':
      return createTable(schema, effect);
    case 'create-like':
      return createLike(schema, effect);
    case 'alter-table':
      return alterTable(schema, effect.table, effect.actions);
    case 'drop-table': {
      const followed = findTable(schema, effect.table);
      if (followed === null) return unchanged(schema);
      return {
        schema: withoutTable(schema, effect.table),
        changes: [{ before: followed.table, after: null }],
        unresolved: [],
      };
    }
    case 'rename-table':
      return renameTable(schema, effect.from, effect.to);
    case 'truncate-table':
      return unchanged(schema);
    case 'create-database':
    case 'alter-database':
      return changeDatabase(schema, effect);
    case 'drop-database': {
      const dropped = [...databaseOf(schema, effect.database).tables.values()];
      return {
        schema: withoutDatabase(schema, effect.database),
        changes: dropped.map(({ table }) => ({ before: table, after: null })),
        unresolved: [],
      };
    }
    case 'unreadable':
      return effect.tables.reduce<DdlOutcome>(
        (outcome, table) => append(outcome, unresolved(outcome.schema, table, effect.reason)),
        unchanged(schema),
      );
  }
};

const unchanged = (schema: Schema): DdlOutcome => ({ schema, changes: [], unresolved: [] });

const unresolved = (schema: Schema, table: TableName, reason: string): DdlOutcome => ({
  schema: withoutTable(schema, table),
  changes: [],
  unresolved: [{ table, reason }],
});

const append = (first: DdlOutcome, second: DdlOutcome): DdlOutcome => ({
  schema: second.schema,
  changes: [...first.changes, ...second.changes],
  unresolved: [...first.unresolved, ...second.unresolved],
});

const put = (schema: Schema, before: Table | null, followed: FollowedTable): DdlOutcome => ({
  schema: withTable(schema, followed),
  changes: [{ before, after: followed.table }],
  unresolved: [],
});

const createTable = (schema: Schema, effect: Extract<DdlEffect, { kind: 'create-table' }>): DdlOutcome => {
  const existing = findTable(schema, effect.table);
  if (existing !== null && effect.ifNotExists) return unchanged(schema);
  if (effect.select) return unresolved(schema, effect.table, 'its columns come from a query');
  const database = databaseOf(schema, effect.table.database);
  const draft: TableDraft = {
    name: effect.table,
    columns: [],
    primaryKey: [],
    uniqueKeys: [],
    charset: database.charset,
    collation: database.collation,
    comment: null,
  };
  setOptions(draft, effect.options, schema.server);
  const problem = addElements(draft, effect.elements, schema.server);
  if (problem !== null) return unresolved(schema, effect.table, problem);
  return put(schema, existing?.table ?? null, finishDraft(draft));
};

const addElements = (draft: TableDraft, elements: readonly TableElement[], server: ServerFacts): string | null => {
  for (const element of elements) {
    if (element.kind !== 'column') continue;
    const problem = addColumn(draft, element.column, null, server);
    if (problem !== null) return problem;
  }
  for (const element of elements) {
    if (element.kind === 'column') continue;
    const problem = addKey(draft, element);
    if (problem !== null) return problem;
  }
  return null;
};

const addKey = (draft: TableDraft, key: KeyElement): string | null => {
  switch (key.kind) {
    case 'primary-key':
      return setPrimaryKey(draft, key.columns);
    case 'unique-key':
      return addUniqueKey(draft, key.name, key.columns);
    case 'period':
      return setNotNull(draft, key.columns);
  }
};

const createLike = (schema: Schema, effect: Extract<DdlEffect, { kind: 'create-like' }>): DdlOutcome => {
  const existing = findTable(schema, effect.table);
  if (existing !== null && effect.ifNotExists) return unchanged(schema);
  const model = findTable(schema, effect.like);
  if (model === null) return unresolved(schema, effect.table, 'it is a copy of a table that is not followed');
  const draft = { ...draftOf(model, schema.server.charset), name: effect.table };
  return put(schema, existing?.table ?? null, finishDraft(draft));
};

const renameTable = (schema: Schema, from: TableName, to: TableName): DdlOutcome => {
  const followed = findTable(schema, from);
  if (followed === null) return unresolved(schema, to, 'it was renamed from a table that is not followed');
  const renamed = finishDraft({ ...draftOf(followed, schema.server.charset), name: to });
  return put(withoutTable(schema, from), followed.table, renamed);
};

const changeDatabase = (
  schema: Schema,
  effect: Extract<DdlEffect, { kind: 'create-database' | 'alter-database' }>,
): DdlOutcome => {
  if (effect.kind === 'create-database' && hasDatabase(schema, effect.database)) return unchanged(schema);
  const current = databaseOf(schema, effect.database);
  const defaults = pickCharset(effect, current, schema.server);
  return unchanged(withDatabase(schema, effect.database, defaults.charset, defaults.collation));
};

/** Charset and collation after words that may name one, both or none. */
const pickCharset = (
  named: { readonly charset: string | null; readonly collation: string | null },
  current: { readonly charset: string; readonly collation: string },
  server: ServerFacts,
): { readonly charset: string; readonly collation: string } => {
  if (named.collation !== null && named.collation.toLowerCase() !== 'default') {
    const charset = named.charset ?? charsetOfCollation(named.collation) ?? current.charset;
    return { charset, collation: canonicalCollation(named.collation, charset) };
  }
  if (named.charset === null) return { charset: current.charset, collation: current.collation };
  if (named.charset === 'default') return { charset: server.charset, collation: server.collation };
  const facts = charsetFacts(named.charset, server.defaultCollations);
  return { charset: named.charset, collation: facts?.collation ?? `${named.charset}_bin` };
};

const setOptions = (draft: TableDraft, options: TableOptions, server: ServerFacts): void => {
  const { charset, collation } = pickCharset(options, draft, server);
  draft.charset = charset;
  draft.collation = collation;
  if (options.comment !== null) draft.comment = options.comment === '' ? null : options.comment;
};

const surroundings = (draft: TableDraft, server: ServerFacts): TypeSurroundings => ({
  flavor: server.flavor,
  charset: draft.charset,
  collation: draft.collation,
  defaultCollations: server.defaultCollations,
});

const indexOfColumn = (columns: readonly Column[], name: string): number =>
  columns.findIndex((column) => sameName(column.name, name));

/** Puts a new column in and the keys that its own words declare; a problem's text, or null. */
const addColumn = (
  draft: TableDraft,
  definition: ColumnDefinition,
  place: Place,
  server: ServerFacts,
): string | null => {
  const column = columnOf(definition, surroundings(draft, server), server.explicitTimestampDefaults);
  if (column === null) return `column ${definition.name} has a charset that is not known`;
  const problem = insert(draft.columns, column, place);
  if (problem !== null) return problem;
  return addColumnKeys(draft, definition);
};

const addColumnKeys = (draft: TableDraft, { name, primaryKey, uniqueKey }: ColumnDefinition): string | null => {
  if (primaryKey) draft.primaryKey = [name];
  return uniqueKey ? addUniqueKey(draft, null, [name]) : null;
};

const insert = (columns: Column[], column: Column, place: Place): string | null => {
  if (place === null) columns.push(column);
  else if (place.kind === 'first') columns.unshift(column);
  else {
    const index = indexOfColumn(columns, place.column);
    if (index < 0) return `column ${column.name} goes after ${place.column}, which is not there`;
    columns.splice(index + 1, 0, column);
  }
  return null;
};

const setPrimaryKey = (draft: TableDraft, names: readonly string[]): string | null => {
  draft.primaryKey = names;
  return setNotNull(draft, names);
};

const setNotNull = (draft: TableDraft, names: readonly string[]): string | null => {
  for (const name of names) {
    const index = indexOfColumn(draft.columns, name);
    if (index < 0) return `a key names column ${name}, which is not there`;
    draft.columns[index] = { ...draft.columns[index]!, nullable: false };
  }
  return null;
};

/** A key over an expression tells rows apart by no column, so it is not one of the table's unique keys here. */
const addUniqueKey = (draft: TableDraft, name: string | null, columns: readonly string[]): string | null => {
  if (columns.includes('')) return null;
  const missing = columns.find((column) => indexOfColumn(draft.columns, column) < 0);
  if (missing !== undefined) return `a unique key names column ${missing}, which is not there`;
  draft.uniqueKeys.push({ name: name ?? keyName(draft, columns), columns });
  return null;
};

const alterTable = (schema: Schema, name: TableName, actions: readonly AlterAction[]): DdlOutcome => {
  const followed = findTable(schema, name);
  const rename = actions.findLast((action) => action.kind === 'rename');
  if (followed === null) {
    if (rename === undefined) return unchanged(schema);
    return unresolved(schema, rename.to, 'it was renamed from a table that is not followed');
  }
  const draft = draftOf(followed, schema.server.charset);
  const problem = alterDraft(draft, actions, schema.server);
  if (problem !== null) return unresolved(schema, name, problem);
  const finished = finishDraft(rename === undefined ? draft : { ...draft, name: rename.to });
  if (
    finished.table.id === followed.table.id &&
    finished.collation === followed.collation &&
    sameKeys(finished, followed)
  ) {
    return unchanged(schema);
  }
  const base = rename === undefined ? schema : withoutTable(schema, name);
  if (finished.table.id !== followed.table.id) return put(base, followed.table, finished);
  return unchanged(withTable(base, finished));
};

const sameKeys = (a: FollowedTable, b: FollowedTable): boolean =>
  a.uniqueKeyNames.join('\0') === b.uniqueKeyNames.join('\0');

/**
 * What one ALTER TABLE does, in the order the server does it (sql_table.cc, mysql_prepare_alter_table): options first; then the old
 * columns in their order, dropped, changed in place or kept; then what is added or moved, where AFTER means the new names; keys last.
 */
const alterDraft = (draft: TableDraft, actions: readonly AlterAction[], server: ServerFacts): string | null => {
  for (const action of actions) {
    if (action.kind === 'options') setOptions(draft, action.options, server);
    if (action.kind === 'convert-charset') convertCharset(draft, action, server);
  }
  const old = draft.columns;
  const rowId = generatedPrimaryKey(draft);
  const problem =
    changeColumns(draft, actions, server) ?? addColumns(draft, old, actions, server) ?? changeKeys(draft, actions);
  if (rowId !== null) draft.columns.sort((a, b) => Number(b.name === rowId) - Number(a.name === rowId));
  return problem;
};

/** The column MySQL adds to tables without a primary key (sql_generate_invisible_primary_key): it stays first whatever is said. */
const generatedPrimaryKey = ({ columns, primaryKey }: TableDraft): string | null => {
  const [first] = columns;
  const generated = first?.name === 'my_row_id' && first.invisible && first.autoIncrement;
  return generated && primaryKey.length === 1 && primaryKey[0] === first.name ? first.name : null;
};

const convertCharset = (
  draft: TableDraft,
  action: Extract<AlterAction, { kind: 'convert-charset' }>,
  server: ServerFacts,
): void => {
  const target = pickCharset(action, action.charset === null ? server : draft, server);
  const from = draft.columns;
  draft.charset = target.charset;
  draft.collation = target.collation;
  draft.columns = from.map((column) => convertColumn(column, draft, server));
};

/** Texts get the table's charset, and a TEXT too small for as many characters in it becomes the next larger one. */
const convertColumn = (column: Column, draft: TableDraft, server: ServerFacts): Column => {
  const { type, declaration } = column;
  if (declaration === null || (type.kind !== 'text' && type.kind !== 'enum' && type.kind !== 'set')) return column;
  if (type.charset === 'binary') return column;
  const declared = readDeclaration(declaration, server.flavor);
  if (declared === null) return column;
  const before = charsetFacts(type.charset, server.defaultCollations)?.maxBytes ?? 1;
  const after = charsetFacts(draft.charset, server.defaultCollations)?.maxBytes ?? 1;
  const grows = declared.name.endsWith('text') && type.kind === 'text' && after > before;
  const resized = grows ? { ...declared, name: 'text', length: Math.floor(type.maxBytes / before) } : declared;
  const resolved = resolveType(resized, surroundings(draft, server));
  return resolved === null ? column : { ...column, type: resolved.type, declaration: resolved.declaration };
};

/** The first pass: every old column in its order. What moves elsewhere is left for `addColumns`. */
const changeColumns = (draft: TableDraft, actions: readonly AlterAction[], server: ServerFacts): string | null => {
  const old = draft.columns;
  draft.columns = [];
  const missing = actions.find(
    (action) => namesColumn(action) && !action.ifExists && indexOfColumn(old, action.name) < 0,
  );
  if (missing !== undefined && namesColumn(missing)) return `column ${missing.name} is not there`;
  const renames = new Map<string, string>();
  for (const column of old) {
    const own = actions.filter((action) => namesColumn(action) && sameName(action.name, column.name));
    if (own.some((action) => action.kind === 'drop-column')) {
      removeFromKeys(draft, column.name);
      continue;
    }
    let current = column;
    let moves = false;
    for (const action of own) {
      if (action.kind === 'change-column') {
        const changed = columnOf(action.column, surroundings(draft, server), server.explicitTimestampDefaults);
        if (changed === null) return `column ${action.column.name} has a charset that is not known`;
        current = changed;
        moves = action.place !== null;
      } else current = changeAttribute(current, action, server);
    }
    if (current.name !== column.name) renames.set(column.name.toLowerCase(), current.name);
    if (!moves) draft.columns.push(current);
  }
  renameInKeys(draft, renames);
  return null;
};

const namesColumn = (action: AlterAction): action is ColumnAction =>
  action.kind === 'drop-column' ||
  action.kind === 'change-column' ||
  action.kind === 'rename-column' ||
  action.kind === 'set-default' ||
  action.kind === 'set-visibility';

const changeAttribute = (column: Column, action: AlterAction, server: ServerFacts): Column => {
  switch (action.kind) {
    case 'rename-column':
      return { ...column, name: action.to };
    case 'set-default':
      return { ...column, defaultExpression: catalogueDefault(action.default, column.type, server.flavor) };
    case 'set-visibility':
      return { ...column, invisible: action.invisible };
    default:
      return column;
  }
};

/** The second pass: new and moved columns, in the order written. */
const addColumns = (
  draft: TableDraft,
  old: readonly Column[],
  actions: readonly AlterAction[],
  server: ServerFacts,
): string | null => {
  for (const action of actions) {
    let problem: string | null = null;
    if (action.kind === 'add-column') {
      if (action.ifNotExists && indexOfColumn(draft.columns, action.column.name) >= 0) continue;
      problem = addColumn(draft, action.column, action.place, server);
    } else if (action.kind === 'change-column' && indexOfColumn(old, action.name) >= 0) {
      if (action.place !== null) {
        const moved = columnOf(action.column, surroundings(draft, server), server.explicitTimestampDefaults);
        problem = moved === null ? 'a charset is not known' : insert(draft.columns, moved, action.place);
      }
      problem ??= addColumnKeys(draft, action.column);
    }
    if (problem !== null) return problem;
  }
  return null;
};

const changeKeys = (draft: TableDraft, actions: readonly AlterAction[]): string | null => {
  const added = actions.some(
    (action) =>
      action.kind === 'add-primary-key' ||
      ((action.kind === 'add-column' || action.kind === 'change-column') && action.column.primaryKey),
  );
  for (const action of actions) {
    if (action.kind === 'drop-primary-key' && !added) draft.primaryKey = [];
    else if (action.kind === 'drop-key') {
      draft.uniqueKeys = draft.uniqueKeys.filter((key) => !sameName(key.name, action.name));
    } else if (action.kind === 'rename-key') {
      draft.uniqueKeys = draft.uniqueKeys.map((key) =>
        sameName(key.name, action.name) ? { ...key, name: action.to } : key,
      );
    }
  }
  for (const action of actions) {
    let problem: string | null = null;
    if (action.kind === 'add-primary-key') {
      if (!(action.ifNotExists && draft.primaryKey.length > 0)) problem = setPrimaryKey(draft, action.columns);
    } else if (action.kind === 'add-period') problem = setNotNull(draft, action.columns);
    else if (action.kind === 'add-unique-key') {
      const present = draft.uniqueKeys.some((key) => action.name !== null && sameName(key.name, action.name));
      if (!(action.ifNotExists && present)) problem = addUniqueKey(draft, action.name, action.columns);
    }
    if (problem !== null) return problem;
  }
  return null;
};

/** A key loses a dropped column, and goes with its last one. */
const removeFromKeys = (draft: TableDraft, name: string): void => {
  const without = (columns: readonly string[]): readonly string[] =>
    columns.filter((column) => !sameName(column, name));
  draft.primaryKey = without(draft.primaryKey);
  draft.uniqueKeys = draft.uniqueKeys
    .map((key) => ({ ...key, columns: without(key.columns) }))
    .filter((key) => key.columns.length > 0);
};

/** All renames of a statement at once, because two columns may swap their names. */
const renameInKeys = (draft: TableDraft, renames: ReadonlyMap<string, string>): void => {
  const renamed = (columns: readonly string[]): readonly string[] =>
    columns.map((column) => renames.get(column.toLowerCase()) ?? column);
  draft.primaryKey = renamed(draft.primaryKey);
  draft.uniqueKeys = draft.uniqueKeys.map((key) => ({ ...key, columns: renamed(key.columns) }));
};
