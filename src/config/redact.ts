/**
 * Replaces every secret in a text by `***`. A short one counts only as a word of its own, since it may be part of many; one of
 * fewer than three characters stays.
 */
export const redactor = (secrets: Iterable<string>): ((text: string) => string) => {
  const hidden = [...new Set(secrets)]
    .filter((secret) => secret.length >= 3)
    .sort((a, b) => b.length - a.length)
    .map((secret) => {
      const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      return new RegExp(secret.length < 8 ? `(?<![\\w])${literal}(?![\\w])` : literal, 'g');
    });
  return (text) =>
    hidden
      .reduce((result, secret) => result.replace(secret, '***'), text)
      // A URL's user:password, whatever key it stands under.
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, '$1:***@');
};

/**
 * Where values of keys that name secrets stand in a text that is no YAML (or not yet), in order: through the closing quote, else to
 * the end of the line, since nothing says where such a value ends.
 */
export const spelledSecrets = (text: string): readonly { readonly start: number; readonly end: number }[] => {
  const places: { readonly start: number; readonly end: number }[] = [];
  for (const match of text.matchAll(/([\w.-]+)["']?[ \t]*[:=][ \t]*/g)) {
    const start = match.index + match[0].length;
    if (!namesSecret(match[1]!) || start < (places.at(-1)?.end ?? 0)) continue;
    const [value] = /^(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\n\r]*)/.exec(text.slice(start))!;
    if (value !== '' && !value.startsWith('***')) places.push({ start, end: start + value.length });
  }
  return places;
};

/** Keys that hold secrets by their name, for sections whose connector is not known and keys that are misspelt. */
export const namesSecret = (key: string): boolean => /pass(word|wd)?$|secret|token|salt|private.?key/i.test(key);
