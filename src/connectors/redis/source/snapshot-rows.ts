import { createReadStream } from 'node:fs';
import { RdbReader } from '../../../protocol/redis/rdb/rdb-reader.ts';
import type { RdbKey, RdbVisitor } from '../../../protocol/redis/rdb/rdb-visitor.ts';
import type { HashRows, HashTable } from './hash-rows.ts';

/** Takes the rows among the keys of a snapshot, and passes over the others. */
class SnapshotVisitor implements RdbVisitor {
  readonly #rows: HashRows;
  readonly #database: number;
  readonly #met: (table: HashTable) => void;
  /** The table of the key at hand; null: it is no row's. */
  #table: HashTable | null = null;

  constructor(rows: HashRows, database: number, met: (table: HashTable) => void) {
    this.#rows = rows;
    this.#database = database;
    this.#met = met;
  }

  begin(key: RdbKey): void {
    this.#table = key.database === this.#database ? this.#rows.tableOf(key.name) : null;
    if (this.#table === null) return;
    const name = Buffer.from(key.name);
    if (key.kind !== 'hash') throw this.#rows.noHash(name);
    this.#met(this.#table);
    this.#rows.begin(this.#table, name);
    this.#rows.expiry(key.expiresAtMs);
  }

  field(name: Buffer, value: Buffer): void {
    if (this.#table !== null) this.#rows.field(name, Buffer.from(value));
  }

  end(): void {
    if (this.#table !== null) this.#rows.take('read');
    this.#table = null;
  }

  fact(): void {}
  library(): void {}
  text(): void {}
  element(): void {}
  scored(): void {}
  entry(): void {}
  group(): void {}
  module(): void {}
}

/** Reads a snapshot's rows; yields whenever some more of the file has been read. `met` is told of a table before each of its rows. */
export async function* readSnapshot(
  path: string,
  rows: HashRows,
  database: number,
  met: (table: HashTable) => void,
): AsyncGenerator<void> {
  const reader = new RdbReader(new SnapshotVisitor(rows, database, met));
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
    reader.write(piece as Buffer);
    yield;
  }
  reader.end();
}
