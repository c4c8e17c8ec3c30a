import { Buffer } from 'node:buffer';
import { ownedColumns } from '../../../core/column-owners.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { longestEntryText } from '../../../protocol/redis/rdb/listpack-entry.ts';
import { HashFields } from '../hash-fields.ts';
import type { KeyTemplate } from '../key-template.ts';
import { ListpackFields } from '../listpack-fields.ts';
import type { Nesting } from './nesting.ts';
import type { FieldExpiry, TableMode, TableSettings, ValueShape } from './table-settings.ts';

/** How the rows of one version of a table become hashes. */
export interface TablePlan {
  readonly table: Table;
  /** `database.table`. */
  readonly label: string;
  readonly shape: ValueShape;
  readonly mode: TableMode;
  readonly expiry: number | null;
  readonly fieldExpiries: readonly FieldExpiry[];
  readonly keys: KeyTemplate;
  readonly indexes: readonly KeyTemplate[];
  readonly nests: readonly Nesting[];
  /** Columns whose fields Redis owns. */
  readonly owned: readonly number[];
  /** Rows are hashes, and all of them are there. */
  readonly isMirroredHash: boolean;
  /** Nothing is to be said of a new row but its fields. */
  readonly isRowAlone: boolean;
  /** The row, or a field of it, may be gone by the next change. */
  readonly expires: boolean;
  readonly allColumns: readonly number[];
  readonly before: HashFields;
  readonly after: HashFields;
  /** `$6␍␊status␍␊`, by column. */
  readonly names: readonly Buffer[];
  /** How many bytes of commands stood in front of the fields in the row before. */
  lead: number;
  /** How its rows are made ready for the server; null: fields are told one by one. */
  readonly packing: RowPacking | null;
  /** What is known of the table in this Redis, whatever its version. */
  readonly state: TableState;
}

/** What a server keeps as a listpack: hashes of no more fields, and no longer values. */
export interface PackLimits {
  readonly maxFields: number;
  readonly maxValueBytes: number;
}

export interface RowPacking {
  readonly fields: ListpackFields;
  /** How many bytes of commands stood in front of the elements in the row before. */
  lead: number;
  /** Rows that are told field by field before another one is tried. */
  pause: number;
  /** How many that were the last time, since the last row that was kept so; and since something last stood at a row's key. */
  unfit: number;
  busy: number;
}

export interface TableState {
  /** The set of keys that have not been seen since the snapshot began; null: none are looked for. */
  vanished: string | null;
  /** Every row is there, so that an update need not write all of it. */
  complete: boolean;
}

/** `limits` null: the server takes no hashes that are made ready for it. */
export const planTable = (
  table: Table,
  settings: TableSettings,
  state: TableState,
  limits: PackLimits | null = null,
): TablePlan => ({
  table,
  label: qualifiedName(table),
  ...settings,
  owned: ownedColumns(table),
  isMirroredHash: settings.shape.kind === 'hash' && settings.mode === 'mirror',
  isRowAlone: isAlone(settings),
  expires: expires(settings),
  allColumns: [...table.columns.keys()],
  before: new HashFields(table.columns, settings.nullText),
  after: new HashFields(table.columns, settings.nullText),
  names: table.columns.map(({ name }) => Buffer.from(`$${Buffer.byteLength(name)}\r\n${name}\r\n`)),
  lead: 64,
  packing: limits === null ? null : packingOf(table, settings, limits),
  state,
});

/** null: no row of the table can be a listpack, or more is to be said of it than its fields. */
const packingOf = (
  table: Table,
  settings: TableSettings,
  { maxFields, maxValueBytes }: PackLimits,
): RowPacking | null => {
  const longest = Math.min(maxValueBytes, longestEntryText);
  const { keys, nullText } = settings;
  if (settings.shape.kind !== 'hash' || settings.mode !== 'mirror' || !isAlone(settings)) return null;
  // The text of a number takes up to 26 bytes, and that of a moment, too.
  if (table.columns.length > maxFields || longest < 32) return null;
  if (table.columns.some(({ name }) => Buffer.byteLength(name) > longest)) return null;
  const fields = new ListpackFields(table.columns, keys.columns, { maxValueBytes: longest, nullText });
  return { fields, lead: 64, pause: 0, unfit: 0, busy: 0 };
};

const isAlone = (settings: TableSettings): boolean =>
  !expires(settings) && settings.indexes.length + settings.nests.length === 0;

const expires = ({ expiry, fieldExpiries }: TableSettings): boolean => expiry !== null || fieldExpiries.length > 0;
