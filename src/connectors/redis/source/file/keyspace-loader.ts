import type { RdbKey, RdbVisitor } from '../../../../protocol/redis/rdb/rdb-visitor.ts';
import type { Keyspace, SavedKey } from './keyspace.ts';
import { packedEntry, streamName } from './stream-entries.ts';

/** The name of a string's only element. */
export const only = new Uint8Array(0);

/** Puts the keys of a saved file into a keyspace. */
export class KeyspaceLoader implements RdbVisitor {
  readonly #keys: Keyspace;
  #key: SavedKey | null = null;
  #items = 0;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  begin({ database, name, kind, expiresAtMs }: RdbKey): void {
    this.#key = this.#keys.make(database, name, kind);
    this.#items = 0;
    if (expiresAtMs !== null) this.#keys.run('UPDATE keys SET expires = ? WHERE id = ?', expiresAtMs, this.#key.id);
  }

  text(value: Buffer): void {
    this.#keys.put(this.#key!, only, value);
  }

  element(value: Buffer): void {
    if (this.#key!.kind === 'set') this.#keys.put(this.#key!, value, null);
    else this.#keys.run('INSERT INTO items VALUES (?, ?, ?)', this.#key!.id, this.#items++, value);
  }

  scored(member: Buffer, score: number): void {
    this.#keys.put(this.#key!, member, null, score);
  }

  field(name: Buffer, value: Buffer, expiresAtMs: number | null): void {
    this.#keys.put(this.#key!, name, value, expiresAtMs);
  }

  entry(id: string, pairs: readonly Buffer[]): void {
    this.#keys.put(this.#key!, streamName(id), packedEntry(pairs));
  }

  end(): void {}
  fact(): void {}
  library(): void {}
  group(): void {}
  // No table has rows in an array, and no command that is followed reads one.
  indexed(): void {}
  module(): void {}
}
