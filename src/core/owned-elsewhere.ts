import { z } from 'zod';
import type { OwnedElsewhere, OwnedGroup } from './column-owners.ts';
import { isMillraceError } from './errors.ts';
import { tablePatterns } from './table-pattern.ts';

/** `shop.users(visits,last_seen); shop.stock`, or a list of such. Wrong ones are shown at their place. */
export const ownedElsewhere = z.union([z.string(), z.array(z.string())]).transform((value, context): OwnedElsewhere => {
  const owned = { tables: [] as string[], groups: [] as OwnedGroup[] };
  const wrong = (message: string): void => void context.addIssue({ code: 'custom', message });
  for (const entry of (typeof value === 'string' ? [value] : value).flatMap(entriesOf)) {
    const group = groupOf(entry);
    if (group === null) {
      try {
        tablePatterns([entry], []);
        owned.tables.push(entry);
      } catch (error) {
        if (!isMillraceError(error, 'CONFIG_TABLE_PATTERN')) throw error;
        wrong(error.message);
      }
      continue;
    }
    const { database, name, columns } = group;
    const label = `${database}.${name}`;
    const twice = columns.find((column, at) => columns.indexOf(column) !== at);
    if (columns.length === 0) wrong(`${label}() names no column; ${label} alone is all of the table`);
    else if (twice !== undefined) wrong(`${label} names ${twice} twice`);
    else if (owned.groups.some((other) => other.database === database && other.name === name))
      wrong(`${label} stands here twice; name all of its columns in one place`);
    else owned.groups.push(group);
  }
  const whole = tablePatterns(owned.tables, []);
  for (const { database, name } of owned.groups) {
    if (whole.matches(database, name)) wrong(`${database}.${name} stands here by its columns, and as a whole table`);
  }
  if (owned.tables.length + owned.groups.length === 0) wrong('names nothing');
  return owned;
});

/** `database.table(column,column)`; null: a pattern. A group of a regular expression stands behind the dot, or holds a `|`. */
const groupOf = (entry: string): OwnedGroup | null => {
  const [, database, name, columns] = /^([\w$-]+)\.([\w$-]+)\s*\(([^()|\\]*)\)$/.exec(entry) ?? [];
  if (database === undefined) return null;
  const names = columns!.split(',').map((column) => column.trim());
  return { database, name: name!, columns: names.filter((column) => column !== '') };
};

/** Cut at `;`, and at `,` outside of parentheses and braces. What a backslash stands before cuts nothing. */
const entriesOf = (text: string): readonly string[] => {
  const entries: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at] ?? ';';
    if (character === '\\') at += 1;
    else if (character === '(' || character === '{') depth += 1;
    else if (character === ')' || character === '}') depth -= 1;
    else if (at === text.length || (depth <= 0 && (character === ';' || character === ','))) {
      entries.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return entries.filter((entry) => entry !== '');
};
