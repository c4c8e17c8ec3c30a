import { createReadStream } from 'node:fs';
import { RdbReader } from '../../../protocol/redis/rdb/rdb-reader.ts';
import type { RdbKey, RdbVisitor } from '../../../protocol/redis/rdb/rdb-visitor.ts';
import { DirtyKey } from './dirty-keys.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyTable } from './key-tables.ts';

/** Keys that a server has and that may not belong to it: they are left out, and noted. */
export interface LeftOut {
  readonly isElsewhere: (key: Buffer) => boolean;
  readonly keys: DirtyKey[];
}

/** Takes the rows among the keys of a snapshot, and passes over the others. */
export class SnapshotVisitor implements RdbVisitor {
  readonly #rows: KeyRows;
  readonly #database: number;
  readonly #met: (table: KeyTable) => void;
  readonly #leftOut: LeftOut | null;
  /** The table of the key at hand; null: it is no row's. */
  #table: KeyTable | null = null;

  /** `met` is told of a table before each of its keys. */
  constructor(rows: KeyRows, database: number, met: (table: KeyTable) => void, leftOut: LeftOut | null = null) {
    this.#rows = rows;
    this.#database = database;
    this.#met = met;
    this.#leftOut = leftOut;
  }

  begin(key: RdbKey): void {
    this.#table = key.database === this.#database ? this.#rows.tableOfMet(key.name) : null;
    if (this.#table === null) return;
    this.#met(this.#table);
    if (this.#leftOut?.isElsewhere(key.name)) {
      const dirty = new DirtyKey(key.name.latin1Slice(0, key.name.length), this.#table);
      dirty.isWhole = true;
      dirty.mayBeGone = true;
      this.#leftOut.keys.push(dirty);
      this.#table = null;
      return;
    }
    this.#rows.beginSaved(this.#table, key, Buffer.from(key.name));
  }

  field(name: Buffer, value: Buffer, expiresAtMs: number | null): void {
    // The fields of a row are taken together when the key ends, and the bytes do not last.
    if (this.#table !== null) this.#rows.field(name, this.#table.isChildren ? value : Buffer.from(value), expiresAtMs);
  }

  text(value: Buffer): void {
    if (this.#table !== null) this.#rows.text(Buffer.from(value));
  }

  element(value: Buffer): void {
    if (this.#table !== null) this.#rows.element(value);
  }

  scored(member: Buffer, score: number): void {
    if (this.#table !== null) this.#rows.scored(member, Buffer.from(String(score), 'latin1'));
  }

  entry(id: string, pairs: readonly Buffer[]): void {
    if (this.#table !== null) this.#rows.entry(Buffer.from(id, 'latin1'), pairs);
  }

  end(): void {
    if (this.#table !== null) this.#rows.end();
    this.#table = null;
  }

  fact(): void {}
  library(): void {}
  group(): void {}
  // No table has rows in an array.
  indexed(): void {}
  module(): void {}
}

/** Reads a snapshot's rows; yields whenever some more of the file has been read. `met` is told of a table before each of its rows. */
export async function* readSnapshot(
  path: string,
  rows: KeyRows,
  database: number,
  met: (table: KeyTable) => void,
  leftOut: LeftOut | null = null,
): AsyncGenerator<void> {
  const reader = new RdbReader(new SnapshotVisitor(rows, database, met, leftOut));
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
    reader.write(piece as Buffer);
    yield;
  }
  reader.end();
}
