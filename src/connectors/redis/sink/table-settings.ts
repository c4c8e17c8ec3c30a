import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { isExpiryKind } from '../expiry-time.ts';
import { indexColumns, indexTemplate } from '../indexed-by.ts';
import { keyTemplates, tableMapping } from '../key-mapping.ts';
import type { KeyTemplate } from '../key-template.ts';
import type { RedisSinkConfig } from './config.ts';
import { checkJoin, type NestedPlace, type Nesting, nestedPlace, nestings } from './nesting.ts';

/** `mirror`: every row is there. `hot`: what is there is kept fresh. `invalidate`: what changes is removed. */
export type TableMode = 'mirror' | 'hot' | 'invalidate';

/** What a row is in Redis. Of `set`, `sorted-set` and `stream`, rows that have a key in common are its members. */
export type ValueShape =
  | { readonly kind: 'hash' }
  | { readonly kind: 'json' }
  | { readonly kind: 'string'; readonly column: number }
  | { readonly kind: 'set'; readonly member: number }
  | { readonly kind: 'sorted-set'; readonly member: number; readonly score: number }
  | { readonly kind: 'stream' }
  /** Within the row of another table; `isJson`: in its JSON, and not as fields of its hash. */
  | { readonly kind: 'nested'; readonly nesting: Nesting; readonly place: NestedPlace; readonly isJson: boolean };

/** What is to be done with one version of a table. */
export interface TableSettings {
  readonly shape: ValueShape;
  readonly mode: TableMode;
  /** The column that says until when a row lives; null: for ever. */
  readonly expiry: number | null;
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
    case 'stream':
      return kind;
    case 'sorted-set':
      return 'zset';
    case 'json':
    case 'string':
      return 'string';
  }
};

/** Whether each row has a key of its own. */
export const hasOwnKeys = ({ kind }: ValueShape): boolean => kind === 'hash' || kind === 'json' || kind === 'string';

/** What a pipeline's settings say of each table. Throws CONFIG_TEMPLATE for what cannot be read or does not fit the table. */
export const tableSettings = (config: RedisSinkConfig): ((table: Table) => TableSettings) => {
  const shapes = tableMapping(config['sink.tableId-to-value.mapping'], 'value');
  const modes = tableMapping(config['sink.tableId-to-mode.mapping'], 'mode');
  const expiries = tableMapping(config['sink.tableId-to-expiry.mapping'], 'column');
  const indexes = tableMapping(config['sink.tableId-to-index.mapping'], 'column,column');
  for (const mode of modes.values()) modeOf(mode);
  const nested = nestings(config['sink.tableId-to-nest.mapping']);
  const templateOf = keyTemplates(config.key, config['sink.tableId-to-key.mapping']);
  const keyTexts = tableMapping(config['sink.tableId-to-key.mapping'], 'key');
  const textOf = (label: string): string => shapes.get(label) ?? config.value;
  const shapeOfTable = (table: Table): ValueShape => {
    const label = qualifiedName(table);
    const nesting = nested.get(label);
    if (nesting === undefined) return shapeOf(textOf(label), table);
    if (shapes.has(label)) refuse(label, `what stands within ${nesting.parent} is nothing else besides`);
    const kind = textOf(nesting.parent);
    const place = nestedPlace(nesting, keyTexts.get(nesting.parent) ?? config.key, table);
    if (kind !== 'json' && kind !== 'hash') refuse(label, `rows stand within a hash or json, and not within ${kind}`);
    return { kind: 'nested', nesting, place, isJson: kind === 'json' };
  };
  const keysOf = (table: Table, shape: ValueShape): KeyTemplate => {
    if (shape.kind === 'nested') return shape.place.keys;
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

const shapeOf = (text: string, table: Table): ValueShape => {
  const [, kind, columns = ''] = /^([a-z-]+)(?:\((.+)\))?$/.exec(text) ?? [];
  const names = columns === '' ? [] : columns.split(',').map((name) => name.trim());
  const [first, second] = names.map((name) => {
    const column = table.columns.findIndex((other) => other.name === name);
    return column >= 0 ? column : refuse(text, `${qualifiedName(table)} has no column ${name}`);
  });
  if ((kind === 'hash' || kind === 'json' || kind === 'stream') && names.length === 0) return { kind };
  if (kind === 'string' && names.length === 1) return { kind, column: first! };
  if (kind === 'set' && names.length === 1) return { kind, member: first! };
  if (kind === 'sorted-set' && names.length === 2) {
    const { type } = table.columns[second!]!;
    if (!numbers.has(type.kind)) refuse(text, `${names[1]} is no number, so it is no score`);
    return { kind, member: first!, score: second! };
  }
  return refuse(text, 'a value is hash, json, string(column), set(column), sorted-set(column,score) or stream');
};

const numbers = new Set(['integer', 'decimal', 'float', 'double', 'year', 'bit']);

const expiryOf = (name: string | undefined, table: Table): number | null => {
  if (name === undefined) return null;
  const column = table.columns.findIndex((other) => other.name === name);
  if (column < 0) return refuse(name, `${qualifiedName(table)} has no such column`);
  if (isExpiryKind(table.columns[column]!.type)) return column;
  return refuse(name, 'only a date, a moment or a whole number of seconds says until when a row lives');
};

const checkTogether = ({ shape, mode, expiry, keys, indexes, nests }: TableSettings, table: Table): void => {
  const label = qualifiedName(table);
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
  if (kind === 'stream') {
    if (keys.columns.length > 0) refuse(keys.text, `${label} is one stream, so its key holds no column`);
    return;
  }
  const rowKey = keyColumnsOf(table);
  const known = new Set([...keys.columns, (shape as { readonly member: number }).member]);
  if (rowKey.length > 0 && rowKey.every((column) => known.has(column))) return;
  refuse(label, `rows would share members: key and member do not hold all of its primary key`);
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
