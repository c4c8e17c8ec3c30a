import { TokenCursor } from '../../protocol/mysql/ddl/token-cursor.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';

/** What kind of statement a text is, as far as its first words tell. */
export interface StatementHead {
  /** The first word in upper case; '' when there is none. */
  readonly verb: string;
  /** It changes rows, so a log in row format holds its rows instead of it. */
  readonly changesRows: boolean;
  /** The one table that it changes; null: several, or it takes more than the first words to tell. */
  readonly target: { readonly database: string | null; readonly name: string } | null;
}

/** A SELECT or DO is logged when a function in it writes. */
const rowVerbs = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'CALL', 'SELECT', 'DO', 'MERGE']);
const modifiers = ['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'QUICK', 'IGNORE', 'INTO', 'FROM'] as const;

/** Reads a statement's first words. Comments and MariaDB's `SET STATEMENT … FOR` are passed over. */
export const statementHead = (sql: string, flavor: Flavor): StatementHead => {
  const cursor = new TokenCursor(sql, { flavor, ansiQuotes: false, noBackslashEscapes: false });
  if (cursor.skip('SET', 'STATEMENT')) while (!cursor.ended && !cursor.skip('FOR')) cursor.take();
  while (cursor.peek().text === '(') cursor.take();
  const verb = cursor.take().keyword;
  const single = verb === 'INSERT' || verb === 'REPLACE' || verb === 'DELETE' || verb === 'UPDATE';
  return { verb, changesRows: rowVerbs.has(verb), target: single ? readTarget(cursor) : null };
};

const readTarget = (cursor: TokenCursor): StatementHead['target'] => {
  while (cursor.skipAny(...modifiers) !== null);
  const first = cursor.take();
  if (first.kind !== 'word' && first.kind !== 'quoted') return null;
  let database: string | null = null;
  let name = first.text;
  if (cursor.peek().text === '.') {
    cursor.take();
    database = first.text;
    name = cursor.take().text;
  }
  // `UPDATE a, b`, `UPDATE a JOIN b`, `DELETE a FROM …` change what stands further on.
  const next = cursor.peek();
  return next.text === ',' || /^(JOIN|INNER|LEFT|RIGHT|CROSS|NATURAL|STRAIGHT_JOIN|FROM)$/.test(next.keyword)
    ? null
    : { database, name };
};
