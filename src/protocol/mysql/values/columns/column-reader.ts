import type { ValueWriter } from '../../../../core/row-images.ts';
import type { Value } from '../../../../core/value.ts';

/**
 * How one column's values lie in their bytes, and the ways to read them: interpreted (`read`, `write`), and as source text for
 * the compiled twin (`readSource`, `writeSource`), which gives the same results.
 */
export interface ColumnReader {
  /** Bytes before each value that hold its length, little-endian; 0: every value takes `size` bytes. */
  readonly lengthBytes: 0 | 1 | 2 | 3 | 4;
  readonly size: number;
  /** The value in `bytes` from `start` to `end`. Throws DamagedValue. */
  read(bytes: Buffer, start: number, end: number): Value;
  write(writer: ValueWriter, column: number, bytes: Buffer, start: number, end: number): void;
  /** An expression over `b` (bytes), `s` (start) and `e` (end). */
  readSource(bind: Bind): string;
  /** A statement over `b`, `s`, `e`, and `w` (the writer). */
  writeSource(column: number, bind: Bind): string;
}

/** Gives a constant or function a name inside generated source. Nothing that comes from a server is ever source text. */
export type Bind = (constant: unknown) => string;

/** A value whose bytes make no sense. The row reader turns it into an error that names table and column. */
export class DamagedValue extends Error {
  override readonly name = 'DamagedValue';
}

/** A reader whose compiled form calls the interpreted functions: for values where a call costs little beside the work. */
export const calledReader = (
  layout: Pick<ColumnReader, 'lengthBytes' | 'size'>,
  read: ColumnReader['read'],
  write: ColumnReader['write'],
): ColumnReader => ({
  ...layout,
  read,
  write,
  readSource: (bind) => `${bind(read)}(b, s, e)`,
  writeSource: (column, bind) => `${bind(write)}(w, ${column}, b, s, e);`,
});

/** The layout of values that take `size` bytes each. */
export const fixed = (size: number): Pick<ColumnReader, 'lengthBytes' | 'size'> => ({ lengthBytes: 0, size });

/** The layout of values with their length in front. */
export const prefixed = (lengthBytes: number): Pick<ColumnReader, 'lengthBytes' | 'size'> => {
  if (lengthBytes < 1 || lengthBytes > 4) throw new DamagedValue(`lengths of ${lengthBytes} bytes`);
  return { lengthBytes: lengthBytes as 1 | 2 | 3 | 4, size: 0 };
};
