import type { Expression } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { Query } from '../ast/query.ts';
import type { TypeName } from '../ast/type-name.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { Lexer } from './lexer.ts';
import { reservedWords } from './reserved-words.ts';
import { describeToken, type Token } from './token.ts';

/** The parts of the grammar that contain one another; each lies in a file of its own. */
export interface Grammar {
  /** An expression whose operators all bind at least as tightly as `power`. */
  expression(cursor: Cursor, power: number): Expression;
  query(cursor: Cursor): Query;
  typeName(cursor: Cursor): TypeName;
}

/** Nesting beyond this is refused: the parser, like the readers of its tree, recurses. */
const MAX_DEPTH = 400;

/**
 * Walks over a statement's tokens. What was looked for in vain at a token is remembered, so that an error at that token can say
 * what would have been right there.
 */
export class Cursor {
  readonly sql: string;
  readonly #grammar: Grammar;
  readonly #tokens: Token[] = [];
  #next = 0;
  #depth = 0;
  #expected = new Set<string>();

  constructor(sql: string, grammar: Grammar) {
    this.sql = sql;
    this.#grammar = grammar;
    const lexer = new Lexer(sql);
    let token: Token;
    do {
      token = lexer.next();
      this.#tokens.push(token);
    } while (token.kind !== 'end');
  }

  /** The token `distance` places ahead, without taking it. */
  peek(distance = 0): Token {
    return this.#tokens[Math.min(this.#next + distance, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.peek();
    if (this.#next < this.#tokens.length - 1) this.#next += 1;
    this.#expected.clear();
    return token;
  }

  /** A place to come back to. */
  get mark(): number {
    return this.#next;
  }

  rewind(mark: number): void {
    this.#next = mark;
    this.#expected.clear();
  }

  /** Whether these keywords or symbols come next. Looking leaves no trace in messages. */
  sees(...texts: readonly string[]): boolean {
    return texts.every((text, index) => matches(this.peek(index), text));
  }

  /** Takes these keywords or symbols if they all come next. */
  accept(...texts: readonly string[]): boolean {
    if (!this.sees(...texts)) {
      this.#expected.add(texts.join(' '));
      return false;
    }
    for (const _ of texts) this.take();
    return true;
  }

  /** Takes these keywords or symbols; SQL_SYNTAX when something else comes next. */
  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.accept(text)) this.fail();
  }

  /** Takes one of these keywords; null: none of them comes next. */
  acceptOneOf<const Word extends string>(...words: readonly Word[]): Word | null {
    return words.find((word) => this.accept(word)) ?? null;
  }

  expectOneOf<const Word extends string>(...words: readonly Word[]): Word {
    return this.acceptOneOf(...words) ?? this.fail();
  }

  /** Ends the reading: something other than `expected`, or than what was looked for at this token, comes next. */
  fail(expected?: string): never {
    const token = this.peek();
    const looked = expected === undefined ? [...this.#expected].map(quoted) : [expected];
    const shown = looked.length > 8 ? [...looked.slice(0, 7), 'other clauses'] : looked;
    const last = shown.pop() ?? 'something else';
    throw sqlError('SQL_SYNTAX', token, {
      found: isReserved(token) ? `the reserved word ${token.text}` : describeToken(token),
      expected: shown.length === 0 ? last : `${shown.join(', ')} or ${last}`,
    });
  }

  refuse(span: Span, what: string, reason: string): never {
    throw sqlError('SQL_NOT_SUPPORTED', span, { what, reason });
  }

  /** From `start` to the end of the token taken last. */
  spanFrom(start: number): Span {
    return { start, end: Math.max(start, this.#tokens[this.#next - 1]?.end ?? start) };
  }

  get start(): number {
    return this.peek().start;
  }

  get ended(): boolean {
    return this.peek().kind === 'end';
  }

  /** Whether the next token can be a name. */
  seesName(distance = 0): boolean {
    const token = this.peek(distance);
    return token.kind === 'quoted' || (token.kind === 'word' && !isReserved(token));
  }

  name(what = 'a name'): Identifier {
    const token = this.peek();
    if (!this.seesName()) this.fail(what);
    if (token.text === '') this.fail('a name that is not empty');
    this.take();
    return { kind: 'identifier', name: token.text, start: token.start, end: token.end };
  }

  /** `a`, `a.b`, `a.b.c` */
  path(what = 'a name'): readonly Identifier[] {
    const path = [this.name(what)];
    while (this.accept('.')) path.push(this.name());
    return path;
  }

  /** A string literal's characters. */
  string(what = 'a string in single quotes'): string {
    if (this.peek().kind !== 'string') this.fail(what);
    return this.take().text;
  }

  wholeNumber(what = 'a whole number'): number {
    const token = this.peek();
    const value = Number(token.text);
    if (token.kind !== 'decimal' || !/^\d+$/.test(token.text) || !Number.isSafeInteger(value)) this.fail(what);
    this.take();
    return value;
  }

  /** One or more, with commas between. */
  list<Item>(item: () => Item): readonly Item[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  /** One or more in parentheses. */
  parenthesized<Item>(item: () => Item): readonly Item[] {
    this.expect('(');
    const items = this.list(item);
    this.expect(')');
    return items;
  }

  expression(power = 0): Expression {
    return this.#nested(() => this.#grammar.expression(this, power));
  }

  query(): Query {
    return this.#nested(() => this.#grammar.query(this));
  }

  typeName(): TypeName {
    return this.#nested(() => this.#grammar.typeName(this));
  }

  #nested<Node>(read: () => Node): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.refuse(this.peek(), 'this nesting', `more than ${MAX_DEPTH} levels`);
    const node = read();
    this.#depth -= 1;
    return node;
  }
}

/** Words as they are, symbols in quotes: a list of commas is hard to read. */
const quoted = (text: string): string => (/^[^A-Za-z]+$/.test(text) ? `"${text}"` : text);

const matches = (token: Token, text: string): boolean =>
  token.kind === 'word'
    ? token.keyword === text
    : (token.kind === 'symbol' || token.kind === 'hint') && token.text === text;

export const isReserved = (token: Token): boolean => token.kind === 'word' && reservedWords.has(token.keyword);
