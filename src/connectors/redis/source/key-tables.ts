import type { OwnedElsewhere } from '../../../core/column-owners.ts';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { ColumnFinder } from '../../../formats/json-rows/column-finder.ts';
import { plainModes, type ValueModes } from '../../../formats/json-rows/value-modes.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { declaredTables } from '../../../protocol/mysql/ddl/declared-tables.ts';
import type { RdbKind } from '../../../protocol/redis/rdb/rdb-visitor.ts';
import { keyTemplates, tableMapping } from '../key-mapping.ts';
import type { KeyTemplate } from '../key-template.ts';
import { checkMoment, type FieldExpiry, fieldExpiries, fieldExpirySetting } from './field-expiries.ts';
import { ownersOf, type SharedColumns } from './owners.ts';
import { RowDocument } from './row-document.ts';

/**
 * What a key of a table holds, and so what a row is: a `hash` or `string` is one row; each element of a `set`, `zset`, `list` or
 * `stream`, and of `fields` each field of a hash, is a row of its own.
 */
export const keyShapes = ['hash', 'string', 'set', 'zset', 'list', 'stream', 'fields'] as const;
export type KeyShape = (typeof keyShapes)[number];

/** A table whose rows are in keys. */
export interface KeyTable {
  readonly table: Table;
  readonly label: string;
  readonly keys: KeyTemplate;
  readonly shape: KeyShape;
  /** What its keys are to Redis. */
  readonly kind: RdbKind;
  /** Each element is a row. */
  readonly isChildren: boolean;
  /** The column that names an element within its key: the last of the primary key. -1: a key is one row. */
  readonly elementColumn: number;
  /** The one column beside it, for a string's, a list's or a field's value, or a member's score. -1: there is none. */
  readonly valueColumn: number;
  readonly finder: ColumnFinder;
  readonly document: RowDocument;
  /** Where the key's expiry goes; -1: nowhere. */
  readonly expiryColumn: number;
  /** Where those of its fields go. */
  readonly fieldExpiries: readonly FieldExpiry[];
  /** The other side owns all of it, so that nothing of it is brought there. */
  readonly isForeign: boolean;
  /** What the other side owns of its columns; null: none of them, or all. */
  readonly shared: SharedColumns | null;
}

interface Declared {
  readonly schema: string;
  readonly key: string;
  readonly 'source.tableId-to-key.mapping'?: string | undefined;
  readonly 'value.type': KeyShape;
  readonly 'source.tableId-to-type.mapping'?: string | undefined;
  readonly 'expiry.column'?: string | undefined;
  readonly 'source.tableId-to-field-expiry.mapping'?: string | undefined;
  readonly 'owned.elsewhere'?: OwnedElsewhere | undefined;
}

/** The declared tables. Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
export const keyTables = (config: Declared): readonly KeyTable[] => {
  const tables = declaredTables(config.schema, 'redis');
  const shapeOf = keyShapesOf(config, tables);
  const keysOf = keyTemplates(config.key, config['source.tableId-to-key.mapping']);
  const untils = tableMapping(config[fieldExpirySetting], 'column(until)');
  for (const name of untils.keys()) {
    if (tables.some((table) => qualifiedName(table) === name)) continue;
    throw new MillraceError('CONFIG_WRONG_VALUE', {
      key: fieldExpirySetting,
      reason: `"${name}" is no table of \`schema\``,
    });
  }
  const expiryName = config['expiry.column'];
  if (expiryName !== undefined && !tables.some(({ columns }) => columns.some(({ name }) => name === expiryName))) {
    throw new MillraceError('CONFIG_WRONG_VALUE', {
      key: 'expiry.column',
      reason: `no table of \`schema\` has a column ${expiryName}`,
    });
  }
  const ownerOf = ownersOf(config['owned.elsewhere'], tables);
  const found = tables.map((table) => {
    const made = keyTable(table, shapeOf(table), keysOf, expiryName);
    return { ...made, fieldExpiries: fieldExpiries(untils.get(made.label), table, made), ...ownerOf(table, made) };
  });
  checkApart(found);
  return found;
};

/** A key is of one table. Throws CONFIG_WRONG_VALUE. */
const checkApart = (tables: readonly KeyTable[]): void => {
  for (const [at, { label, keys }] of tables.entries()) {
    const other = tables.slice(at + 1).find((each) => keys.sharesKeys(each.keys));
    if (other === undefined) continue;
    const reason = `a key may be of ${label} and of ${other.label}; give one of them keys of its own`;
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'source.tableId-to-key.mapping', reason });
  }
};

const keyTable = (
  table: Table,
  shape: KeyShape,
  keysOf: (table: Table, rowKey?: readonly number[]) => KeyTemplate,
  expiryName: string | undefined,
): Omit<KeyTable, 'fieldExpiries' | 'isForeign' | 'shared'> => {
  const wrong = (reason: string) =>
    new MillraceError('CONFIG_WRONG_VALUE', { key: 'schema', reason: `table ${qualifiedName(table)} ${reason}` });
  const rowKey = keyColumnsOf(table);
  if (rowKey.length === 0) throw wrong('has no primary key');
  const isChildren = shape !== 'hash' && shape !== 'string';
  const elementColumn = isChildren ? rowKey.at(-1)! : -1;
  const keys = isChildren ? keysOf(table, rowKey.slice(0, -1)) : keysOf(table);
  if (keys.columns.includes(elementColumn)) {
    const { name } = table.columns[elementColumn]!;
    throw wrong(
      `is of type ${shape}, where ${name}, the last column of its primary key, is an element and not in the key`,
    );
  }
  const expiryColumn = table.columns.findIndex(({ name }) => name === expiryName);
  if (expiryColumn >= 0) checkMoment(table, expiryColumn, 'expiry.column');
  const taken = [...keys.columns, elementColumn, expiryColumn];
  const others = table.columns.flatMap((_, column) => (taken.includes(column) ? [] : [column]));
  const values = { set: 0, string: 1, list: 1, zset: 1, fields: 1 } as const;
  const wanted = shape === 'hash' || shape === 'stream' ? others.length : values[shape];
  if (others.length !== wanted) {
    const named = others.map((column) => table.columns[column]!.name).join(', ') || 'none';
    throw wrong(`is of type ${shape}, which fills ${wanted} columns beside those of the key, and it has ${named}`);
  }
  return {
    table,
    label: qualifiedName(table),
    keys,
    shape,
    kind: shape === 'fields' ? 'hash' : shape,
    isChildren,
    elementColumn,
    valueColumn: shape === 'hash' || shape === 'stream' ? -1 : (others[0] ?? -1),
    finder: new ColumnFinder(table, textModes, 'refuse'),
    document: new RowDocument(table),
    expiryColumn,
  };
};

/** Every value a string; `RowDocument` writes bytes in hex. */
const textModes: ValueModes = { ...plainModes, binaries: 'hex', documents: 'string' };

/** The shape of each table: `value.type`, or what the mapping says of it, `database.table=type` each, separated by semicolons. */
const keyShapesOf = (config: Declared, tables: readonly Table[]): ((table: Table) => KeyShape) => {
  const key = 'source.tableId-to-type.mapping';
  const mapped = new Map<string, KeyShape>();
  for (const entry of (config[key] ?? '').split(';').map((each) => each.trim())) {
    if (entry === '') continue;
    const [name, shape] = entry.split('=').map((each) => each.trim()) as [string, string | undefined];
    const known = keyShapes.find((each) => each === shape);
    if (known === undefined || !tables.some((table) => qualifiedName(table) === name)) {
      const reason = `"${entry}" is not database.table=type, of a table in \`schema\` and one of ${keyShapes.join(', ')}`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason });
    }
    mapped.set(name, known);
  }
  return (table) => mapped.get(qualifiedName(table)) ?? config['value.type'];
};
