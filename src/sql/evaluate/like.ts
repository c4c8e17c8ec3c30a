import { MillraceError } from '../../core/errors.ts';

type Matcher = (text: string) => boolean;

// With the flag `u` nothing else may be escaped.
const special = /[.*+?^${}()|[\]\\/]/g;
const literal = (text: string): string => text.replace(special, '\\$&');

/** Remembers the matchers of a pattern that is not a constant. */
const remembered = (make: (pattern: string, mark: string | null) => Matcher) => {
  const known = new Map<string, Matcher>();
  return (pattern: string, mark: string | null): Matcher => {
    const key = `${mark ?? ''}\0${pattern}`;
    let matcher = known.get(key);
    if (matcher === undefined) {
      matcher = make(pattern, mark);
      if (known.size > 1000) known.clear();
      known.set(key, matcher);
    }
    return matcher;
  };
};

const wrongPattern = (name: string, reason: string): MillraceError =>
  new MillraceError('SQL_FUNCTION_FAILED', { name, reason });

/** `%` is any text and `_` any one character; a character after the mark stands for itself. */
export const likeMatcher = remembered((pattern, mark) => {
  const characters = Array.from(pattern);
  if (mark !== null && Array.from(mark).length !== 1) throw wrongPattern('LIKE', 'the ESCAPE is not one character');
  // Most patterns are a text with % at its ends, which needs no expression.
  const plainText = /^%?([^%_]*)%?$/s.exec(pattern);
  if (plainText !== null && (mark === null || !pattern.includes(mark))) return plainMatcher(pattern, plainText[1]!);
  let source = '';
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i]!;
    if (character === mark) {
      i += 1;
      if (characters[i] === undefined || ![mark, '%', '_'].includes(characters[i]!)) {
        throw wrongPattern('LIKE', `${mark} in the pattern stands before something other than %, _ and itself`);
      }
      source += literal(characters[i]!);
    } else source += character === '%' ? '.*' : character === '_' ? '.' : literal(character);
  }
  const expression = new RegExp(`^${source}$`, 'su');
  return (text) => expression.test(text);
});

const plainMatcher = (pattern: string, text: string): Matcher => {
  const [before, after] = [pattern.startsWith('%'), pattern.endsWith('%')];
  if (text === '' && (before || after)) return () => true;
  if (before && after) return (value) => value.includes(text);
  if (before) return (value) => value.endsWith(text);
  if (after) return (value) => value.startsWith(text);
  return (value) => value === text;
};

const classes: Readonly<Record<string, string>> = {
  ALPHA: 'A-Za-z',
  UPPER: 'A-Z',
  LOWER: 'a-z',
  DIGIT: '0-9',
  SPACE: ' ',
  WHITESPACE: '\\s',
  ALNUM: 'A-Za-z0-9',
};

const setSource = (inside: string): string =>
  inside
    .split(/(\[:\w+:\])/)
    .map((part) => classes[/^\[:(\w+):\]$/.exec(part)?.[1]?.toUpperCase() ?? ''] ?? part.replace(/[\\[\]]/g, '\\$&'))
    .join('');

/** SQL's regular expressions: `%` `_` as in LIKE; `|` `*` `+` `?` `{n}` `( )` `[ ]` as usual; the whole text matches. */
export const similarMatcher = remembered((pattern, mark) => {
  let source = '';
  const characters = Array.from(pattern);
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i]!;
    if (mark !== null && character === mark) {
      i += 1;
      source += literal(characters[i] ?? '');
    } else if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else if (character === '[') {
      // A class's name has brackets of its own: [[:ALPHA:]_]
      const set = /^\[((?:\[:\w+:\]|[^\]])*)\]/.exec(characters.slice(i).join(''));
      if (set === null) throw wrongPattern('SIMILAR TO', 'a [ in the pattern is not closed');
      source += `[${setSource(set[1]!)}]`;
      i += Array.from(set[0]).length - 1;
    } else source += '|*+?{}()'.includes(character) ? character : literal(character);
  }
  try {
    const expression = new RegExp(`^(?:${source})$`, 'su');
    return (text) => expression.test(text);
  } catch (error) {
    throw wrongPattern('SIMILAR TO', (error as Error).message.toLowerCase());
  }
});
