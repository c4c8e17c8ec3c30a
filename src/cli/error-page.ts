import type { ErrorEntry } from '../core/error-codes/entry.ts';
import { type ErrorCode, errorTable } from '../core/errors.ts';

/** A page of docs/errors.md as data: what `millrace explain` prints. */
export interface ErrorPage {
  readonly code: ErrorCode;
  /** The message with `<name>` where a detail goes. */
  readonly message: string;
  readonly retryable: boolean;
  readonly hint: string;
}

export const errorCodes = Object.keys(errorTable).toSorted() as readonly ErrorCode[];

export const errorPage = (code: ErrorCode): ErrorPage => {
  const entry: ErrorEntry = errorTable[code];
  return { code, message: messageShape(entry.message), retryable: entry.retryable, hint: entry.hint };
};

/** A message with each detail named instead of filled in: it is called with details that print their own names. */
const messageShape = (message: ErrorEntry['message']): string => {
  const asked = new Set<string>();
  const details = new Proxy({}, { get: (_, name) => asked.add(String(name)) && placeholder(String(name)) });
  const shape = message(details as never).replace(/"(<[\w ]+>)"/g, '$1');
  // A detail that a message computed with has lost its name on the way: put the names back where numbers came out.
  const lost = [...asked].filter((name) => !shape.includes(`<${name}>`));
  return lost.reduce(
    (text, name) => text.replace(/0x0+\b|\bNaN\b/, (found) => `${found.startsWith('0x') ? '0x' : ''}<${name}>`),
    shape,
  );
};

/** Stands for a detail of any type: prints as `<name>`, and bears what messages do with texts, numbers and lists. */
const placeholder = (name: string): unknown => {
  const text = `<${name}>`;
  return new Proxy([text], {
    get: (list, property) => {
      if (typeof property === 'symbol')
        return property === Symbol.toPrimitive ? () => text : Reflect.get(list, property);
      if (property === 'length') return 2;
      if (property === 'map') return () => placeholder(name);
      if (
        property in Array.prototype ||
        property in String.prototype ||
        property in Number.prototype ||
        property === 'toJSON'
      )
        return () => text;
      return placeholder(`${name}.${property}`);
    },
  });
};
