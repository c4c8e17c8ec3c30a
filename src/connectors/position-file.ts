import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Lane, Position } from '../core/batch.ts';
import { MillraceError } from '../core/errors.ts';

/** Another process may be about to record a write; this call blocks the process, so not for longer. */
const busyTimeoutMs = 250;

/**
 * What is held of a sink that keeps no positions itself: the place of each lane and, beside a change log, how long the log is at that
 * place; whatever it holds beyond was never finished. It is a SQLite database, which makes both change together and keeps a second
 * process out between the first byte of a write and its record.
 */
export class PositionFile implements Disposable {
  readonly #path: string;
  readonly #pipeline: string;
  readonly #db: DatabaseSync;
  readonly #epochs = new Map<Lane, number>();
  readonly #claim: StatementSync;
  readonly #held: StatementSync;
  readonly #move: StatementSync;
  readonly #length: StatementSync;
  readonly #grow: StatementSync;

  /** `initialLength`: what the log held before millrace wrote to it for the first time; 0 where there is none. */
  constructor(path: string, pipeline: string, initialLength: number) {
    this.#path = path;
    this.#pipeline = pipeline;
    this.#db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    this.#db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
       CREATE TABLE IF NOT EXISTS millrace_position (
         pipeline TEXT NOT NULL, lane TEXT NOT NULL, writer INTEGER NOT NULL, epoch INTEGER NOT NULL, position TEXT,
         PRIMARY KEY (pipeline, lane, writer)
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE IF NOT EXISTS millrace_length (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL) STRICT`,
    );
    this.#db.prepare('INSERT INTO millrace_length VALUES (1, ?) ON CONFLICT DO NOTHING').run(initialLength);
    const row = 'pipeline = ? AND lane = ? AND writer = 0';
    this.#claim = this.#db.prepare(
      `INSERT INTO millrace_position VALUES (?, ?, 0, 1, NULL)
       ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch, position`,
    );
    this.#held = this.#db.prepare(`SELECT epoch, position FROM millrace_position WHERE ${row}`);
    this.#move = this.#db.prepare(`UPDATE millrace_position SET position = ? WHERE ${row} AND epoch = ?`);
    this.#length = this.#db.prepare('SELECT bytes FROM millrace_length');
    this.#grow = this.#db.prepare('UPDATE millrace_length SET bytes = ?');
  }

  /** Keeps every other writer out until `commit` or `rollback`. */
  begin(): void {
    this.#db.exec('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.#db.exec('COMMIT');
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  claim(lane: Lane): Position | null {
    const { epoch, position } = this.#claim.get(this.#pipeline, lane) as { epoch: number; position: Position | null };
    this.#epochs.set(lane, epoch);
    return position;
  }

  /** The bytes of the log that count. */
  get length(): number {
    return (this.#length.get() as { bytes: number }).bytes;
  }

  /** Throws when another writer has claimed one of this writer's lanes since. */
  checkFence(): void {
    for (const [lane, epoch] of this.#epochs) if (this.#read(lane)?.epoch !== epoch) this.#fenced(lane);
  }

  /** Whether every lane stands exactly here already: then the batch with these positions has been written before. */
  isAt(positions: ReadonlyMap<Lane, Position>): boolean {
    return (
      positions.size > 0 && positions.entries().every(([lane, position]) => this.#read(lane)?.position === position)
    );
  }

  record(length: number, positions: ReadonlyMap<Lane, Position>): void {
    this.#grow.run(length);
    for (const [lane, position] of positions) {
      const epoch = this.#epochs.get(lane);
      assert(epoch !== undefined, 'a lane is claimed before it is written');
      if (this.#move.run(position, this.#pipeline, lane, epoch).changes === 0) this.#fenced(lane);
    }
  }

  [Symbol.dispose](): void {
    this.rollback();
    this.#db.close();
  }

  #read(lane: Lane): { readonly epoch: number; readonly position: Position | null } | undefined {
    return this.#held.get(this.#pipeline, lane) as { epoch: number; position: Position | null } | undefined;
  }

  #fenced(lane: Lane): never {
    throw new MillraceError('SINK_FENCED', { sink: this.#path, pipeline: this.#pipeline, lane });
  }
}
