import { Lexer } from '../../sql/parse/lexer.ts';
import type { Token } from '../../sql/parse/token.ts';
import { spanOfError } from '../../sql/sql-error.ts';

/**
 * Whether lines that were typed so far are statements: nothing but blanks and comments, something that goes on, or statements that
 * end with `;`. A statement set goes on until its END.
 */
export const inputState = (text: string): 'empty' | 'open' | 'whole' => {
  const lexer = new Lexer(text);
  let words: string[] = [];
  let inSet = false;
  let last: Token | null = null;
  try {
    for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
      last = token;
      if (token.text !== ';' || token.kind !== 'symbol') {
        if (words.length < 4) words.push(token.keyword);
        continue;
      }
      const begins = words.join(' ');
      if (/^(EXECUTE STATEMENT SET BEGIN|BEGIN STATEMENT SET)/.test(begins)) inSet = true;
      else if (words[0] === 'END') inSet = false;
      words = [];
    }
  } catch (error) {
    // A string, a name or a comment that has no end yet; what is wrong otherwise, the parser says.
    return spanOfError(error)?.end === text.length ? 'open' : 'whole';
  }
  if (last === null) return 'empty';
  return last.text === ';' && last.kind === 'symbol' && !inSet ? 'whole' : 'open';
};
