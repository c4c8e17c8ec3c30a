/** Entries under keys, kept by someone who can keep them over the end of the process. Synchronous, as steps are. */
export interface StateSpace {
  /** Null: there is none under the key. */
  get(key: Uint8Array): Uint8Array | null;
  put(key: Uint8Array, entry: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** In no order. Nothing may be changed meanwhile. */
  entries(): Iterable<readonly [key: Uint8Array, entry: Uint8Array]>;
}
