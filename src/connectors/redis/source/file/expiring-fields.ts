import type { Keyspace, SavedKey } from './keyspace.ts';

type Texts = readonly Buffer[];

/** What stands between a key and its fields, and those: `[NX] FIELDS 2 a b`. Options are in capitals. */
export interface FieldWords {
  readonly options: readonly string[];
  /** Fields, or fields and values in turn. */
  readonly fields: Texts;
}

export const fieldWords = (texts: Texts): FieldWords => {
  const words = texts.map((text) => text.toString('latin1').toUpperCase());
  const at = words.indexOf('FIELDS');
  return { options: words.slice(0, at), fields: texts.slice(at + 2) };
};

/**
 * `HPEXPIREAT key ms [NX | XX | GT | LT] FIELDS 2 a b`, or `HPERSIST`, without a time. A server that finds a field's time over logs an
 * HDEL, so that a time of the past is kept like any other.
 */
export const expireFields = (
  keys: Keyspace,
  hash: SavedKey,
  at: number | null,
  { options, fields }: FieldWords,
): void => {
  for (const field of fields) {
    const held = keys.element(hash, field);
    if (held === null || (at !== null && !options.every((option) => allows(option, held.score, at)))) continue;
    keys.put(hash, field, held.value, at);
  }
};

const allows = (option: string, held: number | null, at: number): boolean => {
  switch (option) {
    case 'NX':
      return held === null;
    case 'XX':
      return held !== null;
    // A field that does not expire does so later than any other.
    case 'GT':
      return held !== null && at > held;
    case 'LT':
      return held === null || at < held;
    default:
      return true;
  }
};

/** When fields expire by the options of an `HSETEX`. */
export type GivenTime =
  | { readonly kind: 'at'; readonly at: number | null }
  | { readonly kind: 'keep' }
  /** In so many milliseconds. */
  | { readonly kind: 'in'; readonly ms: number };

export const givenTime = (options: readonly string[]): GivenTime => {
  if (options.includes('KEEPTTL')) return { kind: 'keep' };
  for (const [option, perUnit] of [
    ['EX', 1_000],
    ['PX', 1],
    ['EXAT', 1_000],
    ['PXAT', 1],
  ] as const) {
    const at = options.indexOf(option);
    if (at < 0) continue;
    const ms = Number(options[at + 1]) * perUnit;
    return option.endsWith('AT') ? { kind: 'at', at: ms } : { kind: 'in', ms };
  }
  return { kind: 'at', at: null };
};
