import type { Change } from '../../../core/change.ts';
import type { Context } from '../../../core/connector.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { RedisConnection } from '../connection.ts';
import type { RedisServerConfig } from './config.ts';
import type { DeclaredRows } from './declared-rows.ts';
import { type DirtyKey, DirtyKeys } from './dirty-keys.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import type { KeyReader } from './key-reader.ts';
import type { KeyTable } from './key-tables.ts';
import type { LinkFailures } from './link-failures.ts';
import type { LinkPlace } from './link-place.ts';
import { OffsetWatch } from './offset-watch.ts';
import { ReplicationLink } from './replication-link.ts';
import { rereadKeys } from './reread-keys.ts';
import { readSnapshot } from './snapshot-rows.ts';
import { confirmationKey, StreamCommands } from './stream-commands.ts';
import { type SpoolOptions, StreamSpool } from './stream-spool.ts';

/** Keys that are read again at once, and become one transaction of the target. */
export const keysAtOnce = 1_000;
/** How often a server is asked how far its stream is. */
const lookMs = 5_000;

export interface FollowOptions {
  readonly config: RedisServerConfig;
  readonly context: Context;
  /** Takes the rows. One server after the other may fill it. */
  readonly rows: DeclaredRows;
  readonly foreign: ForeignWrites;
  /** For questions to the server. */
  readonly reader: RedisConnection;
  /** Becomes the link. */
  readonly connection: RedisConnection;
  readonly keys: KeyReader;
  /** Where to go on; null: from a snapshot. */
  readonly from: LinkPlace | null;
  readonly spool: SpoolOptions;
  readonly failures: LinkFailures;
  /** How many keys wait to be read again, before the stream waits in its spool. */
  readonly maxDirtyKeys: number;
}

/** Rows, and the place up to which they are all that has changed; null: more come before such a place. */
export interface Changed {
  readonly changes: readonly Change[];
  readonly place: LinkPlace | null;
}

/** A server that is followed: the link to it, and which of the keys that its stream names are to be read again. */
export class FollowedServer implements AsyncDisposable {
  readonly reader: RedisConnection;
  /** Where it was told to go on. */
  readonly from: LinkPlace | null;
  readonly #options: FollowOptions;
  readonly #watch: OffsetWatch;
  #link!: ReplicationLink;
  #place: LinkPlace | null = null;
  #dirty: DirtyKeys | null = null;
  #commands: StreamCommands | null = null;
  /** Null: the account may not ask. */
  #lookedMs: number | null;

  private constructor(options: FollowOptions) {
    const { reader, from, context } = options;
    this.#options = options;
    this.reader = reader;
    this.from = from;
    this.#watch = new OffsetWatch(reader.address);
    this.#lookedMs = context.clock.monotonic();
  }

  /** Asks for the stream. Throws what ReplicationLink.open does. */
  static async open(options: FollowOptions): Promise<FollowedServer> {
    const server = new FollowedServer(options);
    const { connection, context, from, spool, failures, maxDirtyKeys } = options;
    server.#link = await ReplicationLink.open({
      connection,
      clock: context.clock,
      from,
      spool: new StreamSpool(spool),
      begun: (place) => {
        server.#begin(place);
        failures.began(place.offset);
      },
      command: (command) => server.#commands!.take(command),
      isFull: () => server.#dirty !== null && server.#dirty.size > maxDirtyKeys,
    });
    return server;
  }

  /** The server has answered: from then on there is a place. */
  get hasBegun(): boolean {
    return this.#place !== null;
  }

  /** Up to where its rows were given. It has begun. */
  get place(): LinkPlace {
    return this.#place!;
  }

  /** The offset that the server is known to have reached; null: not known. */
  get end(): number | null {
    const end = Math.max(this.#watch.offset ?? -1, this.#place === null ? -1 : this.#link.received);
    return end < 0 ? null : end;
  }

  /** What is held of its stream, in memory and on disk. */
  get spoolBytes(): number {
    return this.#link.heldBytes;
  }

  /** Nothing is known of the keys any more: databases were swapped, or an emptied one was confirmed. */
  get startsAnew(): boolean {
    return this.#commands?.startsAnew ?? false;
  }

  /** Whether there are keys to be read again. */
  get hasChanged(): boolean {
    return this.#dirty !== null && this.#dirty.size > 0;
  }

  /** With what the server begins. Throws what ended the link before. */
  async begins(): Promise<'snapshot' | 'stream'> {
    return await this.#link.begins();
  }

  /** Throws what ended the link, if something did. */
  check(): void {
    this.#link.check();
  }

  /** Resolves when more has come, or after so long. Throws what ended the link. */
  async moved(withinMs: number, signal: AbortSignal): Promise<void> {
    await this.#link.moved(withinMs, signal);
  }

  /** Counts the end of the link, if it has ended. Throws REDIS_REPLICATION_CUT_OFF once that has happened too often. */
  countEnd(): void {
    try {
      this.check();
    } catch (error) {
      this.#options.failures.ended(error, this.reader.address);
    }
  }

  /** What the sinks hold of the history that is followed. Throws REDIS_SPOOL_FAILED. */
  async acknowledge(offset: number): Promise<void> {
    this.#options.failures.acknowledged(offset);
    await this.#link.acknowledge(offset);
  }

  /**
   * The rows of the snapshot, piece by piece; some are empty. `met` is told of a table before each of its rows. Keys of which
   * `isElsewhere` says that they may not belong here are read where they belong.
   */
  async *snapshot(
    met: (table: KeyTable) => void,
    isElsewhere: ((key: Buffer) => boolean) | null = null,
  ): AsyncGenerator<readonly Change[]> {
    const { rows, config, keys } = this.#options;
    const file = await this.#link.snapshotFile();
    const elsewhere: DirtyKey[] = [];
    const leave = isElsewhere === null ? null : { isElsewhere, keys: elsewhere };
    rows.at(originAt(this.place));
    for await (const _ of readSnapshot(file, rows.keys, config.database, met, leave)) {
      await rows.putAside();
      yield rows.take();
      // A link that has ended will not bring what comes after the snapshot.
      this.check();
    }
    rows.tellPassedOver();
    for (let at = 0; at < elsewhere.length; at += keysAtOnce) {
      const some = elsewhere.slice(at, at + keysAtOnce);
      for await (const _ of rereadKeys(keys, some, rows.keys, rows.deletes)) yield rows.take();
      await rows.putAside();
    }
    await this.dropSnapshot();
  }

  /** Takes none of the snapshot. Resolves when all of it has come. */
  async dropSnapshot(): Promise<void> {
    await this.#link.snapshotFile();
    await this.#link.dropSnapshot();
  }

  /** Reads again what commands have named since, and moves the place; nothing, where they have named none. */
  async *changed(): AsyncGenerator<Changed> {
    const { rows, keys: reader } = this.#options;
    const { keys, place } = this.#dirty!.take();
    const arrivedMs = this.#link.arrivedBehind(this.place.offset);
    rows.at({ ...originAt(place), ...(arrivedMs === null ? {} : { arrivedMs }) });
    // The last rows wait for the place, so that both become durable together.
    let last: readonly Change[] = [];
    for (let at = 0; at < keys.length; at += keysAtOnce) {
      for await (const _ of rereadKeys(reader, keys.slice(at, at + keysAtOnce), rows.keys, rows.deletes)) {
        const changes = rows.take();
        if (changes.length === 0) continue;
        if (last.length > 0) yield { changes: last, place: null };
        last = changes;
      }
    }
    await rows.putAside();
    this.#place = place;
    if (keys.length > 0) yield { changes: last, place };
  }

  /** Asks the server now and then how far its stream is. Throws REDIS_REPLICATION_STUCK. */
  async look(): Promise<void> {
    const { clock } = this.#options.context;
    if (this.#lookedMs === null || clock.monotonic() - this.#lookedMs < lookMs) return;
    const [info] = await this.reader.send(encodeCommand('INFO', 'replication'), 1);
    if (Buffer.isBuffer(info)) this.#watch.look(info.toString('latin1'), this.#link.received, clock.monotonic());
    this.#lookedMs = Buffer.isBuffer(info) ? clock.monotonic() : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }

  #begin(place: LinkPlace): void {
    const { rows, foreign, config, context } = this.#options;
    const { pipeline, log } = context;
    const { database, 'skip.own.writes': skipsOwn, 'position.prefix': prefix } = config;
    this.#place = place;
    this.#dirty = new DirtyKeys(place);
    const options = {
      rows: rows.keys,
      dirty: this.#dirty,
      database,
      own: skipsOwn ? prefix : null,
      confirmation: confirmationKey(config, pipeline),
      foreign,
      pipeline,
      log,
    };
    this.#commands = new StreamCommands(options, place);
  }
}

const originAt = ({ replicationId, offset }: LinkPlace) => ({ replicationId, offset: BigInt(offset) });
