import type { GroupBy, GroupItem, NamedWindow, Select, SelectItem } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';
import { parseHints } from './hints.ts';
import { parseTableReferences } from './table-reference.ts';
import { parseWindowSpecification } from './window-specification.ts';

/** SELECT up to its WINDOW clause. */
export const parseSelect = (cursor: Cursor): Select => {
  const { start } = cursor;
  cursor.expect('SELECT');
  const hints = parseHints(cursor);
  if (cursor.sees('STREAM'))
    cursor.refuse(cursor.peek(), 'SELECT STREAM', 'every query here is one; leave the word out');
  const distinct = cursor.acceptOneOf('DISTINCT', 'ALL') === 'DISTINCT';
  const items = cursor.list(() => parseSelectItem(cursor));
  const from = cursor.accept('FROM') ? parseTableReferences(cursor) : null;
  const where = cursor.accept('WHERE') ? cursor.expression() : null;
  const groupBy = parseGroupBy(cursor);
  const having = cursor.accept('HAVING') ? cursor.expression() : null;
  const windows = cursor.accept('WINDOW') ? cursor.list(() => parseNamedWindow(cursor)) : [];
  return { kind: 'select', hints, distinct, items, from, where, groupBy, having, windows, ...cursor.spanFrom(start) };
};

export const parseSelectItem = (cursor: Cursor): SelectItem => {
  const { start } = cursor;
  if (cursor.accept('*')) {
    const expression = { kind: 'star', path: [], ...cursor.spanFrom(start) } as const;
    return { expression, alias: null, ...cursor.spanFrom(start) };
  }
  const expression = cursor.expression();
  if (expression.kind === 'star') return { expression, alias: null, ...cursor.spanFrom(start) };
  const alias = cursor.accept('AS') ? cursor.name("the column's name") : cursor.seesName() ? cursor.name() : null;
  return { expression, alias, ...cursor.spanFrom(start) };
};

const parseGroupBy = (cursor: Cursor): GroupBy | null => {
  const { start } = cursor;
  if (!cursor.accept('GROUP')) return null;
  cursor.expect('BY');
  const distinct = cursor.acceptOneOf('DISTINCT', 'ALL') === 'DISTINCT';
  const items = cursor.list(() => parseGroupItem(cursor));
  return { distinct, items, ...cursor.spanFrom(start) };
};

const parseGroupItem = (cursor: Cursor): GroupItem => {
  const { start } = cursor;
  const nested = (): readonly GroupItem[] => cursor.parenthesized(() => parseGroupItem(cursor));
  if (cursor.accept('GROUPING', 'SETS')) return { kind: 'grouping-sets', items: nested(), ...cursor.spanFrom(start) };
  if (cursor.sees('ROLLUP', '(') && cursor.accept('ROLLUP')) {
    return { kind: 'rollup', items: nested(), ...cursor.spanFrom(start) };
  }
  if (cursor.sees('CUBE', '(') && cursor.accept('CUBE'))
    return { kind: 'cube', items: nested(), ...cursor.spanFrom(start) };
  if (cursor.accept('(', ')')) return { kind: 'group-set', expressions: [], ...cursor.spanFrom(start) };
  const expression = cursor.expression();
  if (expression.kind === 'row' && !expression.explicit) {
    return { kind: 'group-set', expressions: expression.items, ...cursor.spanFrom(start) };
  }
  return { kind: 'group-expression', expression, ...cursor.spanFrom(start) };
};

const parseNamedWindow = (cursor: Cursor): NamedWindow => {
  const { start } = cursor;
  const name = cursor.name('a name for the window');
  cursor.expect('AS');
  const window = parseWindowSpecification(cursor);
  return { name, window, ...cursor.spanFrom(start) };
};
