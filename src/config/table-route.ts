import { isMillraceError, MillraceError } from '../core/errors.ts';
import { type NameTemplate, nameTemplate } from '../core/name-template.ts';
import { tableGroups, tablePatterns } from '../core/table-pattern.ts';
import type { RouteSettings } from './frame.ts';

/** One entry of `route:`, read: which tables it renames, and how. */
export interface TableRoute {
  matches(database: string, table: string): boolean;
  rename(table: { readonly database: string; readonly name: string }): {
    readonly database: string;
    readonly name: string;
  };
  /** Whether several source tables may get one name. */
  readonly merges: boolean;
}

const variables = ['database', 'table'] as const;
const literalName = /^[\w$-]+$/;

/**
 * Reads an entry. `sink-table` is `database.table`, or a name alone (a Kafka topic, say), with `%{database}`, `%{table}`, the
 * text that `replace-symbol` names, and `$1`, `$2`… for the groups of `source-table`. Throws CONFIG_TABLE_PATTERN,
 * CONFIG_TEMPLATE and, for a name that cannot be made, CONFIG_WRONG_VALUE.
 */
export const tableRoute = (route: RouteSettings, all: readonly RouteSettings[]): TableRoute => {
  const pattern = route['source-table'];
  const patterns = tablePatterns([pattern], []);
  const target = readTarget(route);
  const shared = all.some((other) => other !== route && other['sink-table'] === route['sink-table']);
  return {
    matches: (database, table) => patterns.matches(database, table),
    rename: ({ database, name }) => target.rename(database, name),
    merges: shared || !target.tellsApart,
  };
};

interface Target {
  rename(database: string, table: string): { readonly database: string; readonly name: string };
  /** Whether tables that differ get names that differ. */
  readonly tellsApart: boolean;
}

const readTarget = (route: RouteSettings): Target => {
  const text = route['sink-table'];
  const symbol = route['replace-symbol'];
  const pattern = route['source-table'];
  const numbers = Array.from(text.matchAll(/\$(\d+)/g), (match) => Number(match[1]));
  const [database, table] = pattern.split(/(?<!\\)\./);
  const literal = [database, table].map((part) => literalName.test(part ?? '') && !pattern.includes(','));
  if (numbers.length > 0) {
    if (symbol !== undefined) throw wrong('groups such as $1 and `replace-symbol` cannot stand in one route');
    const groups = countGroups(pattern);
    const beyond = numbers.find((number) => number < 1 || number > groups);
    if (beyond !== undefined) throw wrong(`$${beyond} names no group: \`source-table\` has ${groups}`);
  }
  const template = nameTemplate(symbol === undefined ? text : text.replaceAll(symbol, '%{table}'), variables);
  const groupsOf = numbers.length > 0 ? tableGroups(pattern) : null;
  return {
    rename: (database, name) => {
      const groups = groupsOf?.(database, name) ?? [];
      const filled = template.fill({ database, table: name });
      return splitName(filled.replace(/\$(\d+)/g, (found, number) => groups[Number(number) - 1] ?? found));
    },
    tellsApart:
      groupsOf === null
        ? tells(template, 'database', literal[0]!) && tells(template, 'table', literal[1]!)
        : groupsHoldAll(pattern, new Set(numbers)),
  };
};

const tells = (template: NameTemplate<(typeof variables)[number]>, variable: 'database' | 'table', literal: boolean) =>
  literal || template.variables.has(variable);

/** Whether nothing of a name varies outside the groups that the target uses. */
const groupsHoldAll = (pattern: string, used: ReadonlySet<number>): boolean => {
  let number = 0;
  const outside = pattern.replace(/\([^()]*\)/g, () => {
    number += 1;
    return used.has(number) ? '' : '(';
  });
  return /^[\w$-]*\.[\w$-]*$/.test(outside);
};

const countGroups = (pattern: string): number => pattern.match(/(?<!\\)\((?!\?)/g)?.length ?? 0;

/** Up to the first dot the database; without one, a name that belongs to none. */
const splitName = (name: string): { readonly database: string; readonly name: string } => {
  const dot = name.indexOf('.');
  return { database: dot < 0 ? '' : name.slice(0, dot), name: name.slice(dot + 1) };
};

const wrong = (reason: string): MillraceError => new MillraceError('CONFIG_WRONG_VALUE', { key: 'sink-table', reason });

/** What is wrong with an entry, and the key it is wrong in; null: nothing. */
export const routeProblem = (
  route: RouteSettings,
): { readonly key: 'source-table' | 'sink-table'; readonly error: MillraceError } | null => {
  try {
    tableRoute(route, [route]);
    return null;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return { key: isMillraceError(error, 'CONFIG_TABLE_PATTERN') ? 'source-table' : 'sink-table', error };
  }
};
