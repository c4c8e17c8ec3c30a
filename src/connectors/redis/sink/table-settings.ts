import { ownedColumns } from '../../../core/column-owners.ts';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { isExpiryKind } from '../expiry-time.ts';
import { indexColumns, indexTemplate } from '../indexed-by.ts';
import { keyTemplates, tableMapping } from '../key-mapping.ts';
import { KeyTemplate } from '../key-template.ts';
import type { RedisSinkConfig } from './config.ts';
import { checkJoin, type NestedPlace, type Nesting, nestedPlace, nestings } from './nesting.ts';

/** `mirror`: every row is there. `hot`: what is there is kept fresh. `invalidate`: what changes is removed. */
export type TableMode = 'mirror' | 'hot' | 'invalidate';

/** What a row is in Redis. Of `set`, `sorted-set`, `list` and `stream`, rows that have a key in common are its members. */
export type ValueShape =
  | { readonly kind: 'hash' }
  | { readonly kind: 'json' }
  | { readonly kind: 'redis-json' }
  | { readonly kind: 'string'; readonly column: number }
  | { readonly kind: 'set'; readonly member: number }
  | { readonly kind: 'sorted-set'; readonly member: number; readonly score: number }
  | { readonly kind: 'stream' }
  /** Elements in the order of a column; `place` names each row within its list. */
  | { readonly kind: 'list'; readonly element: number; readonly order: number; readonly place: NestedPlace }
  /** Within the row of another table. */
  | { readonly kind: 'nested'; readonly nesting: Nesting; readonly place: NestedPlace; readonly parent: ParentKind };

/** What a row is that holds rows of other tables. */
export type ParentKind = 'hash' | 'json' | 'redis-json';

/** Of several rows, each kept by itself in a nest, of which what readers see is made. */
export type NestedShape = ValueShape & { readonly kind: 'nested' | 'list' };

export const isNested = (shape: ValueShape): shape is NestedShape => shape.kind === 'nested' || shape.kind === 'list';

/** A field that lives until a column says. Positions in the table. */
export interface FieldExpiry {
  readonly column: number;
  readonly until: number;
}

/** What is to be done with one version of a table. */
export interface TableSettings {
  readonly shape: ValueShape;
  readonly mode: TableMode;
  /** The column that says until when a row lives; null: for ever. */
  readonly expiry: number | null;
  readonly fieldExpiries: readonly FieldExpiry[];
  /** What the field of a NULL holds; null: it has none. */
  readonly nullText: string | null;
  readonly keys: KeyTemplate;
  readonly indexes: readonly KeyTemplate[];
  /** What stands within its rows. */
  readonly nests: readonly Nesting[];
}

/** As SCAN names it. */
export const typeOf = ({ kind }: ValueShape): string => {
  switch (kind) {
    case 'hash':
    case 'nested':
      return 'hash';
    case 'set':
    case 'list':
    case 'stream':
      return kind;
    case 'redis-json':
      return 'ReJSON-RL';
    case 'sorted-set':
      return 'zset';
    case 'json':
    case 'string':
      return 'string';
  }
};

/** Whether each row has a key of its own. */
export const hasOwnKeys = ({ kind }: ValueShape): boolean =>
  kind === 'hash' || kind === 'json' || kind === 'redis-json' || kind === 'string';

/** What a pipeline's settings say of each table. Throws CONFIG_TEMPLATE for what cannot be read or does not fit the table. */
export const tableSettings = (config: RedisSinkConfig): ((table: Table) => TableSettings) => {
  const shapes = tableMapping(config['sink.tableId-to-value.mapping'], 'value');
  const modes = tableMapping(config['sink.tableId-to-mode.mapping'], 'mode');
  const expiries = tableMapping(config['sink.tableId-to-expiry.mapping'], 'column');
  const fieldExpiries = tableMapping(config['sink.tableId-to-field-expiry.mapping'], 'column(until)');
  const nullText = { omit: null, empty: '', marker: config['sink.null.marker'] }[config['sink.null.fields']];
  const indexes = tableMapping(config['sink.tableId-to-index.mapping'], 'column,column');
  for (const mode of modes.values()) modeOf(mode);
  const nested = nestings(config['sink.tableId-to-nest.mapping']);
  const templateOf = keyTemplates(config.key, config['sink.tableId-to-key.mapping']);
  const keyTexts = tableMapping(config['sink.tableId-to-key.mapping'], 'key');
  const textOf = (label: string): string => shapes.get(label) ?? config.value;
  const shapeOfTable = (table: Table): ValueShape => {
    const label = qualifiedName(table);
    const nesting = nested.get(label);
    if (nesting === undefined) return shapeOf(textOf(label), table, (rowKey) => templateOf(table, rowKey));
    if (shapes.has(label)) refuse(label, `what stands within ${nesting.parent} is nothing else besides`);
    const parent = textOf(nesting.parent);
    const place = nestedPlace(nesting, keyTexts.get(nesting.parent) ?? config.key, table);
    if (parent !== 'hash' && parent !== 'json' && parent !== 'redis-json') {
      return refuse(label, `rows stand within a hash or json, and not within ${parent}`);
    }
    return { kind: 'nested', nesting, place, parent };
  };
  const keysOf = (table: Table, shape: ValueShape): KeyTemplate => {
    if (isNested(shape)) return shape.place.keys;
    return hasOwnKeys(shape) ? templateOf(table) : templateOf(table, []);
  };
  /** Of tables that stand in one another, the versions that were met last. */
  const met = new Map<string, { readonly table: Table; readonly settings: TableSettings }>();
  const checkNests = (table: Table, settings: TableSettings): void => {
    const label = qualifiedName(table);
    if (settings.shape.kind !== 'nested' && settings.nests.length === 0) return;
    met.set(label, { table, settings });
    for (const [childLabel, nesting] of nested) {
      if (childLabel !== label && nesting.parent !== label) continue;
      const child = met.get(childLabel);
      const parent = met.get(nesting.parent);
      if (parent === undefined || child?.settings.shape.kind !== 'nested') continue;
      checkJoin(nesting, parent.table, parent.settings.keys, child.table, child.settings.shape.place);
    }
  };
  return (table) => {
    const label = qualifiedName(table);
    const shape = shapeOfTable(table);
    const mode = modeOf(modes.get(label) ?? config.mode);
    const settings: TableSettings = {
      shape,
      mode,
      expiry: expiryOf(expiries.get(label), table),
      fieldExpiries: fieldExpiriesOf(fieldExpiries.get(label), table),
      nullText,
      keys: keysOf(table, shape),
      indexes: (indexes.get(label)?.split('|') ?? []).map((text) => indexTemplate(table, indexColumns(text, table))),
      nests: [...nested.values()].filter(({ parent }) => parent === label),
    };
    checkTogether(settings, table);
    checkNests(table, settings);
    return settings;
  };
};

const refuse = (text: string, reason: string): never => {
  throw new MillraceError('CONFIG_TEMPLATE', { text, reason });
};

const modeOf = (text: string): TableMode =>
  text === 'mirror' || text === 'hot' || text === 'invalidate'
    ? text
    : refuse(text, 'a table is mirror, hot or invalidate');

const shapeOf = (text: string, table: Table, keysOf: (rowKey: readonly number[]) => KeyTemplate): ValueShape => {
  const [, kind, columns = ''] = /^([a-z-]+)(?:\((.+)\))?$/.exec(text) ?? [];
  const names = columns === '' ? [] : columns.split(',').map((name) => name.trim());
  const [first, second] = names.map((name) => {
    const column = table.columns.findIndex((other) => other.name === name);
    return column >= 0 ? column : refuse(text, `${qualifiedName(table)} has no column ${name}`);
  });
  if ((kind === 'hash' || kind === 'json' || kind === 'redis-json' || kind === 'stream') && names.length === 0) {
    return { kind };
  }
  if (kind === 'string' && names.length === 1) return { kind, column: first! };
  if (kind === 'set' && names.length === 1) return { kind, member: first! };
  if (kind === 'sorted-set' && names.length === 2) {
    const { type } = table.columns[second!]!;
    if (!numbers.has(type.kind)) refuse(text, `${names[1]} is no number, so it is no score`);
    return { kind, member: first!, score: second! };
  }
  if (kind === 'list' && names.length === 2) {
    if (!numbers.has(table.columns[second!]!.type.kind)) refuse(text, `${names[1]} is no number, so it gives no order`);
    return { kind, element: first!, order: second!, place: listPlace(table, keysOf([])) };
  }
  return refuse(
    text,
    'a value is hash, json, redis-json, string(column), set(column), sorted-set(column,score), list(column,order) or stream',
  );
};

/** What a list's key leaves of a row's own key names the row within it. */
const listPlace = (table: Table, keys: KeyTemplate): NestedPlace => {
  const key = keyColumnsOf(table);
  if (key.length === 0) refuse(qualifiedName(table), 'it has no primary key, to tell the rows of a list apart');
  const own = key.filter((column) => !keys.columns.includes(column));
  return { keys, fields: KeyTemplate.listed('', own), columns: [] };
};

const numbers = new Set(['integer', 'decimal', 'float', 'double', 'year', 'bit']);

const expiryOf = (name: string | undefined, table: Table): number | null => {
  if (name === undefined) return null;
  const column = table.columns.findIndex((other) => other.name === name);
  const text = `${qualifiedName(table)}=${name}`;
  if (column < 0) return refuse(text, `${qualifiedName(table)} has no column ${name}`);
  if (isExpiryKind(table.columns[column]!.type)) return column;
  return refuse(text, 'only a date, a moment or a whole number of seconds says until when a row lives');
};

/** `column(until),column(until)` */
const fieldExpiriesOf = (text: string | undefined, table: Table): readonly FieldExpiry[] => {
  if (text === undefined) return [];
  return text.split(',').map((each) => {
    const [, name, until] = /^\s*([^()]+)\(([^()]+)\)\s*$/.exec(each) ?? [];
    if (name === undefined) return refuse(text, 'it is not column(until)');
    const column = table.columns.findIndex((other) => other.name === name.trim());
    if (column < 0) return refuse(text, `${qualifiedName(table)} has no column ${name}`);
    return { column, until: expiryOf(until!.trim(), table)! };
  });
};

const checkTogether = (settings: TableSettings, table: Table): void => {
  const { shape, mode, expiry, fieldExpiries, keys, indexes, nests } = settings;
  const label = qualifiedName(table);
  checkOwned(settings, table);
  if (fieldExpiries.length > 0) {
    if (shape.kind !== 'hash' || mode !== 'mirror')
      refuse(label, 'fields live for a time in hashes that mirror a table');
    const own = keys.columns.find((column) => fieldExpiries.some((each) => each.column === column));
    if (own !== undefined) refuse(label, `its key is made of ${table.columns[own]!.name}, which cannot leave the row`);
  }
  if (nests.length > 0) checkParent(label, mode, expiry, nests, table);
  if (hasOwnKeys(shape)) return;
  const { kind } = shape;
  if (kind === 'nested') {
    if (mode !== 'mirror') refuse(label, `what stands within other rows cannot be ${mode}`);
    if (expiry !== null) refuse(label, 'what stands within other rows lives as long as they do');
    if (indexes.length > 0) refuse(label, 'an index leads to rows by their keys, and within other rows they have none');
    return;
  }
  if (mode !== 'mirror') refuse(label, `a ${kind} is of more rows than one, so it cannot be ${mode}`);
  if (expiry !== null) refuse(label, `a ${kind} is of more rows than one, so none of them says until when it lives`);
  if (indexes.length > 0) refuse(label, `an index leads to rows by their keys, and in a ${kind} they have none`);
  if (kind === 'list') return;
  if (kind === 'stream') {
    if (keys.columns.length > 0) refuse(keys.text, `${label} is one stream, so its key holds no column`);
    return;
  }
  const rowKey = keyColumnsOf(table);
  const known = new Set([...keys.columns, (shape as { readonly member: number }).member]);
  const lacked = rowKey.filter((column) => !known.has(column)).map((column) => table.columns[column]!.name);
  if (rowKey.length > 0 && lacked.length === 0) return;
  const reason =
    rowKey.length === 0 ? 'it has no primary key' : `${lacked.join(', ')} of its primary key is in neither`;
  refuse(label, `rows would share members, because key and member do not tell them apart: ${reason}`);
};

/** Fields that Redis owns stand in a hash that nothing replaces as a whole. */
const checkOwned = (
  { shape, mode, expiry, fieldExpiries, keys, indexes, nests }: TableSettings,
  table: Table,
): void => {
  const owned = ownedColumns(table);
  if (owned.length === 0) return;
  const label = qualifiedName(table);
  const some = `Redis owns columns of it (\`owned.elsewhere\`)`;
  if (shape.kind !== 'hash') refuse(label, `${some}, and only a hash has fields: it cannot be ${shape.kind}`);
  if (mode !== 'mirror') refuse(label, `${some}, which would go with the key: it cannot be ${mode}`);
  if (expiry !== null || fieldExpiries.length > 0) refuse(label, `${some}, so neither rows nor fields live for a time`);
  if (nests.length > 0) refuse(label, `${some}, so its rows cannot hold others`);
  for (const { columns, text } of [keys, ...indexes]) {
    const column = columns.find((each) => owned.includes(each));
    if (column !== undefined) refuse(text, `it is made of ${table.columns[column]!.name}, which Redis owns`);
  }
};

const checkParent = (
  label: string,
  mode: TableMode,
  expiry: number | null,
  nests: readonly Nesting[],
  { columns }: Table,
): void => {
  if (mode !== 'mirror') refuse(label, `its rows hold others, so all of them are kept: it cannot be ${mode}`);
  if (expiry !== null) refuse(label, 'its rows hold others, so they cannot live for a time');
  for (const { name } of nests) {
    const twin = columns.find((column) => column.name === name || column.name.startsWith(`${name}:`));
    if (twin !== undefined) refuse(label, `it has a column ${twin.name}; give what stands in it a name, \`as name\``);
  }
};
