import type { Option } from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';

/** `('connector' = 'kafka', ...)` */
export const parseOptions = (cursor: Cursor): readonly Option[] => {
  cursor.expect('(');
  if (cursor.accept(')')) return [];
  const options = cursor.list(() => {
    const { start } = cursor;
    const key = cursor.string("an option's key in single quotes");
    cursor.expect('=');
    const value = cursor.string("the option's value in single quotes");
    return { key, value, ...cursor.spanFrom(start) };
  });
  cursor.expect(')');
  return options;
};
