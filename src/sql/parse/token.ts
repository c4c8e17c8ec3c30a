/**
 * What the text is cut into.
 *
 *     name  Größe  $x      -> word          `any name`             -> quoted
 *     'text' N'text' _utf8'text' U&'text'   -> string              x'0aFF' -> binary
 *     12  1.5  .5  1.      -> decimal       1e5  1.5E-3            -> double
 *     <> <= || => and one character each    -> symbol              slash-star-plus -> hint
 */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'binary' | 'decimal' | 'double' | 'symbol' | 'hint' | 'end';
  /** A name without its quotes, a string's characters, everything else as written. */
  readonly text: string;
  /** `text` in upper case when it can be a keyword, otherwise ''. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
}

/** A token for "found …" in a message. Long ones are cut: a statement may hold data. */
export const describeToken = (token: Token): string => {
  switch (token.kind) {
    case 'end':
      return 'the end of the text';
    case 'string':
      return 'a string';
    case 'quoted':
      return `\`${shortened(token.text)}\``;
    case 'hint':
      return 'a hint';
    case 'symbol':
      return `"${token.text}"`;
    case 'binary':
    case 'decimal':
    case 'double':
    case 'word':
      return shortened(token.text);
  }
};

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
