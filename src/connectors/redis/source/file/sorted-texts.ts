import type { RdbKind } from '../../../../protocol/redis/rdb/rdb-visitor.ts';
import { scoreOf } from './score-text.ts';

/** What stands behind the key in `SORT key BY weight:* LIMIT 0 10 GET # GET name:*->first DESC ALPHA STORE to`. */
export interface SortOptions {
  readonly by: Buffer | null;
  readonly gets: readonly Buffer[];
  readonly isText: boolean;
  readonly isReversed: boolean;
  readonly start: number;
  /** Below 0: all. */
  readonly count: number;
  /** Undefined: it is shown to whoever asked. */
  readonly to: Buffer | undefined;
}

export const sortOptions = (texts: readonly Buffer[]): SortOptions => {
  let by: Buffer | null = null;
  let to: Buffer | undefined;
  let [isText, isReversed, start, count] = [false, false, 0, -1];
  const gets: Buffer[] = [];
  for (let at = 0; at < texts.length; at += 1) {
    const word = texts[at]!.toString('latin1').toUpperCase();
    if (word === 'BY') by = texts[++at]!;
    else if (word === 'GET') gets.push(texts[++at]!);
    else if (word === 'STORE') to = texts[++at];
    else if (word === 'LIMIT') [start, count] = [Math.max(0, Number(texts[++at])), Number(texts[++at])];
    else if (word === 'ALPHA') isText = true;
    else isReversed = word === 'DESC';
  }
  return { by, gets, isText, isReversed, start, count, to };
};

/** What the key of a pattern holds, for an element: `weight:*`, `user:*->name`; null: nothing, or something of another kind. */
export type LookUp = (key: Buffer, field: Buffer | null) => Buffer | null;

/**
 * What `SORT … STORE` leaves of a list, or of the names of a set or sorted set in their order. Null: the server does not say in which
 * order equal elements come, or takes for a number what is none here.
 */
export const sortedTexts = (
  kind: RdbKind,
  texts: readonly Buffer[],
  { by, gets, isText, isReversed, start, count }: SortOptions,
  lookUp: LookUp,
): readonly Buffer[] | null => {
  const fixed = by !== null && !by.includes(star);
  // A set has no order of its own, so that of its texts counts.
  const pattern = fixed ? null : by;
  let found: readonly Buffer[];
  if (fixed && kind !== 'set') found = isReversed ? texts.toReversed() : texts;
  else {
    const weighed = texts.map((text) => ({ text, by: pattern === null ? text : substituted(pattern, text, lookUp) }));
    const sorted = isText || fixed ? byTexts(weighed) : byNumbers(weighed);
    if (sorted === null) return null;
    found = isReversed ? sorted.toReversed() : sorted;
  }
  const taken = found.slice(start, count < 0 ? undefined : start + count);
  if (gets.length === 0) return taken;
  return taken.flatMap((text) => gets.map((get) => substituted(get, text, lookUp) ?? nothing));
};

interface Weighed {
  readonly text: Buffer;
  /** Null: there is nothing. */
  readonly by: Buffer | null;
}

const byNumbers = (weighed: readonly Weighed[]): readonly Buffer[] | null => {
  const numbered = weighed.map(({ text, by }) => ({ text, number: by === null ? 0 : scoreOf(by) }));
  if (numbered.some(({ number }) => Number.isNaN(number))) return null;
  numbered.sort((a, b) => (a.number === b.number ? Buffer.compare(a.text, b.text) : a.number < b.number ? -1 : 1));
  return numbered.map(({ text }) => text);
};

const byTexts = (weighed: readonly Weighed[]): readonly Buffer[] | null => {
  const sorted = weighed.toSorted((a, b) => compareTexts(a.by, b.by));
  const isTie = sorted.some(({ text, by }, at) => {
    const before = sorted[at - 1];
    return before !== undefined && compareTexts(before.by, by) === 0 && !before.text.equals(text);
  });
  return isTie ? null : sorted.map(({ text }) => text);
};

const compareTexts = (a: Buffer | null, b: Buffer | null): number => {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return Buffer.compare(a, b);
};

/** What a pattern gives with an element in place of its star. `#` is the element. */
const substituted = (pattern: Buffer, text: Buffer, lookUp: LookUp): Buffer | null => {
  if (pattern.equals(itself)) return text;
  const at = pattern.indexOf(star);
  if (at < 0) return null;
  const arrow = pattern.indexOf('->', at + 1);
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const end = hasField ? arrow : pattern.length;
  const key = Buffer.concat([pattern.subarray(0, at), text, pattern.subarray(at + 1, end)]);
  return lookUp(key, hasField ? pattern.subarray(arrow + 2) : null);
};

const star = '*';
const itself = Buffer.from('#');
const nothing = Buffer.alloc(0);
