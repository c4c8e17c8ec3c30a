/** Something that happened to a pipeline, numbered so that who lost the connection can ask for what came since. */
export interface ServerEvent {
  readonly id: number;
  readonly type: string;
  /** Plain JSON, without row values. */
  readonly data: unknown;
}

/** The last events, and who listens. */
export class EventRing {
  readonly #events: ServerEvent[] = [];
  readonly #most: number;
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  #next = 1;

  constructor(most = 1_000) {
    this.#most = most;
  }

  get lastId(): number {
    return this.#next - 1;
  }

  publish(type: string, data: unknown): void {
    const event = { id: this.#next++, type, data };
    this.#events.push(event);
    if (this.#events.length > this.#most) this.#events.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** Everything after `id`; null: some of it is gone, so a snapshot must come first. */
  since(id: number): readonly ServerEvent[] | null {
    if (id > this.lastId) return null;
    const oldest = this.#events[0]?.id ?? this.#next;
    return id + 1 < oldest ? null : this.#events.slice(id + 1 - oldest);
  }

  /** Calls `listener` for every event from now on, until the returned function is called. */
  listen(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
