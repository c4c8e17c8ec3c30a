import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Batch, Lane, Part, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { CatalogEntry } from './catalog.ts';
import { MirrorSchema } from './mirror-schema.ts';
import { type MirrorTable, prepareMirrorTable } from './mirror-table.ts';
import { PositionTable } from './position-table.ts';
import { quoteName } from './quote-name.ts';
import { beginSweep, endSweep } from './snapshot-sweep.ts';
import { sqliteFailure, sqliteSchemaFailure } from './sqlite-failure.ts';

/** Another program may hold the write lock for a moment; this call blocks the process, so not for longer. */
const busyTimeoutMs = 250;

/** SQLite's page cache: enough for the hot part of a few tables, little enough for a small process. */
const cacheKib = 16_384;

export const openSqliteSink = (path: string, context: Context): Sink => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new MillraceError('SQLITE_CANNOT_OPEN', { path, reason: 'it is a folder' });
  }
  try {
    return new SqliteSink(path, context);
  } catch (error) {
    throw sqliteFailure(error, path, 'open the database');
  }
};

/**
 * A mirror of the source's tables in one SQLite file. Each write is one transaction that holds the rows and the position, so a
 * crash at any point leaves both as they were. A transaction larger than memory stays open from its first part to its last.
 */
class SqliteSink implements Sink {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #positions: PositionTable;
  readonly #schema: MirrorSchema;
  /** By the source definition's id; emptied when a mirror changes. */
  readonly #tables = new Map<string, MirrorTable>();
  /** The source transaction whose parts are being written, and the index of the next. */
  #open: { readonly transaction: string; next: number } | null = null;

  constructor(path: string, context: Context) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: false });
    try {
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${cacheKib}`);
      this.#positions = new PositionTable(this.#db, context.pipeline, path);
      this.#schema = new MirrorSchema(this.#db, context.log);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  async claim(lane: Lane): Promise<Position | null> {
    this.#discard();
    return this.#transaction('claim a lane', () => this.#positions.claim(lane));
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { part } = batch;
    if (part === undefined) {
      this.#discard();
      this.#transaction('write', () => this.#apply(batch));
      return;
    }
    this.#join(part);
    try {
      if (part.last) {
        this.#apply(batch);
        this.#db.exec('COMMIT');
        this.#open = null;
      } else {
        this.#applyChanges(batch.changes, false);
      }
    } catch (error) {
      this.#discard();
      throw sqliteFailure(error, this.#path, 'write');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#discard();
    this.#db.close();
  }

  #transaction<Result>(action: string, body: () => Result): Result {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const result = body();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#discard();
      throw sqliteFailure(error, this.#path, action);
    }
  }

  /** Goes on with the open transaction, or begins it anew at index 0. */
  #join(part: Part): void {
    if (part.index === 0) {
      this.#discard();
      this.#transaction('check the lanes', () => this.#positions.checkFence());
      try {
        this.#db.exec('BEGIN IMMEDIATE');
      } catch (error) {
        throw sqliteFailure(error, this.#path, 'write');
      }
      this.#open = { transaction: part.transaction, next: 0 };
    }
    const follows = this.#open?.transaction === part.transaction && this.#open.next === part.index;
    assert(this.#open !== null && follows, 'the parts of a transaction follow each other from index 0');
    this.#open.next += 1;
  }

  /** Forgets everything since the last commit: definitions may have changed with it. */
  #discard(): void {
    if (this.#db.isTransaction) {
      this.#db.exec('ROLLBACK');
      this.#tables.clear();
    }
    this.#open = null;
  }

  #apply(batch: Batch): void {
    this.#positions.checkFence();
    this.#applyChanges(batch.changes, this.#positions.isAt(batch.positions));
    this.#positions.move(batch.positions);
  }

  /** `again`: the position says that all of this has been written, which rows without a key cannot tell themselves. */
  #applyChanges(changes: readonly Change[], again: boolean): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'rows':
          if (again && change.table.primaryKey.length === 0) break;
          try {
            this.#tableOf(change.table).write(change);
          } catch (error) {
            throw sqliteFailure(error, this.#path, 'write rows', qualifiedName(change.table));
          }
          break;
        case 'truncate':
          this.#db.exec(`DELETE FROM ${quoteName(this.#mirrorOf(change.table).mirror)}`);
          break;
        case 'schema':
          this.#tables.clear();
          try {
            this.#schema.follow(change);
          } catch (error) {
            throw sqliteSchemaFailure(error, this.#path, qualifiedName((change.before ?? change.after)!));
          }
          break;
        case 'snapshot': {
          const entry = this.#mirrorOf(change.table);
          if (change.at === 'begin') beginSweep(this.#db, entry);
          else endSweep(this.#db, entry, { discard: false });
          break;
        }
      }
    }
  }

  #tableOf(table: Table): MirrorTable {
    const known = this.#tables.get(table.id);
    if (known !== undefined) return known;
    const { mirror } = this.#mirrorOf(table);
    const prepared = prepareMirrorTable(this.#db, mirror, table);
    this.#tables.set(table.id, prepared);
    return prepared;
  }

  #mirrorOf(table: Table): CatalogEntry {
    const { version } = this.#schema;
    const entry = this.#schema.mirrorOf(table);
    if (this.#schema.version !== version) this.#tables.clear();
    return entry;
  }
}
