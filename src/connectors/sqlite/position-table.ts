import assert from 'node:assert/strict';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Lane, Position } from '../../core/batch.ts';
import { MillraceError } from '../../core/errors.ts';

/**
 * Where each lane stands, in the database that holds the rows, so that both change in one transaction. Claiming a lane raises
 * its epoch, and a writer with an older one finds no row to update: it is fenced.
 */
export class PositionTable {
  readonly #pipeline: string;
  readonly #path: string;
  readonly #claim: StatementSync;
  readonly #held: StatementSync;
  readonly #move: StatementSync;
  readonly #epochs = new Map<Lane, number>();

  constructor(db: DatabaseSync, pipeline: string, path: string) {
    this.#pipeline = pipeline;
    this.#path = path;
    db.exec(
      `CREATE TABLE IF NOT EXISTS millrace_position (
         pipeline TEXT NOT NULL, lane TEXT NOT NULL, writer INTEGER NOT NULL, epoch INTEGER NOT NULL, position TEXT,
         PRIMARY KEY (pipeline, lane, writer)
       ) STRICT, WITHOUT ROWID`,
    );
    const row = 'pipeline = ? AND lane = ? AND writer = 0';
    this.#claim = db.prepare(
      `INSERT INTO millrace_position VALUES (?, ?, 0, 1, NULL)
       ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch, position`,
    );
    this.#held = db.prepare(`SELECT epoch, position FROM millrace_position WHERE ${row}`);
    this.#move = db.prepare(`UPDATE millrace_position SET position = ? WHERE ${row} AND epoch = ?`);
  }

  /** Makes this writer the lane's only one, and says what is held. Inside a transaction. */
  claim(lane: Lane): Position | null {
    const { epoch, position } = this.#claim.get(this.#pipeline, lane) as { epoch: number; position: Position | null };
    this.#epochs.set(lane, epoch);
    return position;
  }

  /** Throws when another writer has claimed one of this writer's lanes since. Inside a transaction. */
  checkFence(): void {
    for (const [lane, epoch] of this.#epochs) if (this.#read(lane)?.epoch !== epoch) this.#fenced(lane);
  }

  /** Whether every lane stands exactly here already: then the batch with these positions has been written before. */
  isAt(positions: ReadonlyMap<Lane, Position>): boolean {
    return (
      positions.size > 0 && positions.entries().every(([lane, position]) => this.#read(lane)?.position === position)
    );
  }

  /** Inside the transaction that holds the rows up to there. */
  move(positions: ReadonlyMap<Lane, Position>): void {
    for (const [lane, position] of positions) {
      const epoch = this.#epochs.get(lane);
      assert(epoch !== undefined, 'a lane is claimed before it is written');
      const { changes } = this.#move.run(position, this.#pipeline, lane, epoch);
      if (changes === 0) this.#fenced(lane);
    }
  }

  #read(lane: Lane): { readonly epoch: number; readonly position: Position | null } | undefined {
    return this.#held.get(this.#pipeline, lane) as { epoch: number; position: Position | null } | undefined;
  }

  #fenced(lane: Lane): never {
    throw new MillraceError('SINK_FENCED', { sink: this.#path, pipeline: this.#pipeline, lane });
  }
}
