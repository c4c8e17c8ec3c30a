/**
 * Texts of errors in another language, by code: the message with `<name>` where a detail goes, and the hint. A part between `{?`
 * and `}` is left out when a detail in it is null.
 */
export type LocalErrors = Readonly<Record<string, readonly [message: string, hint: string]>>;

/** The message with its details put in. */
export const fillMessage = (message: string, details: unknown): string =>
  message
    .replace(/\{\?([^{}]*)\}/g, (_, part: string) =>
      placeholdersOf(part).some((name) => detailOf(details, name) == null) ? '' : part,
    )
    .replace(/(0x)?<([\w.]+)>/g, (_, hexadecimal: string | undefined, name: string) => {
      const value = detailOf(details, name);
      if (hexadecimal !== undefined && typeof value === 'number') return `0x${value.toString(16)}`;
      return Array.isArray(value) ? value.join(', ') : `${hexadecimal ?? ''}${String(value)}`;
    });

/** Whether there is a detail for every place that must be filled. */
export const hasDetails = (message: string, details: unknown): boolean =>
  placeholdersOf(message.replace(/\{\?[^{}]*\}/g, '')).every((name) => detailOf(details, name) !== undefined);

/** Names of the details that a message has a place for. */
export const placeholdersOf = (message: string): readonly string[] =>
  Array.from(message.matchAll(/<([\w.]+)>/g), (match) => match[1]!);

const detailOf = (details: unknown, name: string): unknown =>
  name
    .split('.')
    .reduce<unknown>((value, part) => (value as Readonly<Record<string, unknown>> | null | undefined)?.[part], details);
