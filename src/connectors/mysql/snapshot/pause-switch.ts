/** Lets those who do steps of a long work wait between two of them. */
export class PauseSwitch {
  #paused: PromiseWithResolvers<void> | null = null;

  get on(): boolean {
    return this.#paused !== null;
  }

  /** Resolves when there is no pause (any more). */
  get ended(): Promise<void> {
    return this.#paused?.promise ?? Promise.resolve();
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }
}
