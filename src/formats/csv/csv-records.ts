/** Records of comma-separated values as RFC 4180 has them: fields in quotes may hold delimiters, ends of lines, and quotes written twice. */
export interface CsvForm {
  readonly delimiter: string;
  /** Null: fields are never in quotes. */
  readonly quote: string | null;
  /** Lines that begin with `#` are left out. */
  readonly comments: boolean;
}

export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line that it begins in, from 1. */
  readonly line: number;
}

/** Cuts text into records, piece by piece. */
export class CsvRecords {
  readonly #form: CsvForm;
  /** The record at hand, of which the end has not come. */
  #rest = '';
  #line = 1;

  constructor(form: CsvForm) {
    this.#form = form;
  }

  /** How long the record is that has no end yet, in characters. */
  get pending(): number {
    return this.#rest.length;
  }

  /** The line that it begins in. */
  get line(): number {
    return this.#line;
  }

  /** The records that are whole with this piece. Lines without anything are none. */
  *push(piece: string): Generator<CsvRecord, void, undefined> {
    const text = this.#rest + piece;
    let at = 0;
    for (;;) {
      const end = this.#endOf(text, at);
      if (end < 0) break;
      const record = this.#record(text.slice(at, text[end - 1] === '\r' ? end - 1 : end));
      at = end + 1;
      if (record !== null) yield record;
    }
    this.#rest = text.slice(at);
  }

  /** The last record, which no end of a line follows; null: there is none. */
  end(): CsvRecord | null {
    const text = this.#rest;
    this.#rest = '';
    return this.#record(text);
  }

  /** Where the line ends that ends the record; -1: not in this text. */
  #endOf(text: string, from: number): number {
    const { quote, delimiter } = this.#form;
    let end = text.indexOf('\n', from);
    if (quote === null || end < 0 || this.#isComment(text, from)) return end;
    let quoted = text.indexOf(quote, from);
    while (quoted >= 0 && quoted < end) {
      const opens = quoted === from || text.startsWith(delimiter, quoted - delimiter.length);
      if (opens) {
        const closed = closingQuote(text, quoted, quote);
        if (closed < 0) return -1;
        if (closed > end) end = text.indexOf('\n', closed);
        if (end < 0) return -1;
        quoted = closed;
      }
      quoted = text.indexOf(quote, quoted + 1);
    }
    return end;
  }

  #isComment(text: string, at: number): boolean {
    return this.#form.comments && text[at] === '#';
  }

  #record(text: string): CsvRecord | null {
    const line = this.#line;
    this.#line += lines(text);
    if (text === '' || text === '\r' || this.#isComment(text, 0)) return null;
    return { fields: this.#fields(text), line };
  }

  #fields(text: string): readonly string[] {
    const { delimiter, quote } = this.#form;
    if (quote === null || !text.includes(quote)) return text.split(delimiter);
    const fields: string[] = [];
    let at = 0;
    for (;;) {
      const closed = text[at] === quote ? closingQuote(text, at, quote) : -1;
      const next = text.indexOf(delimiter, Math.max(at, closed + 1));
      const end = next < 0 ? text.length : next;
      const raw = text.slice(at, end);
      // What stands behind the closing quote belongs to the field, as in other readers.
      fields.push(
        closed < 0 ? raw : text.slice(at + 1, closed).replaceAll(quote + quote, quote) + text.slice(closed + 1, end),
      );
      if (next < 0) return fields;
      at = next + delimiter.length;
    }
  }
}

/** Where the quotes close that open at a place; -1: not in this text. */
const closingQuote = (text: string, open: number, quote: string): number => {
  let at = text.indexOf(quote, open + 1);
  while (at >= 0 && text[at + 1] === quote) at = text.indexOf(quote, at + 2);
  return at;
};

const lines = (text: string): number => {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
};
