import { createHash } from 'node:crypto';
import type { Table } from '../../../core/table.ts';
import { quoteName, quoteText } from '../statements.ts';
import type { StatementSession } from './statement-session.ts';

/** A column as the target has it now. */
export interface TargetColumn {
  readonly name: string;
  /** As the catalogue prints it: `varchar(20)`. */
  readonly type: string;
  readonly charset: string | null;
  readonly collation: string | null;
  /** The server computes it, and takes no value. */
  readonly generated: boolean;
  /** An update that leaves it out changes it all the same. */
  readonly onUpdate: boolean;
}

export interface TargetKey {
  readonly name: string;
  readonly unique: boolean;
  /** Names of its columns in their order; null stands for an expression. */
  readonly columns: readonly (string | null)[];
}

/** A table as the target has it now. */
export interface TargetTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly TargetColumn[];
  /** The primary key's columns in their order; empty: there is none. */
  readonly primaryKey: readonly string[];
  /** The other keys. */
  readonly keys: readonly TargetKey[];
}

export const fullName = ({ database, name }: Pick<Table, 'database' | 'name'>): string =>
  `${quoteName(database)}.${quoteName(name)}`;

/** The table as it is now; null: there is none. */
export const readTargetTable = async (
  session: StatementSession,
  { database, name }: Pick<Table, 'database' | 'name'>,
): Promise<TargetTable | null> => {
  const where = `TABLE_SCHEMA = ${quoteText(database)} AND TABLE_NAME = ${quoteText(name)}`;
  const columns = await session.query(
    `SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  if (columns.length === 0) return null;
  const parts = await session.query(
    `SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME FROM information_schema.STATISTICS WHERE ${where} ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  const keys = new Map<string, { readonly unique: boolean; readonly columns: (string | null)[] }>();
  for (const [key, nonUnique, column] of parts) {
    const known = keys.get(key!) ?? { unique: nonUnique === '0', columns: [] };
    known.columns.push(column ?? null);
    keys.set(key!, known);
  }
  const primary = keys.get('PRIMARY');
  keys.delete('PRIMARY');
  return {
    database,
    name,
    columns: columns.map(([column, type, charset, collation, extra]) => ({
      name: column!,
      type: type!,
      charset: charset ?? null,
      collation: collation ?? null,
      generated: /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b|\bAS ROW (START|END)\b/i.test(extra ?? ''),
      onUpdate: /\bon update\b/i.test(extra ?? ''),
    })),
    primaryKey: primary?.columns.map((column) => column ?? '') ?? [],
    keys: [...keys].map(([key, facts]) => ({ name: key, ...facts })),
  };
};

/** Servers compare column names without regard to case. */
export const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

export const columnNamed = (table: TargetTable, name: string): TargetColumn | null =>
  table.columns.find((column) => sameName(column.name, name)) ?? null;

/** A short name made of a longer one, for tables of our own. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
