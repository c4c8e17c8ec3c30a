import type { Flavor } from '../flavor.ts';
import { builtinCollationText } from './builtin-collations.ts';

interface Collation {
  readonly collation: string;
  readonly charset: string;
}

/** Collations by id, as table maps name them. */
export type Collations = ReadonlyMap<number, Collation>;

/** The collation of bytes that are no text. */
export const binaryCollation = 63;

/**
 * One row of the server's own list, which may name collations that no built-in list has. MySQL:
 * `SELECT ID, COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS`; MariaDB from 10.10, whose newer
 * collations are shared by charsets: `SELECT ID, FULL_COLLATION_NAME AS COLLATION_NAME, CHARACTER_SET_NAME FROM
 * information_schema.COLLATION_CHARACTER_SET_APPLICABILITY`.
 */
export interface CollationRow {
  readonly ID: number | string | bigint | null;
  readonly COLLATION_NAME: string;
  readonly CHARACTER_SET_NAME: string | null;
}

/** The statement that lists a server's collations as `CollationRow`s. */
export const collationsQuery = (flavor: Flavor): string =>
  flavor === 'mariadb'
    ? 'SELECT ID, FULL_COLLATION_NAME AS COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY'
    : 'SELECT ID, COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS';

export const collationsFromRows = (rows: readonly CollationRow[]): Collations => {
  const collations = new Map<number, Collation>();
  for (const row of rows) {
    if (row.ID === null || row.CHARACTER_SET_NAME === null) continue;
    collations.set(Number(row.ID), { collation: row.COLLATION_NAME, charset: row.CHARACTER_SET_NAME });
  }
  return collations;
};

/** The collations that MySQL 9.7 or MariaDB 11.8 were built with: for binlog files without their server. */
export const builtinCollations = (flavor: Flavor): Collations => {
  const collations = new Map<number, Collation>();
  for (const [, charset, list] of builtinCollationText[flavor].matchAll(/^(\w+): (.*)$/gm)) {
    for (const [, id, suffix] of list!.matchAll(/(\d+)=(\S*)/g)) {
      collations.set(Number(id), { collation: `${charset}${suffix}`, charset: charset! });
    }
  }
  return collations;
};
