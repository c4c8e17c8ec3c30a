import type { Buffer } from 'node:buffer';
import type { HeldForm, Key, RowAudit, RowRepair } from '../../../core/reader.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import type { KeyStore } from '../key-store.ts';
import type { TableSettings } from '../sink/table-settings.ts';
import { exactly, HashAudit, rowsOf } from './hash-audit.ts';
import { HashTable } from './hash-table.ts';
import type { Command, FoundRows, KeptOptions, KeptRows, Keyspace } from './kept-rows.ts';

/** Rows that are hashes. */
export class HashRows implements KeptRows {
  readonly source: Table;
  readonly table: Table;
  readonly form: HeldForm | null;
  readonly expires: boolean;
  readonly isKeyed: boolean;
  readonly #hashes: HashTable;

  constructor(source: Table, settings: TableSettings, options: KeptOptions) {
    this.#hashes = new HashTable(source, settings, options);
    this.source = source;
    this.table = this.#hashes.table;
    this.form = this.#hashes.hasForm ? this.#hashes : null;
    this.expires = this.#hashes.expires;
    this.isKeyed = this.#hashes.isKeyed;
  }

  lookup(store: KeyStore, keys: readonly Key[]): Promise<readonly (Row | null)[]> {
    return this.#read(
      store,
      keys.map((key) => this.#hashes.redisKey(key)),
    );
  }

  async *walk(space: Keyspace, signal: AbortSignal): AsyncGenerator<FoundRows> {
    for await (const found of space.keys(this.#hashes.keys.prefix, signal)) {
      yield { keys: found.map((redisKey) => this.#hashes.keyOf(redisKey)).filter((key) => key !== null) };
    }
  }

  /** Of rows whose keys in Redis do not say which they are. */
  async *scan(space: Keyspace, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    const { keys } = this.#hashes;
    for await (const found of space.keys(keys.prefix, signal, 'once')) {
      const own = found.filter((key) => keys.matches(key));
      const rows = await space.use(({ store }) => this.#read(store, own));
      yield rows.filter((row) => row !== null);
    }
  }

  async count(space: Keyspace, signal: AbortSignal): Promise<number> {
    const { keys } = this.#hashes;
    let count = 0;
    for await (const found of space.keys(keys.prefix, signal, 'once'))
      count += found.filter((key) => keys.matches(key)).length;
    return count;
  }

  audit(space: Keyspace): RowAudit {
    return new HashAudit(this.#hashes, (work) => space.use(work));
  }

  async repairs(_: KeyStore, repairs: readonly RowRepair[], now: number): Promise<readonly Command[]> {
    return repairs.flatMap(({ key, row }) => this.#hashes.repair(key, row, now));
  }

  async #read(store: KeyStore, redisKeys: readonly Buffer[]): Promise<readonly (Row | null)[]> {
    const hashes = this.#hashes;
    const ask = (commands: CommandWriter, key: Buffer): void => hashes.ask(commands, key, exactly);
    return rowsOf(await store.ask(redisKeys, ask, hashes.width(exactly)), store, hashes, exactly);
  }
}
