import type { StateSpace } from '../operators/incremental/state/state-space.ts';

/** Entries by the bytes of their keys, as they were put. */
export class MapSpace implements StateSpace {
  readonly #entries = new Map<string, readonly [Uint8Array, Uint8Array]>();

  get(key: Uint8Array): Uint8Array | null {
    return this.#entries.get(Buffer.from(key).toString('latin1'))?.[1] ?? null;
  }

  put(key: Uint8Array, entry: Uint8Array): void {
    this.#entries.set(Buffer.from(key).toString('latin1'), [key, entry]);
  }

  delete(key: Uint8Array): void {
    this.#entries.delete(Buffer.from(key).toString('latin1'));
  }

  entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.#entries.values();
  }
}
