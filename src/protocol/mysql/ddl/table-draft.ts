import assert from 'node:assert/strict';
import { type Column, defineTable } from '../../../core/table.ts';
import type { TableName } from './effect.ts';
import type { FollowedTable } from './schema.ts';

/** A table while a statement is being applied: keys hold names, because positions move. */
export interface TableDraft {
  readonly name: TableName;
  columns: Column[];
  primaryKey: readonly string[];
  uniqueKeys: DraftKey[];
  charset: string;
  collation: string;
  comment: string | null;
}

interface DraftKey {
  readonly name: string;
  readonly columns: readonly string[];
}

export const sameName = (a: string, b: string): boolean => a === b || a.toLowerCase() === b.toLowerCase();

export const draftOf = ({ table, collation, uniqueKeyNames }: FollowedTable, fallbackCharset: string): TableDraft => {
  const names = (positions: readonly number[]): readonly string[] =>
    positions.map((position) => table.columns[position]!.name);
  return {
    name: { database: table.database, name: table.name },
    columns: [...table.columns],
    primaryKey: names(table.primaryKey),
    uniqueKeys: table.uniqueKeys.map((key, index) => ({ name: uniqueKeyNames[index] ?? '', columns: names(key) })),
    charset: table.charset ?? fallbackCharset,
    collation,
    comment: table.comment,
  };
};

/** Gives an unnamed unique key the name the server gives it: its first column's, numbered when taken. */
export const keyName = (draft: TableDraft, columns: readonly string[]): string => {
  const first = columns[0] ?? '';
  const taken = (name: string): boolean => draft.uniqueKeys.some((key) => sameName(key.name, name));
  let name = first;
  for (let number = 2; taken(name); number += 1) name = `${first}_${number}`;
  return name;
};

/** The table a draft describes. Like the servers, it has the keys that cannot hold NULL before those that can. */
export const finishDraft = (draft: TableDraft): FollowedTable => {
  const position = (name: string): number => {
    const index = draft.columns.findIndex((column) => sameName(column.name, name));
    assert(index >= 0, 'a key names a column that its table lacks');
    return index;
  };
  const primaryKey = draft.primaryKey.map(position);
  const columns = draft.columns.map((column, index) =>
    primaryKey.includes(index) && column.nullable ? { ...column, nullable: false } : column,
  );
  const keys = draft.uniqueKeys.map(({ name, columns: names }) => ({ name, positions: names.map(position) }));
  const [sure, unsure] = [true, false].map((wanted) =>
    keys.filter(({ positions }) => positions.every((index) => !columns[index]!.nullable) === wanted),
  );
  const ordered = [...sure!, ...unsure!];
  const table = defineTable({
    database: draft.name.database,
    name: draft.name.name,
    columns,
    primaryKey,
    uniqueKeys: ordered.map(({ positions }) => positions),
    charset: draft.charset,
    comment: draft.comment,
  });
  return { table, collation: draft.collation, uniqueKeyNames: ordered.map(({ name }) => name) };
};
