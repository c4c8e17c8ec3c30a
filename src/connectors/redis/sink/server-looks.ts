import type { Clock } from '../../../core/clock.ts';
import type { ServerFigures } from '../../../core/operating.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { KeyStore } from '../key-store.ts';

/** How often servers are asked at most. */
const everyMs = 10_000;

/** What servers last said of their memory, and of the keys that left them; they are asked only while somebody wants to know. */
export class ServerLooks {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  #figures: readonly ServerFigures[] = [];
  #wanted = false;
  #lookedMs: number | null = null;

  constructor(store: KeyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Empty: they were not asked yet. */
  figures(): readonly ServerFigures[] {
    this.#wanted = true;
    return this.#figures;
  }

  /** Asks, where it is time to. No MULTI may be open on a connection. */
  async look(): Promise<void> {
    const now = this.#clock.monotonic();
    if (!this.#wanted || (this.#lookedMs !== null && now - this.#lookedMs < everyMs)) return;
    this.#wanted = false;
    this.#lookedMs = now;
    const figures = new Map<string, ServerFigures>();
    for await (const connection of this.#store.servers()) {
      const asked = this.#clock.monotonic();
      const [info] = await connection.send(encodeCommand('INFO'), 1);
      // An account that may not ask is told nothing.
      if (!Buffer.isBuffer(info)) continue;
      figures.set(connection.address, {
        server: connection.address,
        answeredMs: this.#clock.monotonic() - asked,
        ...figuresIn(info.toString('latin1')),
      });
    }
    this.#figures = [...figures.values()];
  }
}

const figuresIn = (info: string): Omit<ServerFigures, 'server' | 'answeredMs'> => {
  const of = (name: string): number | null => {
    const value = new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(info)?.[1];
    return value === undefined ? null : Number(value);
  };
  return {
    usedBytes: of('used_memory'),
    maxBytes: of('maxmemory'),
    evictedKeys: of('evicted_keys'),
    expiredKeys: of('expired_keys'),
  };
};
