import type { OwnedElsewhere } from '../../../core/column-owners.ts';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { tablePatterns } from '../../../core/table-pattern.ts';
import type { KeyTemplate } from '../key-template.ts';

/** The columns of a table of which each side owns some. Positions in the table; those in the key are nobody's. */
export interface SharedColumns {
  /** Those that the other side owns. */
  readonly foreign: ReadonlySet<number>;
  /** Those that Redis owns. */
  readonly own: readonly number[];
}

interface Owner {
  readonly isForeign: boolean;
  readonly shared: SharedColumns | null;
}

interface Shape {
  readonly shape: string;
  readonly keys: KeyTemplate;
}

/** Who owns each of the declared tables. Throws CONFIG_WRONG_VALUE. */
export const ownersOf = (
  owned: OwnedElsewhere | undefined,
  declared: readonly Table[],
): ((table: Table, shape: Shape) => Owner) => {
  const { tables = [], groups = [] } = owned ?? {};
  const patterns = tables.map((name) => ({ name, matches: tablePatterns([name], []).matches }));
  const unknown =
    patterns.find(({ matches }) => !declared.some(({ database, name }) => matches(database, name)))?.name ??
    groups.map(qualifiedName).find((label) => !declared.some((table) => qualifiedName(table) === label));
  if (unknown !== undefined) throw wrong(`${unknown} is not a table in \`schema\``);
  return (table, shape) => {
    const { database, name } = table;
    const group = groups.find((each) => qualifiedName(each) === qualifiedName(table));
    if (group !== undefined) return { isForeign: false, shared: sharedColumns(table, group.columns, shape) };
    return { isForeign: patterns.some(({ matches }) => matches(database, name)), shared: null };
  };
};

const sharedColumns = (table: Table, names: readonly string[], { shape, keys }: Shape): SharedColumns => {
  const label = qualifiedName(table);
  if (shape !== 'hash') throw wrong(`${label} is of type ${shape}, and only the fields of a hash may have two owners`);
  const foreign = names.map((name) => {
    const column = table.columns.findIndex((other) => other.name === name);
    if (column < 0) throw wrong(`${label} has no column ${name} in \`schema\``);
    if (keys.columns.includes(column)) throw wrong(`${name} is in the key of ${label}, which both sides share`);
    return column;
  });
  const own = [...table.columns.keys()].filter((column) => !foreign.includes(column) && !keys.columns.includes(column));
  if (own.length === 0) throw wrong(`${label} has no other columns; name the table alone`);
  return { foreign: new Set(foreign), own };
};

const wrong = (reason: string): MillraceError =>
  new MillraceError('CONFIG_WRONG_VALUE', { key: 'owned.elsewhere', reason });
