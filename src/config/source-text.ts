/** The text of a pipeline file (or of one `--set`), and places in it. */
export class SourceText {
  readonly name: string;
  readonly text: string;
  readonly #lineStarts: readonly number[];

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (match) => match.index + match[0].length)];
  }

  /** Line and column of an offset, both from 1; columns count UTF-16 units, as editors do. */
  positionOf(offset: number): { readonly line: number; readonly column: number } {
    const line = Math.max(1, this.#lineStarts.findLastIndex((start) => start <= offset) + 1);
    return { line, column: offset - this.#lineStarts[line - 1]! + 1 };
  }

  lineStart(line: number): number {
    return this.#lineStarts[line - 1]!;
  }

  /** The text of a line, counted from 1, without its line end. */
  line(line: number): string {
    return this.text.slice(this.#lineStarts[line - 1], this.#lineStarts[line]).replace(/[\r\n]+$/, '');
  }
}

/** A range of a source text. */
export interface Place {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** `file:line:column`, as editors and terminals link it. */
export const placeName = (place: Place): string => {
  const { line, column } = place.source.positionOf(place.start);
  return `${place.source.name}:${line}:${column}`;
};

const MAX_EXCERPT = 120;

/**
 * The line of a place and a line of carets under the range. `hidden` ranges (secrets) show as `***` whatever their length, and
 * a line longer than a screen is cut around the place.
 */
export const excerpt = (place: Place, hidden: readonly Place[]): readonly [line: string, carets: string] => {
  const { source } = place;
  const { line, column } = source.positionOf(place.start);
  const lineStart = source.lineStart(line);
  const whole = source.line(line);
  let text = whole;
  let start = column - 1;
  let end = Math.max(start + 1, Math.min(place.end - lineStart, whole.length));
  // From the line's end on, so that offsets before a range stay right; ranges may lie over each other.
  let hiddenFrom = whole.length;
  for (const range of hidden.filter((range) => range.source === source).toSorted((a, b) => b.start - a.start)) {
    const from = Math.max(range.start - lineStart, 0);
    const to = Math.min(range.end - lineStart, hiddenFrom);
    if (from >= to) continue;
    hiddenFrom = from;
    text = `${text.slice(0, from)}***${text.slice(to)}`;
    const moved = (at: number): number => (at >= to ? at + 3 - (to - from) : at > from ? from + 3 : at);
    start = start > from && start < to ? from : moved(start);
    end = moved(end);
  }
  // Tabs and control characters take one column each, so that the carets stay below what they mean.
  text = text.replace(/\p{Cc}/gu, ' ');
  if (text.length > MAX_EXCERPT) {
    const from = Math.max(0, Math.min(start - 40, text.length - MAX_EXCERPT));
    text = `${from > 0 ? '…' : ''}${text.slice(from, from + MAX_EXCERPT)}`;
    start -= from - (from > 0 ? 1 : 0);
    end -= from - (from > 0 ? 1 : 0);
  }
  return [text, `${' '.repeat(start)}${'^'.repeat(Math.max(1, Math.min(end, text.length) - start))}`];
};
