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

/** Keys that hold secrets by their name, for sections whose connector is not known and keys that are misspelt. */
export const namesSecret = (key: string): boolean => /pass(word|wd)?$|secret|token|salt|private.?key/i.test(key);
