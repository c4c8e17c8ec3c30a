import type { Batch, Lane, Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import type { Context, Source } from '../../../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../../../core/errors.ts';
import { position } from '../../../../core/position.ts';
import type { AofVisitor } from '../../../../protocol/redis/aof/aof-reader.ts';
import { CountingVisitor } from '../../../../protocol/redis/rdb/counting-visitor.ts';
import type { RdbKey } from '../../../../protocol/redis/rdb/rdb-visitor.ts';
import { DeclaredRows } from '../declared-rows.ts';
import type { KeyRows } from '../key-rows.ts';
import type { KeyTable } from '../key-tables.ts';
import { SnapshotVisitor } from '../snapshot-rows.ts';
import { Keyspace, type SavedKey } from './keyspace.ts';
import { ReplayedCommands } from './replayed-commands.ts';
import { SavedLog } from './saved-log.ts';
import type { FileSettings } from './settings.ts';
import { entryPairs, streamId } from './stream-entries.ts';

const lane: Lane = 'file';
const rowsAtOnce = 1_000;

/**
 * Reads a saved file, or what an append-only log comes to at its end, as rows; then it ends. All of it is read once before the first row,
 * so that nothing is written of what is damaged.
 */
export class RedisFileSource implements Source {
  readonly #config: FileSettings;
  readonly #context: Context;
  readonly #rows: DeclaredRows;
  #identity = '';
  #snapshotting: readonly string[];

  constructor(config: FileSettings, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#rows = new DeclaredRows(config, context, rowsAtOnce);
    this.#snapshotting = this.#rows.labels;
  }

  covers(held: Position, at: Position): boolean {
    const [a, b] = [placeOf(held), placeOf(at)];
    return a.identity === b.identity && a.key >= b.key;
  }

  holds(held: Position, change: Change): boolean {
    if (change.kind === 'snapshot' || change.origin.kind !== 'redis') return false;
    const { identity, key } = placeOf(held);
    return identity === change.origin.replicationId && Number(change.origin.offset) < key;
  }

  snapshotting(): readonly string[] {
    return this.#snapshotting;
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const { path, 'aof.until': until } = this.#config;
    await using log = await SavedLog.open(path, until ?? null);
    this.#identity = await log.identity();
    const behind = await this.#heldKey(held);
    if (behind === done) {
      this.#snapshotting = [];
      return;
    }
    const commands = await this.#verify(log, signal);
    if (signal.aborted) return;
    const marks = new Marks(this.#rows.deletes);
    const batches = commands === 0 ? this.#savedKeys(log, behind, marks) : this.#replayed(log, behind, marks, signal);
    for await (const batch of batches) {
      if (signal.aborted) return;
      await this.#rows.putAside();
      yield batch;
    }
    if (signal.aborted) return;
    await this.#rows.putAside();
    this.#rows.tellPassedOver();
    this.#snapshotting = [];
    yield this.#batch(marks.ends(), done);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The key up to which the target holds all; 0: it begins. */
  async #heldKey(held: (lane: Lane) => Promise<Position | null>): Promise<number> {
    const at = await held(lane);
    if (at === null) return 0;
    const { identity, key } = placeOf(at);
    if (identity === this.#identity) return key;
    const { log, pipeline } = this.#context;
    log.warn('the file is another one than was read before, so all of it is read', {
      pipeline,
      file: this.#config.path,
    });
    return 0;
  }

  /** Reads all of it once, and answers how many commands it holds. */
  async #verify(log: SavedLog, signal: AbortSignal): Promise<number> {
    const count = new CountingVisitor();
    let commands = 0;
    const visitor: AofVisitor = {
      keys: count,
      command: () => {
        commands += 1;
      },
      begin: () => {},
      commit: () => {},
      time: () => {},
    };
    const reading = log.read(visitor);
    for (;;) {
      const step = await reading.next();
      if (signal.aborted) break;
      if (!step.done) continue;
      const { cutBytes, droppedCommands: dropped, offset } = step.value;
      if (cutBytes > 0) this.#acceptCut({ file: log.place, offset, cutBytes, dropped });
      break;
    }
    return commands;
  }

  /** What a server that died left at the end of its log. */
  #acceptCut(cut: {
    readonly file: string;
    readonly offset: number;
    readonly cutBytes: number;
    readonly dropped: number;
  }): void {
    if (this.#config['aof.cut-tail'] === 'refuse') {
      const reason = `it ends inside a command or a MULTI, which begins at byte ${cut.offset}`;
      throw new MillraceError('REDIS_FILE_UNREADABLE', { file: cut.file, reason });
    }
    const { log, pipeline } = this.#context;
    log.warn('the log ends inside a command, which is left out as a server would', { pipeline, ...cut });
  }

  /** Keys of a saved file, as they are read. */
  async *#savedKeys(log: SavedLog, behind: number, marks: Marks): AsyncGenerator<Batch> {
    const visitor = new PlacedVisitor(this.#rows.keys, this.#config.database, behind, (table) => marks.met(table));
    const nothing: AofVisitor = { keys: visitor, command() {}, begin() {}, commit() {}, time() {} };
    this.#rows.at(this.#origin(behind));
    for await (const _ of inFile(log, () => visitor.offset, log.read(nothing))) {
      const changes = [...marks.begins(), ...this.#rows.take()];
      if (changes.length > 0) yield this.#batch(changes, visitor.offset);
      this.#rows.at(this.#origin(visitor.offset));
    }
    const changes = [...marks.begins(), ...this.#rows.take()];
    if (changes.length > 0) yield this.#batch(changes, visitor.offset);
  }

  /** Keys as the log's commands leave them. */
  async *#replayed(log: SavedLog, behind: number, marks: Marks, signal: AbortSignal): AsyncGenerator<Batch> {
    const { keys: rows } = this.#rows;
    using keys = new Keyspace();
    const commands = new ReplayedCommands(keys, (name) => rows.tableOf(name) !== null);
    for await (const _ of log.read(commands)) if (signal.aborted) return;
    this.#rows.at(this.#origin(behind));
    for (const key of keys.keys(this.#config.database, behind)) {
      const name = Buffer.from(key.name);
      const table = rows.tableOfMet(name);
      if (table === null) continue;
      if (key.doubt !== null) {
        rows.unreadable(name, key.doubt);
        continue;
      }
      marks.met(table);
      rows.beginSaved(table, { kind: key.kind, expiresAtMs: key.expires }, name);
      let told = 0;
      for (const element of keys.elements(key)) {
        tell(rows, key, element.name, element.value, element.score);
        told += 1;
        if (told % rowsAtOnce === 0 && table.isChildren)
          yield this.#batch([...marks.begins(), ...this.#rows.take()], key.id - 1);
      }
      rows.end();
      if (this.#rows.size >= rowsAtOnce) {
        yield this.#batch([...marks.begins(), ...this.#rows.take()], key.id);
        this.#rows.at(this.#origin(key.id));
      }
    }
    const changes = [...marks.begins(), ...this.#rows.take()];
    if (changes.length > 0) yield this.#batch(changes, behind);
  }

  #origin(key: number): { readonly replicationId: string; readonly offset: bigint } {
    return { replicationId: this.#identity, offset: BigInt(key) };
  }

  #batch(changes: readonly Change[], key: number): Batch {
    const text = key === done ? 'end' : String(key);
    return {
      changes,
      positions: new Map([[lane, position(`${this.#identity}:${text}`)]]),
      version: String(key === done ? Number.MAX_SAFE_INTEGER : key).padStart(19, '0'),
    };
  }
}

/** All of it has been read. */
const done = Number.POSITIVE_INFINITY;

/** `4711-0badcafe:1234` */
const placeOf = (held: Position): { readonly identity: string; readonly key: number } => {
  const [identity, key] = held.split(':');
  return { identity: identity!, key: key === 'end' ? done : Number(key) };
};

/** Passes over what is held already, and knows where the first key begins that has not been taken whole. */
class PlacedVisitor extends SnapshotVisitor {
  /** In the file. */
  offset: number;
  readonly #behind: number;
  #skips = false;

  constructor(rows: KeyRows, database: number, behind: number, met: (table: KeyTable) => void) {
    super(rows, database, met);
    this.#behind = behind;
    this.offset = behind;
  }

  override begin(key: RdbKey): void {
    this.#skips = key.offset < this.#behind;
    if (this.#skips) return;
    this.offset = key.offset;
    super.begin(key);
  }

  override end(): void {
    if (!this.#skips) super.end();
  }
}

/** The marks around the tables that there are rows of. */
class Marks {
  readonly #wanted: boolean;
  readonly #met = new Set<KeyTable>();
  #begins: Change[] = [];

  constructor(wanted: boolean) {
    this.#wanted = wanted;
  }

  met(table: KeyTable): void {
    if (!this.#wanted || this.#met.has(table)) return;
    this.#met.add(table);
    this.#begins.push({ kind: 'snapshot', at: 'begin', table: table.table, reason: 'initial' });
  }

  begins(): readonly Change[] {
    return this.#begins.splice(0);
  }

  ends(): readonly Change[] {
    return [...this.#met].map(({ table }) => ({ kind: 'snapshot', at: 'end', table, reason: 'initial' }));
  }
}

/** Says of a key that cannot be read where it stands. */
async function* inFile(log: SavedLog, offset: () => number, steps: AsyncIterable<void>): AsyncGenerator<void> {
  try {
    yield* steps;
  } catch (error) {
    if (!isMillraceError(error, 'REDIS_KEY_UNREADABLE')) throw error;
    const { key, reason } = error.details;
    const placed = { key, reason: `${reason} (${log.place}, byte ${offset()})` };
    throw new MillraceError('REDIS_KEY_UNREADABLE', placed, { cause: error });
  }
}

const tell = (rows: KeyRows, { kind }: SavedKey, name: Uint8Array, value: Uint8Array, score: number | null): void => {
  if (kind === 'string') rows.text(Buffer.from(value));
  else if (kind === 'hash') rows.field(Buffer.from(name), Buffer.from(value), score);
  else if (kind === 'zset') rows.scored(Buffer.from(name), Buffer.from(String(score), 'latin1'));
  else if (kind === 'stream') rows.entry(Buffer.from(streamId(name), 'latin1'), entryPairs(value));
  else rows.element(Buffer.from(kind === 'list' ? value : name));
};
