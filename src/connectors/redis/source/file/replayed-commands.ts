import type { AofVisitor } from '../../../../protocol/redis/aof/aof-reader.ts';
import type { Command } from '../../../../protocol/redis/command-decoder.ts';
import type { RdbKind } from '../../../../protocol/redis/rdb/rdb-visitor.ts';
import { addedEntry } from '../named-elements.ts';
import type { Keyspace, SavedKey } from './keyspace.ts';
import { KeyspaceLoader, only } from './keyspace-loader.ts';
import { packedEntry, streamName } from './stream-entries.ts';

/** A command's texts behind its name. */
type Texts = readonly Buffer[];

/**
 * Does to a keyspace what the commands of an append-only log did to their server: the log holds effects, so that expiries are deletes
 * and scripts are what they wrote. A key that a command changes which is not known here is in doubt from there on, until it is
 * deleted or replaced.
 */
export class ReplayedCommands implements AofVisitor {
  readonly keys: KeyspaceLoader;
  commands = 0;
  readonly #keys: Keyspace;
  #db = 0;
  #offset = 0;

  constructor(keys: Keyspace) {
    this.#keys = keys;
    this.keys = new KeyspaceLoader(keys);
  }

  begin(): void {}
  commit(): void {}
  time(): void {}

  command(command: Command, database: number): void {
    this.commands += 1;
    this.#db = database;
    this.#offset = command.offset;
    const name = command.textOf(0).toUpperCase();
    const texts = Array.from({ length: command.length - 1 }, (_, i) => command.bytesOf(i + 1));
    if (harmless.has(name)) return;
    if (name === 'XADD') this.#addEntry(command, texts);
    else if (Object.hasOwn(this.#known, name)) this.#known[name]!(texts);
    else this.#doubt(name, texts);
  }

  readonly #known: Readonly<Record<string, (texts: Texts) => void>> = {
    SET: ([key, value, ...options]) => this.#set(key!, value!, options.map(upper)),
    SETNX: ([key, value]) => void (this.#find(key!) ?? this.#set(key!, value!, [])),
    GETSET: ([key, value]) => this.#set(key!, value!, []),
    SETEX: ([key, , value]) => this.#set(key!, value!, []),
    PSETEX: ([key, , value]) => this.#set(key!, value!, []),
    MSET: (texts) => pairs(texts, (key, value) => this.#set(key, value, [])),
    MSETNX: (texts) => pairs(texts, (key, value) => this.#set(key, value, [])),
    APPEND: ([key, more]) => this.#text(key!, (text) => Buffer.concat([text, more!])),
    SETRANGE: ([key, at, part]) => this.#text(key!, (text) => ranged(text, Number(at), part!)),
    INCR: ([key]) => this.#text(key!, (text) => sum(text, 1n)),
    DECR: ([key]) => this.#text(key!, (text) => sum(text, -1n)),
    INCRBY: ([key, by]) => this.#text(key!, (text) => sum(text, BigInt(String(by)))),
    DECRBY: ([key, by]) => this.#text(key!, (text) => sum(text, -BigInt(String(by)))),
    HSET: ([key, ...fields]) => this.#fields(key!, fields),
    HMSET: ([key, ...fields]) => this.#fields(key!, fields),
    HSETNX: ([key, field, value]) => {
      const hash = this.#make(key!, 'hash');
      if (this.#keys.element(hash, field!) === null) this.#keys.put(hash, field!, value!);
    },
    HINCRBY: ([key, field, by]) => {
      const hash = this.#make(key!, 'hash');
      const held = this.#keys.element(hash, field!)?.value ?? zero;
      this.#keys.put(hash, field!, sum(held, BigInt(String(by))));
    },
    HDEL: ([key, ...fields]) => this.#drop(key!, fields),
    // The server sends an HDEL when the field's time has come.
    HPEXPIREAT: () => {},
    HPEXPIRE: () => {},
    HPERSIST: () => {},
    SADD: ([key, ...members]) => {
      const set = this.#make(key!, 'set');
      for (const member of members) this.#keys.put(set, member, null);
    },
    SREM: ([key, ...members]) => this.#drop(key!, members),
    SMOVE: ([from, to, member]) => {
      const source = this.#find(from!);
      if (source === null || this.#keys.element(source, member!) === null) return;
      this.#drop(from!, [member!]);
      this.#keys.put(this.#make(to!, 'set'), member!, null);
    },
    ZADD: ([key, ...rest]) => this.#score(key!, rest),
    ZINCRBY: ([key, by, member]) => this.#score(key!, [incr, by!, member!]),
    ZREM: ([key, ...members]) => this.#drop(key!, members),
    ZPOPMIN: ([key, count]) => this.#dropRanks(key!, 0, Number(count ?? 1) - 1),
    ZPOPMAX: ([key, count]) => this.#dropRanks(key!, -Number(count ?? 1), -1),
    ZREMRANGEBYRANK: ([key, start, stop]) => this.#dropRanks(key!, Number(start), Number(stop)),
    ZREMRANGEBYSCORE: ([key, min, max]) => this.#dropScores(key!, String(min), String(max)),
    RPUSH: ([key, ...values]) => this.#push(key!, values, 1),
    LPUSH: ([key, ...values]) => this.#push(key!, values, -1),
    RPUSHX: ([key, ...values]) => void (this.#find(key!) && this.#push(key!, values, 1)),
    LPUSHX: ([key, ...values]) => void (this.#find(key!) && this.#push(key!, values, -1)),
    RPOP: ([key, count]) => void this.#pop(key!, 'DESC', Number(count ?? 1)),
    LPOP: ([key, count]) => void this.#pop(key!, 'ASC', Number(count ?? 1)),
    RPOPLPUSH: ([from, to]) => this.#push(to!, this.#pop(from!, 'DESC', 1), -1),
    LMOVE: ([from, to, out, into]) =>
      this.#push(to!, this.#pop(from!, upper(out!) === 'LEFT' ? 'ASC' : 'DESC', 1), upper(into!) === 'LEFT' ? -1 : 1),
    LSET: ([key, index, value]) => {
      const list = this.#find(key!);
      const at = list === null ? null : this.#itemAt(list, Number(index));
      if (at !== null) this.#keys.run('UPDATE items SET value = ? WHERE key = ? AND at = ?', value!, list!.id, at);
    },
    LTRIM: ([key, start, stop]) => this.#trim(key!, Number(start), Number(stop)),
    LREM: ([key, count, value]) => {
      const list = this.#find(key!);
      if (list === null) return;
      const found = this.#keys.all(
        `SELECT at FROM items WHERE key = ? AND value = ? ORDER BY at ${Number(count) < 0 ? 'DESC' : 'ASC'} LIMIT ?`,
        list.id,
        value!,
        Math.abs(Number(count)) || -1,
      );
      for (const { at } of found) this.#keys.run('DELETE FROM items WHERE key = ? AND at = ?', list.id, at as number);
      this.#keys.removeIfEmpty(list);
    },
    XDEL: ([key, ...ids]) =>
      this.#drop(
        key!,
        ids.map((id) => streamName(String(id))),
      ),
    XTRIM: ([key, ...options]) => this.#trimStream(key!, options.map(upper)),
    DEL: (texts) => this.#remove(texts),
    UNLINK: (texts) => this.#remove(texts),
    GETDEL: (texts) => this.#remove(texts),
    RENAME: ([from, to]) => this.#rename(from!, to!),
    RENAMENX: ([from, to]) => void (this.#find(to!) ?? this.#rename(from!, to!)),
    MOVE: ([key, db]) => {
      const moved = this.#find(key!);
      if (moved !== null && this.#keys.find(Number(db), key!) === null)
        this.#keys.run('UPDATE keys SET db = ? WHERE id = ?', Number(db), moved.id);
    },
    COPY: ([from, to, ...options]) => this.#copy(from!, to!, options.map(upper)),
    PERSIST: ([key]) => this.#expire(key!, null),
    PEXPIREAT: ([key, at]) => this.#expire(key!, Number(at)),
    EXPIREAT: ([key, at]) => this.#expire(key!, Number(at) * 1000),
    FLUSHDB: () => this.#empty(this.#db),
    FLUSHALL: () => this.#empty(null),
    SWAPDB: ([first, second]) => {
      this.#keys.run(
        'UPDATE keys SET db = -1 - CASE db WHEN ?1 THEN ?2 ELSE ?1 END WHERE db IN (?1, ?2)',
        Number(first),
        Number(second),
      );
      this.#keys.run('UPDATE keys SET db = -1 - db WHERE db < 0');
    },
  };

  #find(name: Uint8Array): SavedKey | null {
    return this.#keys.find(this.#db, name);
  }

  #make(name: Uint8Array, kind: RdbKind): SavedKey {
    return this.#keys.make(this.#db, name, kind);
  }

  #remove(names: Texts): void {
    for (const name of names) {
      const key = this.#find(name);
      if (key !== null) this.#keys.remove(key);
    }
  }

  #empty(db: number | null): void {
    const of = db === null ? '' : ` WHERE key IN (SELECT id FROM keys WHERE db = ${db})`;
    for (const table of ['elements', 'items']) this.#keys.run(`DELETE FROM ${table}${of}`);
    this.#keys.run(`DELETE FROM keys${db === null ? '' : ` WHERE db = ${db}`}`);
  }

  /** What any text of an unknown command names may be something else now. */
  #doubt(command: string, texts: Texts): void {
    const doubt = `${command} at byte ${this.#offset} changed it, which is not followed in a log`;
    const [first] = texts;
    if (first !== undefined) this.#make(first, 'string');
    for (const text of texts) {
      const key = this.#find(text);
      if (key !== null) this.#keys.run('UPDATE keys SET doubt = ? WHERE id = ?', doubt, key.id);
    }
  }

  #expire(name: Uint8Array, at: number | null): void {
    this.#keys.run('UPDATE keys SET expires = ? WHERE db = ? AND name = ?', at, this.#db, name);
  }

  #set(name: Uint8Array, value: Uint8Array, options: readonly string[]): void {
    const held = this.#find(name);
    if (held !== null) this.#keys.remove(held);
    this.#keys.put(this.#make(name, 'string'), only, value);
    const at = options.indexOf('PXAT');
    const seconds = options.indexOf('EXAT');
    if (options.includes('KEEPTTL')) this.#expire(name, held?.expires ?? null);
    else if (at >= 0) this.#expire(name, Number(options[at + 1]));
    else if (seconds >= 0) this.#expire(name, Number(options[seconds + 1]) * 1000);
  }

  #text(name: Uint8Array, change: (text: Uint8Array) => Uint8Array): void {
    const key = this.#make(name, 'string');
    this.#keys.put(key, only, change(this.#keys.element(key, only)?.value ?? new Uint8Array(0)));
  }

  #fields(name: Uint8Array, fields: Texts): void {
    const hash = this.#make(name, 'hash');
    pairs(fields, (field, value) => this.#keys.put(hash, field, value));
  }

  #drop(name: Uint8Array, elements: Texts): void {
    const key = this.#find(name);
    if (key === null) return;
    for (const element of elements) this.#keys.drop(key, element);
    this.#keys.removeIfEmpty(key);
  }

  #score(name: Uint8Array, texts: Texts): void {
    let at = 0;
    const options = new Set<string>();
    for (; zaddOptions.has(upper(texts[at]!)); at += 1) options.add(upper(texts[at]!));
    const key = this.#make(name, 'zset');
    pairs(texts.slice(at), (score, member) => {
      const held = this.#keys.element(key, member)?.score ?? null;
      const given = numberOf(score);
      const next = options.has('INCR') ? (held ?? 0) + given : given;
      const isKept =
        (held !== null && options.has('NX')) ||
        (held === null && options.has('XX')) ||
        (held !== null && options.has('GT') && next <= held) ||
        (held !== null && options.has('LT') && next >= held);
      if (!isKept) this.#keys.put(key, member, null, next);
    });
    this.#keys.removeIfEmpty(key);
  }

  #dropRanks(name: Uint8Array, start: number, stop: number): void {
    const key = this.#find(name);
    if (key === null) return;
    const members = this.#keys.all('SELECT name FROM elements WHERE key = ? ORDER BY score, name', key.id);
    const [from, to] = range(members.length, start, stop);
    this.#drop(
      name,
      members.slice(from, to).map((member) => member['name'] as Buffer),
    );
  }

  #dropScores(name: Uint8Array, min: string, max: string): void {
    const key = this.#find(name);
    if (key === null) return;
    const [low, high] = [min, max].map((text) => numberOf(Buffer.from(text.replace(/^\(/, ''))));
    const text = `DELETE FROM elements WHERE key = ? AND score ${min.startsWith('(') ? '>' : '>='} ? AND score ${max.startsWith('(') ? '<' : '<='} ?`;
    this.#keys.run(text, key.id, low!, high!);
    this.#keys.removeIfEmpty(key);
  }

  #push(name: Uint8Array, values: Texts, step: 1 | -1): void {
    if (values.length === 0) return;
    const list = this.#make(name, 'list');
    const end = step > 0 ? 'MAX' : 'MIN';
    let at = Number(this.#keys.get(`SELECT ${end}(at) AS at FROM items WHERE key = ?`, list.id)!['at'] ?? 0);
    for (const value of values) {
      at += step;
      this.#keys.run('INSERT INTO items VALUES (?, ?, ?)', list.id, at, value);
    }
  }

  #pop(name: Uint8Array, order: 'ASC' | 'DESC', count: number): Texts {
    const list = this.#find(name);
    if (list === null) return [];
    const popped = this.#keys.all(
      `SELECT at, value FROM items WHERE key = ? ORDER BY at ${order} LIMIT ?`,
      list.id,
      count,
    );
    for (const { at } of popped) this.#keys.run('DELETE FROM items WHERE key = ? AND at = ?', list.id, at as number);
    this.#keys.removeIfEmpty(list);
    return popped.map(({ value }) => Buffer.from(value as Uint8Array));
  }

  #itemAt({ id }: SavedKey, index: number): number | null {
    const order = index < 0 ? 'DESC' : 'ASC';
    const text = `SELECT at FROM items WHERE key = ? ORDER BY at ${order} LIMIT 1 OFFSET ?`;
    const row = this.#keys.get(text, id, index < 0 ? -1 - index : index);
    return row === undefined ? null : Number(row['at']);
  }

  #trim(name: Uint8Array, start: number, stop: number): void {
    const list = this.#find(name);
    if (list === null) return;
    const size = Number(this.#keys.get('SELECT COUNT(*) AS n FROM items WHERE key = ?', list.id)!['n']);
    const [from, to] = range(size, start, stop);
    if (from >= to) {
      this.#keys.remove(list);
      return;
    }
    const [first, last] = [this.#itemAt(list, from)!, this.#itemAt(list, to - 1)!];
    this.#keys.run('DELETE FROM items WHERE key = ? AND (at < ? OR at > ?)', list.id, first, last);
  }

  #addEntry(command: Command, texts: Texts): void {
    const entry = addedEntry(command);
    if (entry === null) {
      this.#doubt('XADD', texts.slice(0, 1));
      return;
    }
    const [id, ...values] = entry;
    this.#keys.put(this.#make(texts[0]!, 'stream'), streamName(String(id)), packedEntry(values));
    this.#trimStream(texts[0]!, texts.slice(1, texts.length - entry.length).map(upper));
  }

  /** `MAXLEN = 1000`, `MINID 5-1`; an approximate one is logged with what was done. */
  #trimStream(name: Uint8Array, options: readonly string[]): void {
    const at = options.findIndex((option) => option === 'MAXLEN' || option === 'MINID');
    const key = this.#find(name);
    if (at < 0 || key === null) return;
    const threshold = /^[=~]$/.test(options[at + 1]!) ? options[at + 2]! : options[at + 1]!;
    if (options[at] === 'MINID') {
      this.#keys.run('DELETE FROM elements WHERE key = ? AND name < ?', key.id, streamName(threshold));
      return;
    }
    const text =
      'DELETE FROM elements WHERE key = ?1 AND name NOT IN (SELECT name FROM elements WHERE key = ?1 ORDER BY name DESC LIMIT ?2)';
    this.#keys.run(text, key.id, Number(threshold));
  }

  #rename(from: Uint8Array, to: Uint8Array): void {
    const key = this.#find(from);
    if (key === null || Buffer.compare(from, to) === 0) return;
    this.#remove([Buffer.from(to)]);
    this.#keys.run('UPDATE keys SET name = ? WHERE id = ?', to, key.id);
  }

  #copy(from: Uint8Array, to: Uint8Array, options: readonly string[]): void {
    const key = this.#find(from);
    if (key === null) return;
    const at = options.indexOf('DB');
    const db = at < 0 ? this.#db : Number(options[at + 1]);
    const held = this.#keys.find(db, to);
    if (held !== null && !options.includes('REPLACE')) return;
    if (held !== null) this.#keys.remove(held);
    const copy = this.#keys.make(db, to, key.kind);
    this.#keys.run('UPDATE keys SET expires = ?, doubt = ? WHERE id = ?', key.expires, key.doubt, copy.id);
    this.#keys.run('INSERT INTO elements SELECT ?, name, value, score FROM elements WHERE key = ?', copy.id, key.id);
    this.#keys.run('INSERT INTO items SELECT ?, at, value FROM items WHERE key = ?', copy.id, key.id);
  }
}

/** Commands that a log holds and that change no value. */
const harmless = new Set([
  ...['PING', 'REPLCONF', 'PUBLISH', 'SPUBLISH', 'FUNCTION', 'SCRIPT', 'SELECT', 'MULTI', 'EXEC'],
  ...['XGROUP', 'XCLAIM', 'XACK', 'XSETID', 'XREADGROUP', 'XAUTOCLAIM'],
]);
const zaddOptions = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']);
const incr = Buffer.from('INCR');
const zero = Buffer.from('0');

const upper = (text: Buffer): string => text.toString('latin1').toUpperCase();

const pairs = (texts: Texts, each: (first: Buffer, second: Buffer) => void): void => {
  for (let i = 0; i + 1 < texts.length; i += 2) each(texts[i]!, texts[i + 1]!);
};

const sum = (text: Uint8Array, by: bigint): Buffer =>
  Buffer.from(String(BigInt(Buffer.from(text).toString('latin1') || '0') + by), 'latin1');

const ranged = (text: Uint8Array, at: number, part: Uint8Array): Uint8Array => {
  const changed = Buffer.alloc(Math.max(text.length, at + part.length));
  changed.set(text);
  changed.set(part, at);
  return changed;
};

const numberOf = (text: Buffer): number => {
  const word = text.toString('latin1').toLowerCase().replace(/^\+/, '');
  if (word === 'inf' || word === '-inf') return word === 'inf' ? Infinity : -Infinity;
  return Number(word);
};

/** From and to, without the latter, as Redis counts: from the end where negative. */
const range = (size: number, start: number, stop: number): readonly [number, number] => [
  Math.max(0, start < 0 ? size + start : start),
  Math.min(size, (stop < 0 ? size + stop : stop) + 1),
];
