import assert from 'node:assert/strict';
import type { Lane, Position } from '../../../core/batch.ts';
import { MillraceError } from '../../../core/errors.ts';
import { quoteName, quoteText } from '../statements.ts';
import type { StatementSession } from './statement-session.ts';

/** The number of the row that only marks transactions. */
const markWriter = 65_535;

/**
 * Where each lane stands, in the server that holds the rows, so that both change in one transaction: one row per pipeline, lane
 * and writer. Claiming a lane raises the epoch of its rows; a writer with an older one finds no row to update, and is fenced.
 *
 * Every transaction of the sink begins with this table, which is how a binlog reader knows it (`skip.own.writes`), and why the
 * `writes` column changes even where the position does not. The first writer commits last: its row is what a claim answers,
 * and whatever the others hold is at that place or written once more from there.
 */
export class PositionTable {
  readonly #pipeline: string;
  readonly #database: string;
  readonly #sink: string;
  readonly #epochs = new Map<Lane, number>();
  readonly #held = new Map<Lane, Position | null>();

  constructor(database: string, pipeline: string, sink: string) {
    this.#database = database;
    this.#pipeline = pipeline;
    this.#sink = sink;
  }

  async create(session: StatementSession): Promise<void> {
    await session.run(`CREATE DATABASE IF NOT EXISTS ${quoteName(this.#database)}`);
    await session.run(
      `CREATE TABLE IF NOT EXISTS ${this.#name} (
         pipeline VARCHAR(190) NOT NULL, lane VARCHAR(500) NOT NULL, writer SMALLINT UNSIGNED NOT NULL,
         epoch BIGINT UNSIGNED NOT NULL, position LONGTEXT, writes BIGINT UNSIGNED NOT NULL DEFAULT 0,
         PRIMARY KEY (pipeline, lane, writer)
       ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT = DYNAMIC`,
    );
  }

  /** Makes this sink's writers the lane's only ones, and says what is held. */
  async claim(session: StatementSession, lane: Lane, writers: number): Promise<Position | null> {
    const where = `pipeline = ${quoteText(this.#pipeline)} AND lane = ${quoteText(lane)}`;
    const row = (writer: number, epoch: string): string =>
      `(${quoteText(this.#pipeline)}, ${quoteText(lane)}, ${writer}, ${epoch})`;
    const insert = `INSERT INTO ${this.#name} (pipeline, lane, writer, epoch) VALUES`;
    try {
      // Waits for whatever an older writer has under way: its outcome is what is read next.
      await session.run(`${insert} ${row(0, '1')} ON DUPLICATE KEY UPDATE epoch = epoch + 1, writes = writes + 1`);
      const [held] = await session.query(`SELECT epoch, position FROM ${this.#name} WHERE ${where} AND writer = 0`);
      const epoch = held![0]!;
      for (let writer = 1; writer < writers; writer += 1) {
        await session.run(`${insert} ${row(writer, epoch)} ON DUPLICATE KEY UPDATE epoch = VALUES(epoch)`);
      }
      await session.run(
        `UPDATE ${this.#name} SET epoch = ${epoch} WHERE ${where} AND writer BETWEEN 1 AND ${markWriter - 1}`,
      );
      await session.run('COMMIT');
      const position = (held![1] ?? null) as Position | null;
      this.#epochs.set(lane, Number(epoch));
      this.#held.set(lane, position);
      return position;
    } catch (error) {
      await session.run('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  release(lane: Lane): void {
    this.#epochs.delete(lane);
    this.#held.delete(lane);
  }

  /** Whether every lane stands exactly here already: then the batch with these positions has been written before. */
  isAt(positions: ReadonlyMap<Lane, Position>): boolean {
    return positions.size > 0 && positions.entries().every(([lane, position]) => this.#held.get(lane) === position);
  }

  /**
   * The first statement of a writer's transaction. It changes `lanesIn(positions)` rows, or fewer when the writer is fenced.
   * `move`: whether the positions are reached with it.
   */
  statement(writer: number, positions: ReadonlyMap<Lane, Position>, move: boolean): string {
    const lanes = this.lanesIn(positions);
    assert(lanes.length > 0, 'a lane is claimed before anything is written');
    const moved = move ? [...positions] : [];
    const cases = moved.map(([lane, position]) => `WHEN ${quoteText(lane)} THEN ${quoteText(position)}`).join(' ');
    const set = moved.length === 0 ? '' : `position = CASE lane ${cases} ELSE position END, `;
    const rows = lanes.map((lane) => {
      const epoch = this.#epochs.get(lane);
      assert(epoch !== undefined, 'a lane is claimed before it is written');
      return `(${quoteText(this.#pipeline)}, ${quoteText(lane)}, ${writer}, ${epoch})`;
    });
    const match =
      lanes.length === 1
        ? `pipeline = ${quoteText(this.#pipeline)} AND lane = ${quoteText(lanes[0]!)} AND writer = ${writer} AND epoch = ${this.#epochs.get(lanes[0]!)}`
        : `writer = ${writer} AND (pipeline, lane, writer, epoch) IN (${rows.join(', ')})`;
    return `UPDATE ${this.#name} SET ${set}writes = writes + 1 WHERE ${match}`;
  }

  /** The lanes whose rows a batch with these positions touches: one at least, to be fenced by. */
  lanesIn(positions: ReadonlyMap<Lane, Position>): readonly Lane[] {
    return positions.size > 0 ? [...positions.keys()] : [...this.#epochs.keys()].slice(0, 1);
  }

  /** Marks a transaction as a sink's without locking what another writer would wait for: for parts, which go on for long. */
  markStatement(): string {
    return `INSERT INTO ${this.#name} (pipeline, lane, writer, epoch) VALUES (${quoteText(this.#pipeline)}, '', ${markWriter}, 0) ON DUPLICATE KEY UPDATE writes = writes + 1`;
  }

  /** They are durable. */
  moved(positions: ReadonlyMap<Lane, Position>): void {
    for (const [lane, position] of positions) this.#held.set(lane, position);
  }

  fenced(positions: ReadonlyMap<Lane, Position>): MillraceError {
    const lane = this.lanesIn(positions).join(', ');
    return new MillraceError('SINK_FENCED', { sink: this.#sink, pipeline: this.#pipeline, lane });
  }

  get #name(): string {
    return `${quoteName(this.#database)}.millrace_position`;
  }
}
