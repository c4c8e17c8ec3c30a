import { EventEmitter } from 'node:events';
import type { NamedKey } from './wanted-row.ts';

/** What a cache tells of, by `cache.on`. Figures of all of it are in `cache.stats()`. */
export interface CacheEvents {
  /** A row was served that is older than `ttlMs`, in its grace. */
  stale: [{ readonly table: string; readonly key: NamedKey }];
  /** A stale row could not be brought anew, so it is served until its grace ends. */
  'renewal-failed': [{ readonly table: string; readonly key: NamedKey; readonly code: string }];
  /** A row that was brought was not kept, because something newer had come meanwhile. */
  'fill-rejected': [{ readonly table: string; readonly key: NamedKey }];
  /** The pipeline did not apply a write within `timeoutMs`. */
  behind: [{ readonly table: string; readonly waitedMs: number; readonly onTimeout: 'mysql' | 'stale' | 'throw' }];
  /** A Redis, or a node of a cluster, does not answer any more; or it does again. */
  down: [{ readonly redis: string; readonly reason: string }];
  up: [{ readonly redis: string }];
  /** A row that `put` or `remove` wrote had changed in MySQL meanwhile, or MySQL refused it. */
  conflict: [{ readonly table: string; readonly key: NamedKey; readonly writes: number }];
  'write-refused': [{ readonly table: string; readonly key: NamedKey; readonly writes: number; readonly code: string }];
}

type Told<Name extends keyof CacheEvents> = CacheEvents[Name][0];

/** Who listens to a cache. */
export class CacheListeners {
  readonly #emitter = new EventEmitter<CacheEvents>();

  on<Name extends keyof CacheEvents>(name: Name, listener: (told: Told<Name>) => void): void {
    this.#emitter.on(name, listener as never);
  }

  off<Name extends keyof CacheEvents>(name: Name, listener: (told: Told<Name>) => void): void {
    this.#emitter.off(name, listener as never);
  }

  /**
   * `make` is called where somebody listens. What a listener throws is an uncaught exception of the application, as that of any other
   * listener is, and no failure of the read that it was told of.
   */
  tell<Name extends keyof CacheEvents>(name: Name, make: () => Told<Name>): void {
    const { length } = this.#emitter.listeners(name);
    if (length === 0) return;
    const told = make();
    queueMicrotask(() => this.#emitter.emit(name, ...([told] as never)));
  }
}
