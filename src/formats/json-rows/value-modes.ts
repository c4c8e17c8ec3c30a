/**
 * How a format wrote what JSON has no form for. Where a value could have come about in one way only (a quoted date, a number of
 * days), it is recognised by its form; these say what cannot be told apart.
 */
export interface ValueModes {
  /** `unscaled`: base64 of the unscaled number, as Kafka Connect's Decimal. `digits`: a number, or a string of its digits. */
  readonly decimals: 'unscaled' | 'digits';
  /** How strings of binary columns (and of BIT, of more than one bit) are written; `latin1`: a character for each byte. */
  readonly binaries: 'base64' | 'hex' | 'latin1';
  /**
   * What whole numbers in DATETIME and TIME columns count. `adaptive`: DATETIME of up to three fraction digits milliseconds, all else
   * microseconds; `shortest`: TIME like DATETIME.
   */
  readonly times: 'adaptive' | 'shortest' | 'millis' | 'micros' | 'nanos';
  /** BIGINT UNSIGNED beyond 2^63 - 1: `wrapped` into negative numbers, `unscaled` as base64, or plain `digits`. */
  readonly unsignedBigints: 'wrapped' | 'unscaled' | 'digits';
  /** A JSON column's document stands as a `string` that holds its text, or is the `value` itself. */
  readonly documents: 'string' | 'value';
  /** This string stands for a value that was not logged; null: none does. */
  readonly absentText: string | null;
}

/** Debezium's defaults. */
export const debeziumModes: ValueModes = {
  decimals: 'unscaled',
  binaries: 'base64',
  times: 'adaptive',
  unsignedBigints: 'wrapped',
  documents: 'string',
  absentText: '__debezium_unavailable_value',
};

/** JSON as people and Maxwell write it: numbers are numbers, documents are documents, bytes are base64, moments as MySQL prints them. */
export const plainModes: ValueModes = {
  decimals: 'digits',
  binaries: 'base64',
  times: 'millis',
  unsignedBigints: 'digits',
  documents: 'value',
  absentText: null,
};

/** Canal's flat messages: every value a string as MySQL prints it, bytes as ISO 8859-1. */
export const canalModes: ValueModes = { ...plainModes, binaries: 'latin1', documents: 'string' };
