/**
 * The `tests:` section: rows in, rows out, without a server.
 *
 *     tests:
 *       - name: zero totals are dropped
 *         tables: CREATE TABLE shop.orders (id INT PRIMARY KEY, total DECIMAL(10, 2))
 *         input:  [{table: shop.orders, op: c, after: {id: 1, total: 0}}]
 *         output: []
 */
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import {
  type ConfigNode,
  describeNode,
  type MapEntry,
  type MapNode,
  mapEntry,
  type ScalarNode,
} from './config-node.ts';
import type { Report } from './diagnostic.ts';
import type { Place } from './source-text.ts';

/** A value as it was written; null: NULL. `plain`: without quotes, so that digits are a number. */
export interface TestValue {
  readonly text: string | null;
  readonly plain: boolean;
}
export type TestRow = ReadonlyMap<string, TestValue>;

export interface TestChange {
  /** `database.table`. */
  readonly table: string;
  readonly op: 'read' | 'create' | 'update' | 'delete';
  readonly before: TestRow | null;
  readonly after: TestRow | null;
}

export interface RowTest {
  readonly name: string;
  readonly place: Place;
  /** CREATE TABLE statements; tables that none of them makes are made up from their rows. */
  readonly tables: readonly string[];
  readonly input: readonly TestChange[];
  readonly output: readonly TestChange[];
}

const operations: Readonly<Record<string, TestChange['op']>> = {
  r: 'read',
  c: 'create',
  u: 'update',
  d: 'delete',
  read: 'read',
  create: 'create',
  insert: 'create',
  update: 'update',
  delete: 'delete',
};

export const readTests = (entry: MapEntry | undefined, report: Report): readonly RowTest[] => {
  if (!entry) return [];
  if (entry.value.kind !== 'list') {
    wrongShape(report, 'tests', 'a list of tests', entry.value);
    return [];
  }
  return entry.value.items.flatMap((node, index) => {
    const test = readTest(node, `tests[${index}]`, report);
    return test === null ? [] : [test];
  });
};

const readTest = (node: ConfigNode, where: string, report: Report): RowTest | null => {
  const map = mapOf(node, where, ['name', 'tables', 'input', 'output'], report);
  if (map === null) return null;
  const input = readChanges(map, 'input', where, report);
  const output = readChanges(map, 'output', where, report);
  const tables = mapEntry(map, 'tables')?.value;
  const statements = tables === undefined ? [] : tables.kind === 'list' ? tables.items : [tables];
  for (const each of statements)
    if (each.kind !== 'scalar') wrongShape(report, `${where}.tables`, 'CREATE TABLE statements', each);
  if (input === null || output === null) return null;
  return {
    name: scalarOf(mapEntry(map, 'name')?.value)?.text ?? where,
    place: map.entries[0]!.keyPlace,
    tables: statements.flatMap((each) => (each.kind === 'scalar' ? [each.text] : [])),
    input,
    output,
  };
};

const readChanges = (
  map: MapNode,
  key: 'input' | 'output',
  where: string,
  report: Report,
): readonly TestChange[] | null => {
  const entry = mapEntry(map, key);
  if (!entry) {
    const place = map.entries[0]?.keyPlace ?? map.place;
    report('error', place, new MillraceError('CONFIG_MISSING_KEY', { key, section: where }));
    return null;
  }
  if (entry.value.kind !== 'list') {
    wrongShape(report, `${where}.${key}`, 'a list of changes', entry.value);
    return null;
  }
  const changes = entry.value.items.map((node, index) => readChange(node, `${where}.${key}[${index}]`, report));
  return changes.includes(null) ? null : (changes as TestChange[]);
};

const readChange = (node: ConfigNode, where: string, report: Report): TestChange | null => {
  const map = mapOf(node, where, ['table', 'op', 'before', 'after'], report);
  if (map === null) return null;
  const table = scalarOf(mapEntry(map, 'table')?.value)?.text;
  if (table === undefined) {
    report('error', map.place, new MillraceError('CONFIG_MISSING_KEY', { key: 'table', section: where }));
    return null;
  }
  const before = readRow(map, 'before', where, report);
  const after = readRow(map, 'after', where, report);
  const given = mapEntry(map, 'op')?.value;
  const op =
    given === undefined
      ? before === null
        ? 'create'
        : after === null
          ? 'delete'
          : 'update'
      : operations[scalarOf(given)?.text ?? ''];
  const wrong = (place: Place, key: string, reason: string): null => {
    report('error', place, new MillraceError('CONFIG_WRONG_VALUE', { key: `${where} ${key}`, reason }));
    return null;
  };
  if (op === undefined) return wrong(given!.place, 'op', `expected one of r, c, u, d, found ${describeNode(given!)}`);
  if (op === 'delete' && before === null) return wrong(map.place, 'before', 'a delete needs the row that went');
  if (op !== 'delete' && after === null) return wrong(map.place, 'after', `${op} needs the row that came`);
  if (op === 'delete' && after !== null) return wrong(map.place, 'after', 'a delete leaves no row');
  if ((op === 'create' || op === 'read') && before !== null)
    return wrong(map.place, 'before', `before a ${op} there was no row`);
  return { table, op, before, after };
};

const readRow = (map: MapNode, key: 'before' | 'after', where: string, report: Report): TestRow | null => {
  const node = mapEntry(map, key)?.value;
  if (node === undefined || (node.kind === 'scalar' && node.isNull)) return null;
  if (node.kind !== 'map') {
    wrongShape(report, `${where}.${key}`, 'a mapping of columns to values', node);
    return null;
  }
  return new Map(
    node.entries.flatMap(({ key: column, value }): [string, TestValue][] => {
      if (value.kind === 'scalar') return [[column, { text: value.isNull ? null : value.text, plain: value.plain }]];
      wrongShape(report, `${where}.${key}.${column}`, 'one value; write JSON as a text', value);
      return [];
    }),
  );
};

const mapOf = (node: ConfigNode, where: string, keys: readonly string[], report: Report): MapNode | null => {
  if (node.kind !== 'map' || node.entries.length === 0) {
    wrongShape(report, where, `a mapping of ${keys.join(', ')}`, node);
    return null;
  }
  for (const { key, keyPlace } of node.entries) {
    if (keys.includes(key)) continue;
    const details = { key, section: where, suggestion: nearestName(key, keys), belongsUnder: null };
    report('error', keyPlace, new MillraceError('CONFIG_UNKNOWN_KEY', details));
  }
  return node;
};

const scalarOf = (node: ConfigNode | undefined): ScalarNode | undefined =>
  node?.kind === 'scalar' && !node.isNull ? node : undefined;

const wrongShape = (report: Report, where: string, expected: string, node: ConfigNode): void =>
  report('error', node.place, new MillraceError('CONFIG_WRONG_SHAPE', { where, expected, found: describeNode(node) }));
