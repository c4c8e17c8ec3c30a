import { DatabaseSync } from 'node:sqlite';
import type { Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { Key, KeyRange, Reader, RowPage, TableName } from '../../../core/reader.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { Cluster } from '../client/cluster.ts';
import type { KafkaConfig } from '../config.ts';
import { clientSettings } from '../connection.ts';
import { HeldPlaces, positionTopic } from '../position-log.ts';
import { topicRoutes } from '../topic-routes.ts';
import { sortOrder } from './sort-key.ts';
import { TopicReplay } from './topic-replay.ts';

/**
 * Reads the topics of a pipeline as the tables that whoever replays them gets. Rows lie in a temporary database on disk, which goes with
 * the reader. What is asked for after `held` has everything that those positions stand for.
 */
export class KafkaReader implements Reader {
  readonly name: string;
  readonly #config: KafkaConfig;
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #topicOf: (table: TableName) => string;
  readonly #places: HeldPlaces;
  readonly #replays = new Map<string, TopicReplay>();
  #db: DatabaseSync | null = null;

  constructor(config: KafkaConfig, context: Context) {
    this.name = `kafka ${config['properties.bootstrap.servers'].join(',')}`;
    this.#config = config;
    this.#context = context;
    this.#cluster = new Cluster(clientSettings(config, context.pipeline), context.clock);
    this.#topicOf = topicRoutes(config);
    this.#places = new HeldPlaces(this.#cluster, positionTopic(config, context.pipeline));
  }

  async tables(): Promise<readonly TableName[]> {
    return [...this.#replays.values()].map(({ table }) => table);
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return this.#replays.get(qualifiedName({ database, name }))?.table ?? null;
  }

  /** Throws KAFKA_NOT_REPLAYABLE. */
  async describeAs(table: Table): Promise<Table | null> {
    const name = qualifiedName(table);
    const known = this.#replays.get(name);
    if (known?.table.id === table.id) return table;
    const topic = this.#topicOf(table);
    if (!(await this.#cluster.topicNames()).includes(topic)) return null;
    const { log, clock } = this.#context;
    const context = { cluster: this.#cluster, db: this.#open(), clock, log };
    const names = [...this.#replays.keys()];
    const at = names.includes(name) ? names.indexOf(name) : names.length;
    this.#replays.set(name, new TopicReplay(topic, table, `rows_${at}`, this.#config, context));
    return table;
  }

  async order(table: Table): Promise<readonly string[] | null> {
    return table.primaryKey.length === 0 ? null : sortOrder(table);
  }

  async page(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage> {
    return (await this.#followed(table, signal)).rows.page(range, limit);
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for (const piece of (await this.#followed(table, signal)).rows.scan()) {
      signal.throwIfAborted();
      yield piece;
    }
  }

  async lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]> {
    const { rows } = await this.#followed(table, signal);
    return keys.map((key) => rows.find(key));
  }

  async held(lane: Lane): Promise<readonly Position[]> {
    const held = (await this.#places.read()).get(lane);
    for (const replay of this.#replays.values()) replay.isBehind = true;
    return held === undefined ? [] : [held];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db?.close();
    this.#cluster[Symbol.dispose]();
  }

  async #followed(table: Table, signal: AbortSignal): Promise<TopicReplay> {
    const replay = this.#replays.get(qualifiedName(table));
    if (replay === undefined || replay.table.id !== table.id)
      throw new MillraceError('READER_TABLE_GONE', { system: this.name, table: qualifiedName(table) });
    await replay.follow(signal);
    return replay;
  }

  #open(): DatabaseSync {
    if (this.#db !== null) return this.#db;
    // An empty path: on disk as far as it does not fit the cache, and gone with the connection.
    this.#db = new DatabaseSync('');
    this.#db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536');
    return this.#db;
  }
}
