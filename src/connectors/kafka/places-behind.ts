import type { Lane, Position } from '../../core/batch.ts';

type Places = ReadonlyMap<Lane, Position>;

interface Following {
  readonly places: Places;
  acknowledged: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Moves places behind rows that are sent without a transaction: never before the rows are acknowledged, and in the order of the
 * writes. Further rows are sent meanwhile. While places are being written those of the writes acknowledged next gather, and go
 * together. When one write fails, so does every later one.
 */
export class PlacesBehind {
  readonly #move: (places: Places) => Promise<void>;
  readonly #following: Following[] = [];
  #moving = false;
  #failure: { readonly error: unknown } | null = null;

  /** `move` makes places durable. */
  constructor(move: (places: Places) => Promise<void>) {
    this.#move = move;
  }

  /** Resolves when the places are durable, once `acknowledged` has resolved; rejects with what it, or an earlier write, failed with. */
  async follow(acknowledged: Promise<unknown>, places: Places): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const following: Following = { places, acknowledged: false, resolve, reject };
    this.#following.push(following);
    acknowledged.then(
      () => {
        following.acknowledged = true;
        void this.#goOn();
      },
      (error: unknown) => this.#fail(error),
    );
    if (this.#failure !== null) this.#fail(this.#failure.error);
    await promise;
  }

  async #goOn(): Promise<void> {
    if (this.#moving) return;
    this.#moving = true;
    try {
      for (let ready = this.#takeReady(); ready.length > 0; ready = this.#takeReady()) {
        const places = new Map(ready.flatMap((each) => [...each.places]));
        try {
          if (places.size > 0) await this.#move(places);
        } catch (error) {
          for (const { reject } of ready) reject(error);
          this.#fail(error);
          return;
        }
        for (const { resolve } of ready) resolve();
      }
    } finally {
      this.#moving = false;
    }
  }

  /** The oldest writes, up to one that is not acknowledged yet. */
  #takeReady(): readonly Following[] {
    const end = this.#following.findIndex(({ acknowledged }) => !acknowledged);
    return this.#following.splice(0, end < 0 ? this.#following.length : end);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#following.splice(0)) reject(this.#failure.error);
  }
}
