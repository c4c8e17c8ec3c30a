import type { Change, RedisOrigin } from '../../../core/change.ts';
import type { Context } from '../../../core/connector.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { RedisSourceConfig } from './config.ts';
import { KeyRows } from './key-rows.ts';
import { type KeyTable, keyTables } from './key-tables.ts';
import { UnreadableKeys } from './unreadable-keys.ts';

/**
 * The tables that a source's settings declare, and what has become of keys by that and was not taken yet: rows, and letters about keys that
 * are none. Each way of reading fills one: a link, a scan, a file.
 */
export class DeclaredRows {
  /** Those that are read. */
  readonly tables: readonly KeyTable[];
  /** Those of which the other side owns something: of some all, of some columns alone. */
  readonly elsewhere: readonly KeyTable[];
  readonly keys: KeyRows;
  /** Whether the row of a key that is gone goes. */
  readonly deletes: boolean;
  readonly #database: number;
  readonly #changes: ChangeCollector;
  readonly #unreadable: UnreadableKeys;
  readonly #context: Context;
  /** Keys that were told to be of no table. */
  #passedOver = 0;

  /** `rowsAtOnce`: how many are usually taken together. Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
  constructor(config: RedisSourceConfig, context: Context, rowsAtOnce: number) {
    const tables = keyTables(config);
    this.tables = tables.filter(({ isForeign }) => !isForeign);
    this.elsewhere = tables.filter(({ isForeign, shared }) => isForeign || shared !== null);
    this.#context = context;
    this.deletes = config['deletes.policy'] === 'delete';
    this.#database = config.database;
    this.#changes = new ChangeCollector(rowsAtOnce);
    this.#unreadable = new UnreadableKeys(context);
    this.keys = new KeyRows(this.tables, this.#changes, config['value.unknown-fields'], this.#unreadable);
  }

  get labels(): readonly string[] {
    return this.tables.map(({ label }) => label);
  }

  /** Rows that were not taken yet. */
  get size(): number {
    return this.#changes.size;
  }

  /** The rows to come were read at this place of the database that is read. */
  at(place: Omit<RedisOrigin, 'kind' | 'db'>): void {
    this.keys.at({ ...place, db: this.#database });
  }

  take(): readonly Change[] {
    return this.#changes.take();
  }

  /** All keys have been read: says how many were of no table, where it is another number than the last time. */
  tellPassedOver(): void {
    const { log, pipeline } = this.#context;
    const { keys, first } = this.keys.takePassedOver();
    if (keys !== this.#passedOver) log.info('keys of no table were passed over', { pipeline, keys, first });
    this.#passedOver = keys;
  }

  /** Keeps letters that there are; before any place behind their keys is told. */
  async putAside(): Promise<void> {
    await this.#unreadable.putAside();
  }
}
