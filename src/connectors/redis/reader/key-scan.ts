import { Buffer } from 'node:buffer';
import type { Reply } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { KeyStore } from '../key-store.ts';
import { globQuoted } from '../key-text.ts';

/** Keys that one SCAN looks at, about. */
const scanCount = 2_000;

/** Goes through the keys that begin so, server by server. A key may come twice. */
export class KeyScan {
  readonly #match: Buffer;
  readonly #servers: AsyncIterator<RedisConnection>;
  /** The one that is gone through; null: none yet. */
  #server: RedisConnection | null = null;
  #cursor = '0';

  constructor(store: KeyStore, prefix: Buffer) {
    this.#match = Buffer.concat([globQuoted(prefix), Buffer.from('*')]);
    this.#servers = store.servers()[Symbol.asyncIterator]();
  }

  /** Some more, or none for the moment; null: that was all. */
  async next(): Promise<readonly Buffer[] | null> {
    if (this.#server === null) {
      const { value, done } = await this.#servers.next();
      if (done) return null;
      this.#server = value as RedisConnection;
    }
    const reply = await this.#server.command('SCAN', this.#cursor, 'MATCH', this.#match, 'COUNT', scanCount);
    const [next, found] = reply as readonly Reply[];
    this.#cursor = String(next);
    if (this.#cursor === '0') this.#server = null;
    return (found as readonly Reply[]).filter(Buffer.isBuffer);
  }
}
