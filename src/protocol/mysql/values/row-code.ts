import type { ValueWriter } from '../../../core/row-images.ts';
import type { Row } from '../../../core/value.ts';
import type { Bind, ColumnReader } from './columns/column-reader.ts';

/**
 * Straight-line functions for one shape of row, made with `new Function`. Source text comes from the columns' layouts alone;
 * names, enum values and decoders go in as constants. The interpreted twins (row-interpreter.ts) give the same results.
 *
 * Reading runs without bounds checks: `measure` has made sure that every row lies inside its bytes.
 */
export interface RowCode {
  /** The row whose image starts at `start`. */
  readonly read: (bytes: Buffer, start: number) => Row;
  readonly write: (bytes: Buffer, start: number, writer: ValueWriter) => void;
}

/** Where the image that starts at `start` ends; -1 when it does not end before `limit`. */
export type Measure = (bytes: Buffer, start: number, limit: number) => number;

/** Where a row's nulls and lengths stand: the one difference between a binlog's rows and those of a SELECT. */
export type Framing = 'image' | 'text';

/**
 * A row image's columns: the readers of those that are logged, null for those that are not. Null bits count the former only.
 */
export type RowColumns = readonly (ColumnReader | null)[];

/** Whether this process allows code to be made from strings (it does not under --disallow-code-generation-from-strings). */
export const canCompile: boolean = (() => {
  try {
    return new Function('return true')() as boolean;
  } catch {
    return false;
  }
})();

/** V8 does not optimize functions beyond some 60 kB of bytecode; wider rows are interpreted. */
export const maxCompiledColumns = 400;

export const compileRead = (columns: RowColumns, framing: Framing): RowCode['read'] => {
  const constants = new Constants();
  const body = [`let p = ${skipNullBits(columns, framing)}, s = 0, e = 0;`];
  columns.forEach((reader, column) => {
    if (reader === null) return;
    body.push(`let v${column} = null;`);
    body.push(atColumn(columns, column, reader, framing, `v${column} = ${reader.readSource(constants.bind)};`, ''));
  });
  // Not logged is undefined, which is never the same as NULL.
  body.push(`return [${columns.map((reader, column) => (reader === null ? 'undefined' : `v${column}`)).join(', ')}];`);
  return constants.make('b, r', body) as RowCode['read'];
};

export const compileWrite = (columns: RowColumns, framing: Framing): RowCode['write'] => {
  const constants = new Constants();
  const body = [`let p = ${skipNullBits(columns, framing)}, s = 0, e = 0;`];
  columns.forEach((reader, column) => {
    if (reader === null) body.push(`w.absent(${column});`);
    else {
      const write = reader.writeSource(column, constants.bind);
      body.push(atColumn(columns, column, reader, framing, write, `w.null(${column});`));
    }
  });
  return constants.make('b, r, w', body) as RowCode['write'];
};

/** Binlog row images only: rows of a SELECT are measured by their packet. */
export const compileMeasure = (columns: RowColumns): Measure => {
  const constants = new Constants();
  const present = columns.filter((reader) => reader !== null);
  const body = [`let p = r + ${nullBytes(columns)};`, 'if (p > limit) return -1;'];
  let bit = 0;
  for (const { lengthBytes, size } of present) {
    const step =
      lengthBytes === 0
        ? `p += ${size};`
        : `if (p + ${lengthBytes} > limit) return -1; p += ${lengthBytes} + ${lengthSource('p', lengthBytes)};`;
    body.push(`if ((b[r + ${bit >> 3}] & ${1 << (bit & 7)}) === 0) { ${step} }`);
    bit += 1;
  }
  body.push('return p <= limit ? p : -1;');
  return constants.make('b, r, limit', body) as Measure;
};

/** Bytes of null bits before an image's values. */
export const nullBytes = (columns: RowColumns): number =>
  (columns.reduce((count, reader) => count + (reader === null ? 0 : 1), 0) + 7) >> 3;

const skipNullBits = (columns: RowColumns, framing: Framing): string =>
  framing === 'image' ? `r + ${nullBytes(columns)}` : 'r';

/** Source that finds the column's value, runs `found` with `s` and `e` around it or `isNull`, and moves `p` behind it. */
const atColumn = (
  columns: RowColumns,
  column: number,
  reader: ColumnReader,
  framing: Framing,
  found: string,
  isNull: string,
): string => {
  if (framing === 'text') {
    return `s = p + 1; e = b[p];
    if (e === 251) { p = s; ${isNull} } else {
      if (e > 251) {
        if (e === 252) { s = p + 3; e = b[p + 1] | b[p + 2] << 8; }
        else if (e === 253) { s = p + 4; e = b[p + 1] | b[p + 2] << 8 | b[p + 3] << 16; }
        else { s = p + 9; e = b.readUInt32LE(p + 1); }
      }
      e += s; ${found} p = e;
    }`;
  }
  let bit = 0;
  for (let i = 0; i < column; i += 1) if (columns[i] !== null) bit += 1;
  const move =
    reader.lengthBytes === 0
      ? `s = p; e = p + ${reader.size};`
      : `s = p + ${reader.lengthBytes}; e = s + ${lengthSource('p', reader.lengthBytes)};`;
  const otherwise = isNull === '' ? '' : ` else { ${isNull} }`;
  return `if ((b[r + ${bit >> 3}] & ${1 << (bit & 7)}) === 0) { ${move} ${found} p = e; }${otherwise}`;
};

const lengthSource = (at: string, lengthBytes: 0 | 1 | 2 | 3 | 4): string => {
  switch (lengthBytes) {
    case 1:
      return `b[${at}]`;
    case 2:
      return `(b[${at}] | b[${at} + 1] << 8)`;
    case 3:
      return `(b[${at}] | b[${at} + 1] << 8 | b[${at} + 2] << 16)`;
    case 4:
      return `((b[${at}] | b[${at} + 1] << 8 | b[${at} + 2] << 16 | b[${at} + 3] << 24) >>> 0)`;
    case 0:
      return '0';
  }
};

/** The constants of one function, by the names they have in its source. */
class Constants {
  readonly #values: unknown[] = [];

  readonly bind: Bind = (constant) => {
    let index = this.#values.indexOf(constant);
    if (index < 0) index = this.#values.push(constant) - 1;
    return `k${index}`;
  };

  make(parameters: string, body: readonly string[]): unknown {
    const names = this.#values.map((_, i) => `k${i}`);
    const source = `'use strict'; return (${parameters}) => {\n${body.join('\n')}\n};`;
    return new Function(...names, source)(...this.#values);
  }
}
