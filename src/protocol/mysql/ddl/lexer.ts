/**
 * Cuts MySQL's and MariaDB's statements into tokens: just enough to read the statements that change a table's shape.
 *
 *     `name` "name" (ANSI_QUOTES)        -> quoted        'text' "text" N'text' _utf8mb4'text' x'61' 0x61 b'01' -> string
 *     name  Größe  1st  $x               -> word          12  1.5  .5e3                                        -> number
 *     anything else, one character each  -> symbol
 *
 * Comments are left out (`-- `, `#`, C style), except executable ones, whose text is read when the server would run it:
 *     slash-star-bang 80013 ... star-slash     both servers, from that version on (MariaDB leaves out 50700 to 99999)
 *     slash-star-M-bang 100301 ...             MariaDB only
 *
 * It never throws: an unfinished string or comment ends with the text. Each character is looked at a bounded number of times.
 */

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'end';
  /** What it says: a name without its quotes, a string with its escapes resolved, a number or symbol as written. */
  readonly text: string;
  /** `text` in upper case when it can be a keyword, otherwise ''. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
  /** How a string was written: `plain`, `hex`, `bit` (digits in `text`), or `national`. */
  readonly form: 'plain' | 'national' | 'hex' | 'bit' | null;
}

export interface LexerOptions {
  readonly flavor: 'mysql' | 'mariadb';
  /** As the log's status variable 1 or @@sql_mode says it. */
  readonly ansiQuotes: boolean;
  readonly noBackslashEscapes: boolean;
}

export class Lexer {
  readonly sql: string;
  readonly #options: LexerOptions;
  #at = 0;
  /** How many executable comments are open. */
  #executable = 0;
  #afterDot = false;

  constructor(sql: string, options: LexerOptions) {
    this.sql = sql;
    this.#options = options;
  }

  /** The next token; `end` for ever once the text is used up. */
  next(): Token {
    this.#skipBlank();
    const start = this.#at;
    const sql = this.sql;
    if (start >= sql.length) return this.#token('end', '', start);
    const char = sql.charCodeAt(start);
    const afterDot = this.#afterDot;
    this.#afterDot = char === DOT;
    if (char === BACKTICK) return this.#token('quoted', this.#quotedText(BACKTICK, false), start);
    if (char === DOUBLE_QUOTE && this.#options.ansiQuotes) {
      return this.#token('quoted', this.#quotedText(DOUBLE_QUOTE, false), start);
    }
    if (char === QUOTE || char === DOUBLE_QUOTE) return this.#string(start, 'plain');
    if (
      isDigit(char) ||
      (char === DOT && !afterDot && isDigit(sql.charCodeAt(start + 1)) && !this.#nameBefore(start))
    ) {
      return this.#numberOrWord(start, afterDot);
    }
    if (isWordChar(char)) return this.#wordOrString(start);
    this.#at += 1;
    return this.#token('symbol', sql.charAt(start), start);
  }

  #skipBlank(): void {
    const sql = this.sql;
    for (;;) {
      const char = sql.charCodeAt(this.#at);
      if (char <= SPACE || char === NO_BREAK_SPACE) this.#at += 1;
      else if (char === HASH) this.#skipLine();
      else if (char === DASH && sql.charCodeAt(this.#at + 1) === DASH && !(sql.charCodeAt(this.#at + 2) > SPACE)) {
        this.#skipLine();
      } else if (char === SLASH && sql.charCodeAt(this.#at + 1) === STAR) this.#comment();
      else if (char === STAR && sql.charCodeAt(this.#at + 1) === SLASH && this.#executable > 0) {
        this.#executable -= 1;
        this.#at += 2;
      } else return;
      if (this.#at >= sql.length) return;
    }
  }

  #skipLine(): void {
    const end = this.sql.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.sql.length : end + 1;
  }

  #comment(): void {
    const sql = this.sql;
    let bang = this.#at + 2;
    const mariadbOnly = sql.charCodeAt(bang) === CAPITAL_M && sql.charCodeAt(bang + 1) === BANG;
    if (mariadbOnly) bang += 1;
    if (sql.charCodeAt(bang) !== BANG) {
      const end = sql.indexOf('*/', this.#at + 2);
      this.#at = end < 0 ? sql.length : end + 2;
      return;
    }
    let digits = bang + 1;
    while (digits < bang + 7 && isDigit(sql.charCodeAt(digits))) digits += 1;
    if (digits - bang - 1 < 5) digits = bang + 1;
    const version = Number(sql.slice(bang + 1, digits) || 0);
    const runs =
      this.#options.flavor === 'mariadb' ? mariadbOnly || version < 50_700 || version > 99_999 : !mariadbOnly;
    this.#at = digits;
    if (runs) this.#executable += 1;
    else this.#skipNestedComment();
  }

  /** A comment that does not run here; it may hold plain comments one level deep. */
  #skipNestedComment(): void {
    const sql = this.sql;
    let depth = 1;
    while (this.#at < sql.length) {
      const char = sql.charCodeAt(this.#at);
      const following = sql.charCodeAt(this.#at + 1);
      if (char === STAR && following === SLASH) {
        this.#at += 2;
        depth -= 1;
        if (depth === 0) return;
      } else if (char === SLASH && following === STAR) {
        this.#at += 2;
        depth += 1;
      } else this.#at += 1;
    }
  }

  /** Text from the quote at the place reached to its partner; the quote doubled stands for itself. */
  #quotedText(quote: number, escapes: boolean): string {
    const sql = this.sql;
    const parts: string[] = [];
    this.#at += 1;
    let from = this.#at;
    while (this.#at < sql.length) {
      const char = sql.charCodeAt(this.#at);
      if (char === quote) {
        parts.push(sql.slice(from, this.#at));
        this.#at += 1;
        if (sql.charCodeAt(this.#at) !== quote) return parts.join('');
        from = this.#at;
        this.#at += 1;
      } else if (char === BACKSLASH && escapes) {
        parts.push(sql.slice(from, this.#at), unescaped(sql.charAt(this.#at + 1)));
        this.#at += 2;
        from = this.#at;
      } else this.#at += 1;
    }
    this.#at = sql.length;
    parts.push(sql.slice(from));
    return parts.join('');
  }

  #string(start: number, form: 'plain' | 'national'): Token {
    const quote = this.sql.charCodeAt(this.#at);
    return this.#token('string', this.#quotedText(quote, !this.#options.noBackslashEscapes), start, form);
  }

  #numberOrWord(start: number, afterDot: boolean): Token {
    const sql = this.sql;
    const prefix = sql.slice(start, start + 2);
    if (!afterDot && (prefix === '0x' || prefix === '0b')) {
      let end = start + 2;
      while (prefix === '0x' ? isHexDigit(sql.charCodeAt(end)) : isBit(sql.charCodeAt(end))) end += 1;
      if (end > start + 2 && !isWordChar(sql.charCodeAt(end))) {
        this.#at = end;
        return this.#token('string', sql.slice(start + 2, end), start, prefix === '0x' ? 'hex' : 'bit');
      }
    }
    let end = start;
    while (isWordChar(sql.charCodeAt(end))) end += 1;
    const run = sql.slice(start, end);
    if (afterDot || !/^\d*(e\d*)?$/i.test(run)) {
      this.#at = end;
      return this.#token('word', run, start);
    }
    if (sql.charCodeAt(end) === DOT && /^\d*$/.test(run)) {
      end += 1;
      while (isWordChar(sql.charCodeAt(end))) end += 1;
    }
    if (/e$/i.test(sql.slice(start, end)) && (sql.charCodeAt(end) === DASH || sql.charCodeAt(end) === PLUS)) {
      end += 1;
      while (isDigit(sql.charCodeAt(end))) end += 1;
    }
    this.#at = end;
    return this.#token('number', sql.slice(start, end), start);
  }

  #wordOrString(start: number): Token {
    const sql = this.sql;
    let end = start + 1;
    while (isWordChar(sql.charCodeAt(end))) end += 1;
    this.#at = end;
    const opener = sql.charCodeAt(end);
    if (opener === QUOTE) {
      const prefix = sql.slice(start, end).toLowerCase();
      if (prefix === 'x' || prefix === 'b') {
        return this.#token('string', this.#quotedText(QUOTE, false), start, prefix === 'x' ? 'hex' : 'bit');
      }
      if (prefix === 'n') return this.#string(start, 'national');
    }
    return this.#token('word', sql.slice(start, end), start);
  }

  /** Whether the dot at `dot` belongs to a name: `db.1st`. */
  #nameBefore(dot: number): boolean {
    const char = this.sql.charCodeAt(dot - 1);
    return isWordChar(char) || char === BACKTICK || char === DOUBLE_QUOTE;
  }

  #token(kind: Token['kind'], text: string, start: number, form: Token['form'] = null): Token {
    return { kind, text, keyword: kind === 'word' ? text.toUpperCase() : '', start, end: this.#at, form };
  }
}

const SPACE = 0x20;
const NO_BREAK_SPACE = 0xa0;
const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const QUOTE = 0x27;
const STAR = 0x2a;
const PLUS = 0x2b;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const CAPITAL_M = 0x4d;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;
const isBit = (char: number): boolean => char === 0x30 || char === 0x31;
const isHexDigit = (char: number): boolean =>
  isDigit(char) || (char >= 0x41 && char <= 0x46) || (char >= 0x61 && char <= 0x66);

/** What MySQL takes in a name without quotes: letters, digits, `$`, `_` and everything beyond ASCII. */
const isWordChar = (char: number): boolean =>
  (char >= 0x61 && char <= 0x7a) ||
  (char >= 0x41 && char <= 0x5a) ||
  isDigit(char) ||
  char === 0x5f ||
  char === 0x24 ||
  char >= 0x80;

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
};

/** `\%` and `\_` keep their backslash: they only mean something in a pattern. */
const unescaped = (char: string): string => {
  if (char === '%' || char === '_') return `\\${char}`;
  return escapes[char] ?? char;
};
