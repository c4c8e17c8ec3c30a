import { Listpack } from './packed.ts';
import type { RdbCursor } from './rdb-cursor.ts';
import type { RdbVisitor } from './rdb-visitor.ts';

const entryFlag = { DELETED: 1, SAME_FIELDS: 2 } as const;

/**
 * Reads one node of a stream: its 16-byte id, then a listpack that begins with a master entry
 * `| count | deleted | fields | field ... | 0 |`, whose ids and names the entries behind it share.
 */
export const readStreamNode = (cursor: RdbCursor, visitor: RdbVisitor): void => {
  const id = cursor.string();
  if (id.length !== 16) throw cursor.damaged(`a stream's node has an id of ${id.length} bytes`);
  const firstMs = id.readBigUInt64BE(0);
  const firstSequence = id.readBigUInt64BE(8);
  const pack = new Listpack(cursor.string());
  const count = pack.nextNumber() + pack.nextNumber();
  const names: Buffer[] = [];
  for (let left = pack.nextNumber(); left > 0; left -= 1) names.push(pack.nextBytes());
  pack.nextNumber();
  for (let i = 0; i < count; i += 1) {
    const flags = pack.nextNumber();
    const entryId = `${firstMs + pack.nextBigint()}-${firstSequence + pack.nextBigint()}`;
    const pairs: Buffer[] = [];
    if ((flags & entryFlag.SAME_FIELDS) !== 0) for (const name of names) pairs.push(name, pack.nextBytes());
    else for (let left = pack.nextNumber(); left > 0; left -= 1) pairs.push(pack.nextBytes(), pack.nextBytes());
    pack.nextNumber();
    if ((flags & entryFlag.DELETED) === 0) visitor.entry(entryId, pairs);
  }
};

/**
 * What follows the nodes: counters, then consumer groups, each with the entries that nobody has acknowledged, then its consumers with
 * theirs, and since 8.8 those that were given back; since 8.6 which entries came from which producer, by which it knows one that comes
 * twice. Read piece by piece, since millions of entries may wait.
 *
 *     type 26, 27 ┬ groups ┬ seconds ┬ at most ┬ producers ┬ name ┬ entries ┬ its id ┬ ms ┬ sequence … ┬ added ┬ twice
 */
export class StreamTail {
  readonly #type: number;
  #groups = -1;
  #name: Buffer | null = null;
  #pending = 0;
  #pendingLeft = 0;
  #consumers = -1;
  #consumersLeft = 0;
  #ownLeft = 0;
  /** -1: it has not been read how many there are. */
  #givenBackLeft = -1;
  #producersLeft = -1;
  #sentLeft = 0;

  constructor(type: number) {
    this.#type = type;
  }

  /** Reads one piece. false: the stream is over. */
  next(cursor: RdbCursor, visitor: RdbVisitor): boolean {
    if (this.#groups < 0) return this.#counters(cursor);
    if (this.#groups === 0) return this.#producers(cursor);
    if (this.#name === null) return this.#group(cursor);
    if (this.#pendingLeft > 0) {
      // The id, when it was delivered, and how often.
      cursor.view(24);
      cursor.length();
      this.#pendingLeft -= 1;
    } else if (this.#consumers < 0) {
      this.#consumers = cursor.length();
      this.#consumersLeft = this.#consumers;
    } else if (this.#ownLeft > 0) {
      cursor.view(16);
      this.#ownLeft -= 1;
    } else if (this.#consumersLeft > 0) {
      cursor.string();
      // When it was last seen, and since 7.2 when it last got something.
      cursor.view(this.#type >= 21 ? 16 : 8);
      this.#ownLeft = cursor.length();
      this.#consumersLeft -= 1;
    } else if (this.#type >= 27 && this.#givenBackLeft < 0) {
      this.#givenBackLeft = cursor.length();
    } else if (this.#givenBackLeft > 0) {
      cursor.view(16);
      this.#givenBackLeft -= 1;
    } else {
      visitor.group(this.#name, this.#pending, this.#consumers);
      this.#name = null;
      this.#groups -= 1;
      return this.#goesOn();
    }
    return true;
  }

  #counters(cursor: RdbCursor): boolean {
    // Entries and the last id; since 7.0 the first id, the greatest that was deleted, and how many there ever were.
    for (let left = this.#type >= 19 ? 8 : 3; left > 0; left -= 1) cursor.bigLength();
    this.#groups = cursor.length();
    return this.#goesOn();
  }

  #goesOn(): boolean {
    return this.#groups > 0 || this.#type >= 26;
  }

  #producers(cursor: RdbCursor): boolean {
    if (this.#sentLeft > 0) {
      cursor.string();
      cursor.bigLength();
      cursor.bigLength();
      this.#sentLeft -= 1;
    } else if (this.#producersLeft < 0) {
      cursor.bigLength();
      cursor.bigLength();
      this.#producersLeft = cursor.length();
    } else if (this.#producersLeft > 0) {
      cursor.string();
      this.#sentLeft = cursor.length();
      this.#producersLeft -= 1;
    } else {
      cursor.bigLength();
      cursor.bigLength();
      return false;
    }
    return true;
  }

  #group(cursor: RdbCursor): boolean {
    const name = Buffer.from(cursor.string());
    for (let left = this.#type >= 19 ? 3 : 2; left > 0; left -= 1) cursor.bigLength();
    this.#pending = cursor.length();
    this.#pendingLeft = this.#pending;
    this.#consumers = -1;
    this.#ownLeft = 0;
    this.#givenBackLeft = -1;
    this.#name = name;
    return true;
  }
}
