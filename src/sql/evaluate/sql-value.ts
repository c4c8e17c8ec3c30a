/**
 * A value while an expression is computed. Its type says how to read it:
 *
 * | type                       | value                                                                       |
 * |----------------------------|-----------------------------------------------------------------------------|
 * | BOOLEAN                    | boolean                                                                     |
 * | TINYINT, SMALLINT, INT     | number                                                                      |
 * | BIGINT                     | number; bigint where it is beyond ±(2^53 - 1)                               |
 * | DECIMAL(p, s)              | its digits as a whole number, 12.34 as 1234: number or bigint as for BIGINT |
 * | FLOAT, DOUBLE              | number                                                                      |
 * | CHAR, VARCHAR              | string                                                                      |
 * | BINARY, VARBINARY          | Uint8Array                                                                  |
 * | DATE                       | days since 1970                                                             |
 * | TIME(p)                    | milliseconds since midnight                                                 |
 * | TIMESTAMP(p), _LTZ(p)      | microseconds since 1970: number or bigint as for BIGINT                     |
 * | INTERVAL                   | months, or milliseconds                                                     |
 * | ARRAY, ROW                 | array                                                                       |
 * | MULTISET                   | array of [element, how often], in the order of elements and each once       |
 * | MAP                        | Map                                                                         |
 */
export type SqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly SqlValue[]
  | ReadonlyMap<SqlValue, SqlValue>;

/** The elements of a multiset, each once and beside how often it is there, in their order; never NULL. */
export type Multiset = readonly (readonly [element: Exclude<SqlValue, null>, times: number])[];

/** A whole number of any size; bigint only beyond what a number holds exactly. */
export type Whole = number | bigint;

/** A whole number in its one form. */
export const whole = (value: bigint): Whole => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** What an evaluation may ask about its surroundings. */
export interface EvaluationContext {
  /** Milliseconds since 1970: one and the same for every call on a row. */
  readonly now: () => number;
  /** The session's time zone, by its IANA name. */
  readonly timeZone: string;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** How far event time has come, in microseconds since 1970; null: nobody says. Left out where no table has a watermark. */
  readonly watermark?: () => Whole | null;
}
