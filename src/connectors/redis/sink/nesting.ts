import { MillraceError } from '../../../core/errors.ts';
import { nameTemplate } from '../../../core/name-template.ts';
import { type ColumnType, qualifiedName, type Table } from '../../../core/table.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { tableMapping } from '../key-mapping.ts';
import { KeyTemplate } from '../key-template.ts';

/** Rows of one table that stand within the rows of another, as a pipeline's settings declare it. */
export interface Nesting {
  /** The table whose rows hold the others, as `database.table`. */
  readonly parent: string;
  /** What the rows within are called there. */
  readonly name: string;
  /** The columns of the parent's key, where they are named, and the child's columns that have the same values. */
  readonly join: readonly { readonly parent: string | null; readonly child: string }[];
  /** A parent that goes takes its children along, and one that gets another key keeps them, without the log saying so. */
  readonly cascades: boolean;
}

/** Where a row of one version of a child table stands. */
export interface NestedPlace {
  /** Makes the key of the parent's row of the child's columns. */
  readonly keys: KeyTemplate;
  /** Makes the child's name within the parent: `lines:7`, or `address` where a parent has one at most. */
  readonly fields: KeyTemplate;
  /** The columns that are told of a child: those of the join are the parent's. */
  readonly columns: readonly number[];
}

/** `shop.lines=shop.orders(order_id) as lines cascade`, by the child's `database.table`. Throws CONFIG_TEMPLATE. */
export const nestings = (mapping: string | undefined): ReadonlyMap<string, Nesting> => {
  const found = new Map<string, Nesting>();
  for (const [child, text] of tableMapping(mapping, 'parent(column)')) {
    const [, parent, columns, name, cascade] =
      /^([^()\s]+)\s*\(([^()]+)\)(?:\s+as\s+(\S+))?(\s+cascade)?$/.exec(text) ?? [];
    if (parent === undefined) {
      return refuse(`${child}=${text}`, 'it is not parent(column,column), with `as name` and `cascade` behind it');
    }
    const join = columns!.split(',').map((each) => {
      const [first, second] = each.split('=').map((side) => side.trim());
      return second === undefined ? { parent: null, child: first! } : { parent: first!, child: second };
    });
    const nesting = {
      parent,
      name: name ?? child.slice(child.indexOf('.') + 1),
      join,
      cascades: cascade !== undefined,
    };
    if (!/^[\w$-]+$/.test(nesting.name)) refuse(text, `${nesting.name} is no name: give one of letters and digits`);
    const twin = [...found.values()].some((other) => other.parent === parent && other.name === nesting.name);
    if (twin) refuse(text, `rows of ${parent} hold something else called ${nesting.name}; say \`as name\``);
    found.set(child, nesting);
  }
  for (const [child, { parent }] of found) {
    if (found.has(parent)) refuse(child, `${parent} stands within rows itself, so nothing stands within its rows`);
  }
  return found;
};

/** `keyText`: the parent's key template. Throws CONFIG_TEMPLATE where the parent's key cannot be made of the child's columns. */
export const nestedPlace = (nesting: Nesting, keyText: string, child: Table): NestedPlace => {
  const label = qualifiedName(child);
  const joined = nesting.join.map(({ child: name }) => {
    const column = child.columns.findIndex((other) => other.name === name);
    return column >= 0 ? column : refuse(name, `${label} has no such column`);
  });
  if (new Set(joined).size < joined.length) refuse(label, 'a column stands twice in what joins it to its parent');
  const key = keyColumnsOf(child);
  if (key.length === 0) refuse(label, 'it has no primary key, nor a unique one without NULL, to tell its rows apart');
  const own = key.filter((column) => !joined.includes(column));
  return {
    keys: parentKeys(nesting, keyText, child, joined),
    fields: KeyTemplate.listed(own.length === 0 ? nesting.name : `${nesting.name}:`, own),
    columns: [...child.columns.keys()].filter((column) => !joined.includes(column)),
  };
};

/** The parent's template over a table that has the parent's names, and the child's columns under the names that the join gives them. */
const parentKeys = (
  { parent, join }: Nesting,
  keyText: string,
  child: Table,
  joined: readonly number[],
): KeyTemplate => {
  const named = join.map((each) => each.parent ?? each.child);
  nameTemplate(keyText, ['database', 'table', 'key', ...named]);
  const columns = child.columns.map((column, at) => ({ ...column, name: named[joined.indexOf(at)] ?? '' }));
  const dot = parent.indexOf('.');
  const standIn = { ...child, database: parent.slice(0, Math.max(dot, 0)), name: parent.slice(dot + 1), columns };
  return KeyTemplate.of(keyText, standIn, joined);
};

/** Throws CONFIG_TEMPLATE where the parent's rows have other keys than those that are made of its children's columns. */
export const checkJoin = (
  { parent: label, join }: Nesting,
  parent: Table,
  keys: KeyTemplate,
  child: Table,
  place: NestedPlace,
): void => {
  const names = keys.columns.map((column) => parent.columns[column]!.name);
  if (place.keys.columns.length !== names.length) {
    refuse(qualifiedName(child), `the keys of ${label} are made of ${names.join(', ')}: name a column for each`);
  }
  for (const [at, column] of place.keys.columns.entries()) {
    const { name, type } = child.columns[column]!;
    const named = join.find((each) => each.child === name)?.parent;
    if (named && named !== names[at]) {
      refuse(qualifiedName(child), `the keys of ${label} are made of ${names.join(', ')}: name them in this order`);
    }
    if (textOf(type) !== textOf(parent.columns[keys.columns[at]!]!.type)) {
      refuse(
        qualifiedName(child),
        `${name} and ${names[at]} of ${label} are of unlike types, so equal values may differ`,
      );
    }
  }
};

/** Equal for types whose equal values have equal texts. */
const textOf = (type: ColumnType): string => {
  const { kind } = type;
  if (kind === 'decimal') return `${kind} ${type.scale}`;
  if ('fsp' in type) return `${kind} ${type.fsp}`;
  if (kind === 'binary' && type.fixed) return `${kind} ${type.maxBytes}`;
  return kind === 'year' || kind === 'bit' ? 'integer' : kind;
};

const refuse = (text: string, reason: string): never => {
  throw new MillraceError('CONFIG_TEMPLATE', { text, reason });
};
