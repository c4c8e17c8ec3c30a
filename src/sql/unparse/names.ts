import type { Identifier } from '../ast/identifier.ts';
import { reservedWords } from '../parse/reserved-words.ts';

/** A name, in backquotes where it needs them. */
export const nameText = ({ name }: Identifier): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reservedWords.has(name.toUpperCase()) && !softWords.has(name.toUpperCase())
    ? name
    : `\`${name.replaceAll('`', '``')}\``;

/** Words that begin something else where a name may stand. */
const softWords: ReadonlySet<string> = new Set([
  'DESCRIPTOR',
  'TRY_CAST',
  'TIMESTAMPADD',
  'TIMESTAMPDIFF',
  'MAP',
  'IF',
  'DESC',
  'ASC',
  'HOP',
  'TUMBLE',
]);

export const dottedText = (path: readonly Identifier[]): string => path.map(nameText).join('.');

export const stringText = (value: string): string => `'${value.replaceAll("'", "''")}'`;

export const listText = <Item>(items: readonly Item[], text: (item: Item) => string): string =>
  items.map(text).join(', ');
