import { hexLiteral } from '../../core/json-value.ts';
import type { Image, RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Table } from '../../core/table.ts';
import type { Value } from '../../core/value.ts';

/** A value of one column of a logged row; undefined: the server left the column out. */
export type LoggedValue = Value | undefined;

/**
 * One image of a logged row. Where the server did not log charsets, text that turns out not to be UTF-8 is given as its bytes.
 */
export const loggedRow = (
  images: RowImages,
  table: Table,
  index: number,
  image: Image,
  charsetsKnown: boolean,
): readonly LoggedValue[] | null => {
  const row = image === 'before' ? images.before(index) : images.after(index);
  if (row === null || charsetsKnown) return row;
  const doubtful = row.some((value, at) => isDoubtful(value, table, at));
  if (!doubtful) return row;
  const bytes = rawTexts(images, index, image);
  return row.map((value, at) => (isDoubtful(value, table, at) ? (bytes.get(at) ?? value) : value));
};

const isDoubtful = (value: LoggedValue, table: Table, column: number): boolean =>
  table.columns[column]!.type.kind === 'text' && typeof value === 'string' && value.includes('\uFFFD');

/** The text columns of one image as the log has them. */
const rawTexts = (images: RowImages, index: number, image: Image): ReadonlyMap<number, Uint8Array> => {
  const texts = new Map<number, Uint8Array>();
  const ignore = (): void => {};
  const writer = new Proxy({} as ValueWriter, {
    get: (_, name) => {
      if (name === 'target') return 'raw texts';
      if (name !== 'text') return ignore;
      return (column: number, bytes: Uint8Array, start: number, end: number) =>
        texts.set(column, bytes.slice(start, end));
    },
  });
  images.write(index, image, writer);
  return texts;
};

/** A value as a SQL literal. */
export const sqlLiteral = (value: Exclude<LoggedValue, undefined>, kind: string): string => {
  if (value === null) return 'NULL';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'string') return hexLiteral(value);
  if (kind === 'decimal') return value;
  return `'${value.replace(/['\\\p{Cc}]/gu, (character) => escapes[character] ?? character)}'`;
};

const escapes: Readonly<Record<string, string>> = {
  "'": "''",
  '\\': '\\\\',
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
};
