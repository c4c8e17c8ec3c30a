import { sqlError } from '../sql-error.ts';
import type { Token } from './token.ts';

/** Cuts a statement's text into tokens, as Flink's parser does (Calcite with Lex.JAVA). Throws SQL_SYNTAX for what is none. */
export class Lexer {
  readonly sql: string;
  #at = 0;

  constructor(sql: string) {
    this.sql = sql;
  }

  /** The next token; `end` for ever once the text is used up. */
  next(): Token {
    this.#skipBlank();
    const { sql } = this;
    const start = this.#at;
    if (start >= sql.length) return this.#token('end', '', start);
    const char = sql.charCodeAt(start);
    if (char === BACKQUOTE) return this.#token('quoted', this.#delimited('`', 'a name in backquotes'), start);
    if (char === QUOTE) return this.#token('string', this.#delimited("'", 'a string'), start);
    if (isDigit(char) || (char === DOT && isDigit(sql.charCodeAt(start + 1)))) return this.#number(start);
    if (isNameStart(char)) return this.#wordOrString(start);
    const symbol = this.#symbol(start);
    this.#at = start + symbol.length;
    return this.#token(symbol === '/*+' ? 'hint' : 'symbol', symbol, start);
  }

  #skipBlank(): void {
    const { sql } = this;
    for (;;) {
      blank.lastIndex = this.#at;
      this.#at += blank.exec(sql)?.[0].length ?? 0;
      const two = sql.slice(this.#at, this.#at + 2);
      if (two === '--' || two === '//') {
        lineEnd.lastIndex = this.#at;
        this.#at = lineEnd.exec(sql)?.index ?? sql.length;
      } else if (two === '/*' && sql[this.#at + 2] !== '+') {
        const end = sql.indexOf('*/', this.#at + 2);
        if (end < 0) throw this.#wrong(this.#at, sql.length, 'an unfinished comment', '*/');
        this.#at = end + 2;
      } else return;
    }
  }

  /** Text between two delimiters; the delimiter doubled stands for itself. */
  #delimited(delimiter: string, what: string): string {
    const { sql } = this;
    const start = this.#at;
    let text = '';
    let from = start + 1;
    for (;;) {
      const end = sql.indexOf(delimiter, from);
      if (end < 0) throw this.#wrong(start, sql.length, `${what} that does not end`, `a closing ${delimiter}`);
      text += sql.slice(from, end);
      this.#at = end + 1;
      if (sql[end + 1] !== delimiter) return text;
      text += delimiter;
      from = end + 2;
    }
  }

  #number(start: number): Token {
    numberForm.lastIndex = start;
    const text = numberForm.exec(this.sql)![0];
    this.#at = start + text.length;
    return this.#token(/e/i.test(text) ? 'double' : 'decimal', text, start);
  }

  #wordOrString(start: number): Token {
    const { sql } = this;
    let end = start + 1;
    while (isNamePart(sql.charCodeAt(end))) end += 1;
    const word = sql.slice(start, end);
    this.#at = end;
    if (sql.charCodeAt(end) === QUOTE) {
      if (/^x$/i.test(word)) return this.#binary(start);
      if (/^n$/i.test(word) || /^_[a-z][a-z0-9_-]*$/i.test(word)) {
        return this.#token('string', this.#delimited("'", 'a string'), start);
      }
    }
    if (/^u$/i.test(word) && sql.startsWith("&'", end)) {
      this.#at = end + 1;
      return this.#token('string', this.#unicodeString(start), start);
    }
    return this.#token('word', word, start);
  }

  #binary(start: number): Token {
    const text = this.#delimited("'", 'a binary string');
    if (!/^[0-9a-f]*$/i.test(text)) {
      throw sqlError('SQL_BAD_LITERAL', { start, end: this.#at }, { what: 'binary string', expected: "X'0aFF'" });
    }
    return this.#token('binary', text, start);
  }

  /** U&'\00e4' */
  #unicodeString(start: number): string {
    const text = this.#delimited("'", 'a string');
    return text.replace(/\\(\\|[0-9a-f]{4}|)/gi, (written: string, what: string) => {
      if (what === '\\') return what;
      if (what !== '') return String.fromCharCode(Number.parseInt(what, 16));
      throw this.#wrong(start, this.#at, written, 'four hexadecimal digits after each backslash');
    });
  }

  #symbol(start: number): string {
    const { sql } = this;
    for (const symbol of longSymbols) if (sql.startsWith(symbol, start)) return symbol;
    const char = sql[start]!;
    if ('()[]{},.;:?*/+-%<>=^|$'.includes(char)) return char;
    const found = char === '"' ? 'a double quote' : JSON.stringify(String.fromCodePoint(sql.codePointAt(start)!));
    const expected =
      char === '"' ? "'text' in single quotes or a `name` in backquotes" : 'a name, a number, a string or an operator';
    throw this.#wrong(start, start + 1, found, expected);
  }

  #wrong(start: number, end: number, found: string, expected: string): Error {
    return sqlError('SQL_SYNTAX', { start, end }, { found, expected });
  }

  #token(kind: Token['kind'], text: string, start: number): Token {
    return { kind, text, keyword: kind === 'word' ? text.toUpperCase() : '', start, end: this.#at };
  }
}

const QUOTE = 0x27;
const DOT = 0x2e;
const BACKQUOTE = 0x60;

const blank = /[\s\0]*/y;
const lineEnd = /[\r\n]/g;
const numberForm = /(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/iy;
const longSymbols = ['/*+', '*/', '<>', '!=', '<=', '>=', '||', '=>', '->', '..'];

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;

const isNameStart = (char: number): boolean =>
  (char >= 0x61 && char <= 0x7a) || (char >= 0x41 && char <= 0x5a) || char === 0x5f || char === 0x24 || char >= 0x80;

const isNamePart = (char: number): boolean => isNameStart(char) || isDigit(char);
