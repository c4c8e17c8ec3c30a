/** One row of the error table: what is said, whether trying again can help, and what the reader can do. */
export interface ErrorEntry {
  /** Will the same call work later without anybody acting? */
  readonly retryable: boolean;
  /** What happened to what: lower case, no full stop. Details hold names, counts and positions; never row values or secrets. */
  readonly message: (details: never) => string;
  /** A sentence with something to type or change. */
  readonly hint: string;
}
