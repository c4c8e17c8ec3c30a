import type { Expression } from '../ast/expression.ts';
import type { FrameBound, OrderItem, WindowFrame, WindowSpecification } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';
import { parseOrderItem } from './order-item.ts';

/** `(w PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)` */
export const parseWindowSpecification = (cursor: Cursor): WindowSpecification => {
  const { start } = cursor;
  cursor.expect('(');
  const refines = cursor.seesName() && !cursor.sees('RANGE') && !cursor.sees('ROWS');
  const parent = refines ? cursor.name() : null;
  let partitionBy: readonly Expression[] = [];
  if (cursor.accept('PARTITION')) {
    cursor.expect('BY');
    partitionBy = cursor.list(() => cursor.expression());
  }
  let orderBy: readonly OrderItem[] = [];
  if (cursor.accept('ORDER')) {
    cursor.expect('BY');
    orderBy = cursor.list(() => parseOrderItem(cursor));
  }
  const frame = parseFrame(cursor);
  let allowPartial: boolean | null = null;
  if (cursor.accept('ALLOW')) {
    cursor.expect('PARTIAL');
    allowPartial = true;
  } else if (cursor.accept('DISALLOW')) {
    cursor.expect('PARTIAL');
    allowPartial = false;
  }
  cursor.expect(')');
  return { kind: 'window', parent, partitionBy, orderBy, frame, allowPartial, ...cursor.spanFrom(start) };
};

const parseFrame = (cursor: Cursor): WindowFrame | null => {
  const { start } = cursor;
  const unit = cursor.acceptOneOf('ROWS', 'RANGE');
  if (unit === null) return null;
  if (!cursor.accept('BETWEEN')) {
    return { unit, from: parseBound(cursor), to: null, ...cursor.spanFrom(start) };
  }
  const from = parseBound(cursor);
  cursor.expect('AND');
  return { unit, from, to: parseBound(cursor), ...cursor.spanFrom(start) };
};

const parseBound = (cursor: Cursor): FrameBound => {
  const { start } = cursor;
  if (cursor.accept('CURRENT', 'ROW')) return { kind: 'current-row', ...cursor.spanFrom(start) };
  const offset = cursor.accept('UNBOUNDED') ? null : cursor.expression();
  const side = cursor.expectOneOf('PRECEDING', 'FOLLOWING');
  return { kind: offset === null ? 'unbounded' : 'offset', side, offset, ...cursor.spanFrom(start) };
};
