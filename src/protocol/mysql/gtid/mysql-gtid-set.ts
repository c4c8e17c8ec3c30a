/**
 * A set of MySQL's transactions.
 *
 *   text:      uuid:1-5:7:tag:1-3,uuid:1-9                 ordered by uuid, then tag; the untagged numbers first
 *   untagged:  uuids u8 | { uuid 16 | ranges u8 | { start u8 | end u8, exclusive }* }*
 *   tagged:    01 | entries u6 | 01 | { uuid 16 | tag length << 1, u1 | tag | ranges u8 | { start u8 | end u8, exclusive }* }*
 *
 * The eighth byte tells the binary forms apart; the tagged one exists since MySQL 8.3. MySQL sql/rpl_gtid_set.cc.
 */

import { ByteReader } from '../../../bytes/byte-reader.ts';
import { MillraceError } from '../../../core/errors.ts';
import { type Gno, next, normal } from './gno.ts';
import { Intervals } from './intervals.ts';
import { uuidText, writeUuid } from './uuid.ts';

export class MysqlGtidSet {
  /** By uuid, then tag ('' for none). No entry is empty. */
  readonly #entries = new Map<string, Map<string, Intervals>>();
  /** What `add` last added to: almost always what it adds to next. */
  #lastUuid = '';
  #lastTag = '';
  #last: Intervals | null = null;

  /** Reads what MySQL prints and what users write: any case, spaces and line ends between items, items in any order. */
  static parse(text: string): MysqlGtidSet {
    const set = new MysqlGtidSet();
    for (const item of text.split(',')) {
      const [uuid = '', ...parts] = item.split(':').map((part) => part.trim().toLowerCase());
      if (uuid === '' && parts.length === 0) continue;
      if (!uuidPattern.test(uuid)) throw malformed(text, `${uuid} is no uuid`);
      if (parts.length === 0) throw malformed(text, `no numbers after ${uuid}`);
      let tag = '';
      for (const part of parts) {
        const range = rangePattern.exec(part);
        if (range !== null) {
          const start = normal(BigInt(range[1]!));
          const end = range[2] === undefined ? start : normal(BigInt(range[2]));
          if (start < 1 || end > highestGno) throw malformed(text, `${part} is not within 1 and 2^63 - 2`);
          if (start > end) throw malformed(text, `${part} goes backwards`);
          set.#intervals(uuid, tag).addRange(start, next(end));
        } else if (tagPattern.test(part)) {
          tag = part;
        } else {
          throw malformed(text, `${part} is neither a number, a range nor a tag`);
        }
      }
    }
    return set;
  }

  /** Reads either binary form, as in PREVIOUS_GTIDS. */
  static decode(bytes: Buffer, start = 0, end = bytes.length): MysqlGtidSet {
    const r = new ByteReader(bytes, start, end, 'GTID set');
    const set = new MysqlGtidSet();
    const head = r.view(8);
    const tagged = head[7] === 1;
    if (head[7]! > 1 || (tagged && head[0] !== 1)) throw r.malformed(`format ${head[7]}`);
    const entries = tagged ? head.readUIntLE(1, 6) : head.readUIntLE(0, 6) + head.readUIntLE(6, 1) * 2 ** 48;
    for (let entry = r.count(entries, 24); entry > 0; entry -= 1) {
      const uuid = uuidText(bytes, r.advance(16));
      const tag = tagged ? r.latin1(r.u8() >> 1) : '';
      if (tag !== '' && !tagPattern.test(tag)) throw r.malformed('a tag has characters that none may have');
      for (let range = r.count(r.size64(), 16); range > 0; range -= 1) {
        const from = r.u64();
        const to = r.u64();
        if (from < 1 || from >= to || to > highestGno + 1n) throw r.malformed(`range from ${from} to before ${to}`);
        set.#intervals(uuid, tag).addRange(from, to);
      }
    }
    if (r.left > 0) throw r.malformed(`${r.left} bytes are left over`);
    return set;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Whether any transaction has a tag: servers before 8.3 cannot read such a set. */
  get hasTags(): boolean {
    return this.#ordered().some(({ tag }) => tag !== '');
  }

  /** Adds one transaction; constant time when it follows the last of its server. `uuid` and `tag` in lower case, as logged. */
  add(uuid: string, tag: string, gno: Gno): void {
    if (this.#last === null || uuid !== this.#lastUuid || tag !== this.#lastTag) {
      this.#last = this.#intervals(uuid, tag);
      this.#lastUuid = uuid;
      this.#lastTag = tag;
    }
    this.#last.addOne(gno);
  }

  has(uuid: string, tag: string, gno: Gno): boolean {
    return this.#entries.get(uuid)?.get(tag)?.has(gno) ?? false;
  }

  /** Whether every transaction of `other` is in this set. */
  contains(other: MysqlGtidSet): boolean {
    return other
      .#ordered()
      .every(({ uuid, tag, intervals }) => this.#entries.get(uuid)?.get(tag)?.contains(intervals) ?? false);
  }

  equals(other: MysqlGtidSet): boolean {
    return this.contains(other) && other.contains(this);
  }

  clone(): MysqlGtidSet {
    return this.union(new MysqlGtidSet());
  }

  /** A new set: what is in either. */
  union(other: MysqlGtidSet): MysqlGtidSet {
    const result = new MysqlGtidSet();
    for (const set of [this, other]) {
      for (const { uuid, tag, intervals } of set.#ordered()) {
        const merged = result.#intervals(uuid, tag);
        for (const [start, end] of intervals.ranges()) merged.addRange(start, end);
      }
    }
    return result;
  }

  /** A new set: what is in this one but not in `other`. */
  subtract(other: MysqlGtidSet): MysqlGtidSet {
    const result = new MysqlGtidSet();
    for (const { uuid, tag, intervals } of this.#ordered()) {
      const left = intervals.subtract(other.#entries.get(uuid)?.get(tag) ?? new Intervals());
      if (!left.isEmpty) result.#put(uuid, tag, left);
    }
    return result;
  }

  /** A new set: what is in both. */
  intersect(other: MysqlGtidSet): MysqlGtidSet {
    return this.subtract(this.subtract(other));
  }

  /** As MySQL prints it, on one line. */
  toString(): string {
    let text = '';
    let lastUuid = '';
    for (const { uuid, tag, intervals } of this.#ordered()) {
      if (uuid !== lastUuid) text += text === '' ? uuid : `,${uuid}`;
      text += tag === '' ? `:${intervals}` : `:${tag}:${intervals}`;
      lastUuid = uuid;
    }
    return text;
  }

  /** The untagged form unless there are tags; `tagged` forces the form. */
  encode(tagged: boolean = this.hasTags): Buffer {
    const entries = this.#ordered();
    if (!tagged && this.hasTags) {
      throw malformed(this.toString(), 'the binary form of servers before 8.3 has no room for tags');
    }
    const pieces = [uint64(entries.length)];
    if (tagged) {
      const head = Buffer.alloc(8, 0);
      head[0] = 1;
      head.writeUIntLE(entries.length, 1, 6);
      head[7] = 1;
      pieces[0] = head;
    }
    for (const { uuid, tag, intervals } of entries) {
      const id = Buffer.alloc(16);
      writeUuid(uuid, id, 0);
      pieces.push(id);
      if (tagged) pieces.push(Buffer.from([tag.length << 1]), Buffer.from(tag, 'latin1'));
      pieces.push(uint64(intervals.rangeCount));
      for (const [start, end] of intervals.ranges()) pieces.push(uint64(start), uint64(end));
    }
    return Buffer.concat(pieces);
  }

  #intervals(uuid: string, tag: string): Intervals {
    return this.#entries.get(uuid)?.get(tag) ?? this.#put(uuid, tag, new Intervals());
  }

  #put(uuid: string, tag: string, intervals: Intervals): Intervals {
    const tags = this.#entries.get(uuid);
    if (tags === undefined) this.#entries.set(uuid, new Map([[tag, intervals]]));
    else tags.set(tag, intervals);
    return intervals;
  }

  #ordered(): { readonly uuid: string; readonly tag: string; readonly intervals: Intervals }[] {
    // One server is the rule, and a position is written for every batch.
    if (this.#entries.size === 1 && this.#last !== null) {
      const only = this.#entries.get(this.#lastUuid)!;
      if (only.size === 1) return [{ uuid: this.#lastUuid, tag: this.#lastTag, intervals: this.#last }];
    }
    const byText = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
    return [...this.#entries]
      .sort(byText)
      .flatMap(([uuid, tags]) => [...tags].sort(byText).map(([tag, intervals]) => ({ uuid, tag, intervals })));
  }
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const rangePattern = /^(\d{1,19})(?:\s*-\s*(\d{1,19}))?$/;
const tagPattern = /^[a-z_][a-z0-9_]{0,31}$/;
const highestGno = 2n ** 63n - 2n;

const uint64 = (value: Gno): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

const malformed = (text: string, reason: string): MillraceError =>
  new MillraceError('GTID_SET_MALFORMED', { text: text.length > 100 ? `${text.slice(0, 100)}…` : text, reason });
