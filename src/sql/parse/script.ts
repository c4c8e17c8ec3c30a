import type { Statement } from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';
import { parseWhole } from './grammar.ts';
import { parseStatement } from './statement.ts';

/** Every statement of a text, with `;` between them. Throws SQL_SYNTAX or SQL_NOT_SUPPORTED with the place. */
export const parseScript = (sql: string): readonly Statement[] =>
  parseWhole(sql, (cursor) => {
    const statements: Statement[] = [];
    skipSeparators(cursor);
    while (!cursor.ended) {
      statements.push(parseStatement(cursor));
      if (!cursor.ended && !cursor.accept(';')) {
        cursor.accept('the end of the text');
        cursor.fail();
      }
      skipSeparators(cursor);
    }
    return statements;
  });

const skipSeparators = (cursor: Cursor): void => {
  while (cursor.sees(';')) cursor.take();
};
