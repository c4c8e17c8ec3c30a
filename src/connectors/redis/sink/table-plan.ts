import { Buffer } from 'node:buffer';
import { ownedColumns } from '../../../core/owned-elsewhere.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { HashFields } from '../hash-fields.ts';
import type { KeyTemplate } from '../key-template.ts';
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
  /** What is known of the table in this Redis, whatever its version. */
  readonly state: TableState;
}

export interface TableState {
  /** The set of keys that have not been seen since the snapshot began; null: none are looked for. */
  vanished: string | null;
  /** Every row is there, so that an update need not write all of it. */
  complete: boolean;
}

export const planTable = (table: Table, settings: TableSettings, state: TableState): TablePlan => ({
  table,
  label: qualifiedName(table),
  ...settings,
  owned: ownedColumns(table),
  isMirroredHash: settings.shape.kind === 'hash' && settings.mode === 'mirror',
  isRowAlone: !expires(settings) && settings.indexes.length + settings.nests.length === 0,
  expires: expires(settings),
  allColumns: [...table.columns.keys()],
  before: new HashFields(table.columns, settings.nullText),
  after: new HashFields(table.columns, settings.nullText),
  names: table.columns.map(({ name }) => Buffer.from(`$${Buffer.byteLength(name)}\r\n${name}\r\n`)),
  lead: 64,
  state,
});

const expires = ({ expiry, fieldExpiries }: TableSettings): boolean => expiry !== null || fieldExpiries.length > 0;
