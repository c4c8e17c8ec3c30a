import type { Expression } from '../ast/expression.ts';
import type { Hint, HintOption } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';
import { parseLiteral } from './literal.ts';

/** Slash-star-plus BROADCAST(t), OPTIONS('a' = 'b') star-slash; none: there are no hints here. */
export const parseHints = (cursor: Cursor): readonly Hint[] => {
  if (cursor.peek().kind !== 'hint') return [];
  cursor.take();
  const hints = [parseHint(cursor)];
  while (!cursor.sees('*/')) {
    cursor.accept(',');
    hints.push(parseHint(cursor));
  }
  cursor.expect('*/');
  return hints;
};

const parseHint = (cursor: Cursor): Hint => {
  const { start } = cursor;
  const token = cursor.peek();
  // A hint's name may be any word: OPTIONS, LOOKUP, BROADCAST...
  const name = { kind: 'identifier', name: token.text, start: token.start, end: token.end } as const;
  if (token.kind !== 'word' && token.kind !== 'quoted') cursor.fail('the name of a hint');
  cursor.take();
  let options: readonly HintOption[] = [];
  if (cursor.accept('(')) {
    options = cursor.sees(')') ? [] : cursor.list(() => parseOption(cursor));
    cursor.expect(')');
  }
  return { name, options, ...cursor.spanFrom(start) };
};

const parseOption = (cursor: Cursor): HintOption => {
  const { start } = cursor;
  const isKey = cursor.peek().kind === 'string' || cursor.seesName();
  if (isKey && cursor.peek(1).text === '=' && cursor.peek(1).kind === 'symbol') {
    const key = cursor.take().text;
    cursor.expect('=');
    const value: Expression = { kind: 'string', value: cursor.string(), ...cursor.spanFrom(start) };
    return { key, value, ...cursor.spanFrom(start) };
  }
  const value = parseLiteral(cursor) ?? { kind: 'name', path: [cursor.name()], ...cursor.spanFrom(start) };
  return { key: null, value, ...cursor.spanFrom(start) };
};
