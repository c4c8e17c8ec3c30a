import { Lexer, type LexerOptions, type Token } from './lexer.ts';

/** Ends the reading of a statement that is not understood; `readDdl` turns it into an `unreadable` effect and never lets it out. */
export class UnreadableStatement extends Error {
  override readonly name = 'UnreadableStatement';
}

/** Walks over a statement's tokens, which are cut only when asked for: an INSERT of megabytes costs its first word. */
export class TokenCursor {
  readonly #lexer: Lexer;
  readonly #ahead: Token[] = [];
  #next = 0;
  #lastEnd = 0;

  constructor(sql: string, options: LexerOptions) {
    this.#lexer = new Lexer(sql, options);
  }

  /** The token `distance` places ahead, without taking it. */
  peek(distance = 0): Token {
    while (this.#ahead.length <= this.#next + distance) this.#ahead.push(this.#lexer.next());
    return this.#ahead[this.#next + distance]!;
  }

  take(): Token {
    const token = this.peek();
    this.#next += 1;
    if (this.#next > 64) {
      this.#ahead.splice(0, this.#next);
      this.#next = 0;
    }
    this.#lastEnd = token.end;
    return token;
  }

  get ended(): boolean {
    const token = this.peek();
    return token.kind === 'end' || (token.kind === 'symbol' && token.text === ';');
  }

  /** Whether the next words are exactly these keywords. */
  at(...keywords: readonly string[]): boolean {
    return keywords.every((keyword, distance) => this.peek(distance).keyword === keyword);
  }

  /** Takes these keywords when they are next. */
  skip(...keywords: readonly string[]): boolean {
    if (!this.at(...keywords)) return false;
    for (let i = 0; i < keywords.length; i += 1) this.take();
    return true;
  }

  /** Takes the one of these keywords that is next; null when none is. */
  skipAny(...keywords: readonly string[]): string | null {
    const { keyword } = this.peek();
    if (keyword === '' || !keywords.includes(keyword)) return null;
    this.take();
    return keyword;
  }

  atSymbol(text: string, distance = 0): boolean {
    const token = this.peek(distance);
    return token.kind === 'symbol' && token.text === text;
  }

  skipSymbol(text: string): boolean {
    if (!this.atSymbol(text)) return false;
    this.take();
    return true;
  }

  expect(...keywords: readonly string[]): void {
    if (!this.skip(...keywords)) this.fail(keywords.join(' '));
  }

  expectSymbol(text: string): void {
    if (!this.skipSymbol(text)) this.fail(text);
  }

  /** A name: quoted, or any word. */
  name(): string {
    const token = this.peek();
    if (token.kind !== 'word' && token.kind !== 'quoted') this.fail('a name');
    return this.take().text;
  }

  /** A name or a string, as charsets and collations may be written. */
  nameOrString(): string {
    return this.peek().kind === 'string' ? this.string() : this.name();
  }

  string(): string {
    if (this.peek().kind !== 'string') this.fail('a string');
    let text = stringText(this.take());
    // Strings that follow one another are one string.
    while (this.peek().kind === 'string') text += stringText(this.take());
    return text;
  }

  integer(): number {
    const token = this.peek();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) this.fail('a whole number');
    return Number(this.take().text);
  }

  /** Takes `( ... )` with everything inside and returns what stood between, as written. */
  parentheses(): string {
    const opening = this.peek();
    this.expectSymbol('(');
    let depth = 1;
    while (depth > 0) {
      const token = this.take();
      if (token.kind === 'end') this.fail(')');
      if (token.kind !== 'symbol') continue;
      if (token.text === '(') depth += 1;
      else if (token.text === ')') depth -= 1;
    }
    return this.#lexer.sql.slice(opening.end, this.#lastEnd - 1).trim();
  }

  /** What was written from `start` (a token's) to the last token taken. */
  writtenSince(start: number): string {
    return this.#lexer.sql.slice(start, this.#lastEnd);
  }

  fail(expected: string): never {
    const token = this.peek();
    throw new UnreadableStatement(
      `expected ${expected} at character ${token.start}, found ${token.kind === 'word' || token.kind === 'symbol' ? token.text : `a ${token.kind}`}`,
    );
  }
}

/** The characters a hexadecimal or bit string stands for are bytes: one character each. */
const stringText = (token: Token): string => {
  if (token.form === 'hex')
    return Buffer.from(token.text.padStart(token.text.length + (token.text.length % 2), '0'), 'hex').toString('utf8');
  if (token.form === 'bit')
    return Number.isNaN(Number.parseInt(token.text, 2))
      ? ''
      : String.fromCharCode(Number.parseInt(token.text, 2) & 0xff);
  return token.text;
};
