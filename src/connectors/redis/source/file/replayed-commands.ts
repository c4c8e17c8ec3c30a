import { MillraceError } from '../../../../core/errors.ts';
import type { AofVisitor } from '../../../../protocol/redis/aof/aof-reader.ts';
import type { Command } from '../../../../protocol/redis/command-decoder.ts';
import type { RdbKind } from '../../../../protocol/redis/rdb/rdb-visitor.ts';
import { addedEntry } from '../named-elements.ts';
import { bitOperation, withBit, withFields } from './bit-values.ts';
import { expireFields, type FieldWords, fieldWords, givenTime } from './expiring-fields.ts';
import { placeSearch, radiusWords } from './found-places.ts';
import type { Keyspace, SavedKey } from './keyspace.ts';
import { KeyspaceLoader, only } from './keyspace-loader.ts';
import { readRestored } from './restored-value.ts';
import { scoreOf } from './score-text.ts';
import { sortOptions } from './sorted-texts.ts';
import { elementsBetween, rankRange, StoredResults } from './stored-results.ts';
import { packedEntry, streamName } from './stream-entries.ts';

/** A command's texts behind its name. */
type Texts = readonly Buffer[];

/**
 * Does to a keyspace what the commands of an append-only log did to their server: the log holds effects, so that expiries are deletes
 * and scripts are what they wrote. A key that a command changes which is not known here is in doubt from there on, until it is
 * deleted or replaced, and so is what comes from it. Throws REDIS_COMMANDS_UNKNOWN for a command that may change any key.
 */
export class ReplayedCommands implements AofVisitor {
  readonly keys: KeyspaceLoader;
  commands = 0;
  readonly #keys: Keyspace;
  readonly #results: StoredResults;
  readonly #isRow: (name: Buffer) => boolean;
  #db = 0;
  #offset = 0;
  /** When the commands ran, in milliseconds since 1970; null: the log does not note it. */
  #timeMs: number | null = null;
  #hasDoubts = false;

  /** `isRow`: whether a key is a row's, so that it counts though it is not there. */
  constructor(keys: Keyspace, isRow: (name: Buffer) => boolean) {
    this.#keys = keys;
    this.#results = new StoredResults(keys);
    this.#isRow = isRow;
    this.keys = new KeyspaceLoader(keys);
  }

  begin(): void {}
  commit(): void {}

  time(seconds: number): void {
    this.#timeMs = seconds * 1_000;
  }

  command(command: Command, database: number): void {
    this.commands += 1;
    this.#db = database;
    this.#offset = command.offset;
    const name = command.textOf(0).toUpperCase();
    const texts = Array.from({ length: command.length - 1 }, (_, i) => command.bytesOf(i + 1));
    if (harmless.has(name)) return;
    if (name === 'XADD') this.#addEntry(command, texts);
    else if (Object.hasOwn(this.#known, name)) {
      const spread = this.#hasDoubts ? this.#spreadDoubt(name, texts) : null;
      this.#known[name]!(texts);
      if (spread !== null) this.#doubtKey(spread.doubt, spread.name);
    } else if (scripts.has(name))
      throw new MillraceError('REDIS_COMMANDS_UNKNOWN', { command: name, offset: command.offset });
    else this.#doubt(name, texts);
  }

  readonly #known: Readonly<Record<string, (texts: Texts) => void>> = {
    SET: ([key, value, ...options]) => this.#set(key!, value!, options.map(upper)),
    SETNX: ([key, value]) => void (this.#find(key!) ?? this.#set(key!, value!, [])),
    GETSET: ([key, value]) => this.#set(key!, value!, []),
    SETEX: ([key, seconds, value]) => this.#set(key!, value!, ['EX', String(seconds)]),
    PSETEX: ([key, ms, value]) => this.#set(key!, value!, ['PX', String(ms)]),
    SETBIT: ([key, offset, bit]) => this.#text(key!, (text) => withBit(text, Number(offset), Number(bit))),
    BITFIELD: ([key, ...words]) => this.#text(key!, (text) => withFields(text, words.map(upper))),
    BITOP: ([operation, to, ...from]) => this.#bits(upper(operation!), to!, from),
    RESTORE: (texts) => this.#restore(texts),
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
      const held = this.#keys.element(hash, field!);
      this.#keys.put(hash, field!, sum(held?.value ?? zero, BigInt(String(by))), held?.score ?? null);
    },
    HSETEX: ([key, ...rest]) => this.#fieldsUntil(key!, fieldWords(rest)),
    HDEL: ([key, ...fields]) => this.#drop(key!, fields),
    HPEXPIREAT: ([key, at, ...rest]) => this.#expireFields(key!, Number(at), rest),
    HEXPIREAT: ([key, at, ...rest]) => this.#expireFields(key!, Number(at) * 1000, rest),
    HPEXPIRE: ([key, ms, ...rest]) => this.#expireFieldsIn(key!, Number(ms), rest),
    HEXPIRE: ([key, seconds, ...rest]) => this.#expireFieldsIn(key!, Number(seconds) * 1000, rest),
    HPERSIST: ([key, ...rest]) => this.#expireFields(key!, null, rest),
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
    SUNIONSTORE: ([to, ...from]) => this.#results.sets(this.#db, 'union', to!, from),
    SINTERSTORE: ([to, ...from]) => this.#results.sets(this.#db, 'inter', to!, from),
    SDIFFSTORE: ([to, ...from]) => this.#results.sets(this.#db, 'diff', to!, from),
    ZUNIONSTORE: (texts) => this.#combine('union', texts),
    ZINTERSTORE: (texts) => this.#combine('inter', texts),
    ZDIFFSTORE: (texts) => this.#combine('diff', texts),
    ZRANGESTORE: ([to, from, low, high, ...options]) => {
      if (!this.#results.range(this.#db, to!, from!, [low!, high!], options.map(upper)))
        this.#doubtKey(this.#notFollowed('ZRANGESTORE'), to!);
    },
    SORT: ([from, ...options]) => this.#sort(from!, options),
    GEOSEARCHSTORE: ([to, from, ...words]) => this.#places('GEOSEARCHSTORE', to!, from!, words),
    GEORADIUS: ([from, ...words]) => this.#radius('GEORADIUS', from!, words),
    GEORADIUSBYMEMBER: ([from, ...words]) => this.#radius('GEORADIUSBYMEMBER', from!, words),
    ZADD: ([key, ...rest]) => this.#score(key!, rest),
    ZINCRBY: ([key, by, member]) => this.#score(key!, [incr, by!, member!]),
    ZREM: ([key, ...members]) => this.#drop(key!, members),
    ZPOPMIN: ([key, count]) => this.#dropRanks(key!, 0, Number(count ?? 1) - 1),
    ZPOPMAX: ([key, count]) => this.#dropRanks(key!, -Number(count ?? 1), -1),
    ZREMRANGEBYRANK: ([key, start, stop]) => this.#dropRanks(key!, Number(start), Number(stop)),
    ZREMRANGEBYSCORE: ([key, min, max]) => this.#dropBetween('score', key!, min!, max!),
    ZREMRANGEBYLEX: ([key, min, max]) => this.#dropBetween('name', key!, min!, max!),
    RPUSH: ([key, ...values]) => this.#push(key!, values, 1),
    LPUSH: ([key, ...values]) => this.#push(key!, values, -1),
    RPUSHX: ([key, ...values]) => void (this.#find(key!) && this.#push(key!, values, 1)),
    LPUSHX: ([key, ...values]) => void (this.#find(key!) && this.#push(key!, values, -1)),
    RPOP: ([key, count]) => void this.#pop(key!, 'DESC', Number(count ?? 1)),
    LPOP: ([key, count]) => void this.#pop(key!, 'ASC', Number(count ?? 1)),
    RPOPLPUSH: ([from, to]) => this.#move(from!, to!, 'DESC', -1),
    LMOVE: ([from, to, out, into]) =>
      this.#move(from!, to!, upper(out!) === 'LEFT' ? 'ASC' : 'DESC', upper(into!) === 'LEFT' ? -1 : 1),
    LINSERT: ([key, where, pivot, value]) => this.#insert(key!, upper(where!) === 'BEFORE', pivot!, value!),
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
    XGROUP: ([word, key, ...rest]) => {
      // A group may make the stream that it is of.
      if (upper(word!) === 'CREATE' && rest.some((text) => upper(text) === 'MKSTREAM')) this.#make(key!, 'stream');
    },
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
    EXPIRE: ([key, seconds]) => this.#expireIn(key!, Number(seconds) * 1000),
    PEXPIRE: ([key, ms]) => this.#expireIn(key!, Number(ms)),
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
    const doubt = this.#notFollowed(command);
    for (const [at, text] of texts.entries()) {
      if (at === 0 || this.#isRow(text) || this.#find(text) !== null) this.#doubtKey(doubt, text);
    }
  }

  #notFollowed(command: string): string {
    return `${command} at byte ${this.#offset} changed it, which is not followed in a log`;
  }

  #doubtKey(doubt: string, name: Uint8Array): void {
    const key = this.#make(name, 'string');
    this.#keys.run('UPDATE keys SET doubt = ? WHERE id = ?', doubt, key.id);
    this.#hasDoubts = true;
  }

  /** A key in doubt that a command reads, and the key that it writes by that. */
  #spreadDoubt(command: string, texts: Texts): { readonly doubt: string; readonly name: Buffer } | null {
    const into = written.get(command);
    const name = into === undefined ? storedTo(texts) : texts[into];
    if (name === undefined || (into === undefined && !storing.has(command))) return null;
    for (const text of texts) {
      if (text === name && (command.endsWith('STORE') || storing.has(command))) continue;
      const doubt = this.#find(text)?.doubt ?? null;
      if (doubt !== null) return { doubt, name };
    }
    return null;
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
    else if (options.includes('EX')) this.#expireIn(name, Number(options[options.indexOf('EX') + 1]) * 1000);
    else if (options.includes('PX')) this.#expireIn(name, Number(options[options.indexOf('PX') + 1]));
  }

  /** Servers log when a key expires, and not in how long: from the time that the log notes, or not known. */
  #expireIn(name: Uint8Array, ms: number): void {
    if (this.#find(name) === null) return;
    if (this.#timeMs !== null) this.#expire(name, this.#timeMs + ms);
    else this.#doubtKey(this.#relative(ms, 'it'), name);
  }

  #relative(ms: number, what: string): string {
    return `at byte ${this.#offset} ${what} expires in ${ms} ms from a time that the log does not note`;
  }

  #bits(operation: string, to: Buffer, from: Texts): void {
    const texts = from.map((name) => {
      const key = this.#find(name);
      return key === null ? new Uint8Array(0) : this.#keys.element(key, only)!.value;
    });
    const result = bitOperation(operation, texts);
    if (result === null) this.#doubtKey(this.#notFollowed(`BITOP ${operation}`), to);
    else if (result.length === 0) this.#remove([to]);
    else this.#set(to, result, []);
  }

  /** `RESTORE key ttl value [REPLACE] [ABSTTL] …` */
  #restore([name, ttl, dumped, ...rest]: Texts): void {
    const options = rest.map(upper);
    this.#remove([name!]);
    readRestored(this.keys, this.#db, name!, dumped!);
    if (Number(ttl) === 0) return;
    if (options.includes('ABSTTL')) this.#expire(name!, Number(ttl));
    else this.#expireIn(name!, Number(ttl));
  }

  #sort(from: Buffer, options: Texts): void {
    const sort = sortOptions(options);
    if (sort.to === undefined) return;
    const unknown = this.#results.sorted(this.#db, sort.to, from, sort);
    if (unknown !== null) this.#doubtKey(unknown.doubt ?? this.#notFollowed('SORT'), sort.to);
  }

  /** `GEORADIUS from 13 38 5 km STORE to`; without `STORE` it changes nothing. */
  #radius(command: string, from: Buffer, words: Texts): void {
    const to = storedTo(words);
    if (to !== undefined) this.#places(command, to, from, radiusWords(command, words));
  }

  #places(command: string, to: Buffer, from: Buffer, words: Texts): void {
    const search = placeSearch(words);
    const unknown = search === null ? { doubt: null } : this.#results.places(this.#db, to, from, search);
    if (unknown !== null) this.#doubtKey(unknown.doubt ?? this.#notFollowed(command), to);
  }

  /** `ZUNIONSTORE to 2 a b WEIGHTS 1 2 AGGREGATE SUM` */
  #combine(how: 'union' | 'inter' | 'diff', [to, count, ...rest]: Texts): void {
    const from = rest.slice(0, Number(count));
    const options = rest.slice(from.length);
    const words = options.map(upper);
    const at = words.indexOf('WEIGHTS');
    const weights = from.map((_, i) => (at < 0 ? 1 : scoreOf(options[at + 1 + i]!)));
    const aggregate = words.includes('AGGREGATE') ? words[words.indexOf('AGGREGATE') + 1]! : 'SUM';
    this.#results.scores(this.#db, how, to!, from, { weights, aggregate });
  }

  #text(name: Uint8Array, change: (text: Uint8Array) => Uint8Array): void {
    const key = this.#make(name, 'string');
    this.#keys.put(key, only, change(this.#keys.element(key, only)?.value ?? new Uint8Array(0)));
  }

  #fields(name: Uint8Array, fields: Texts): void {
    const hash = this.#make(name, 'hash');
    pairs(fields, (field, value) => this.#keys.put(hash, field, value));
  }

  /** `HSETEX`; whether it was to be done was settled before it was logged. */
  #fieldsUntil(name: Uint8Array, { options, fields }: FieldWords): void {
    const hash = this.#make(name, 'hash');
    const given = givenTime(options);
    if (given.kind === 'in' && this.#timeMs === null) this.#doubtKey(this.#relative(given.ms, 'a field'), name);
    pairs(fields, (field, value) => {
      const held = given.kind === 'keep' ? this.#keys.element(hash, field) : null;
      const at = given.kind === 'at' ? given.at : given.kind === 'in' ? (this.#timeMs ?? 0) + given.ms : null;
      this.#keys.put(hash, field, value, held === null ? at : held.score);
    });
  }

  #expireFields(name: Uint8Array, at: number | null, rest: Texts): void {
    const hash = this.#find(name);
    if (hash !== null) expireFields(this.#keys, hash, at, fieldWords(rest));
  }

  #expireFieldsIn(name: Uint8Array, ms: number, rest: Texts): void {
    if (this.#timeMs !== null) this.#expireFields(name, this.#timeMs + ms, rest);
    else if (this.#find(name) !== null) this.#doubtKey(this.#relative(ms, 'a field'), name);
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
      const given = scoreOf(score);
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
    const [from, to] = rankRange(members.length, start, stop);
    this.#drop(
      name,
      members.slice(from, to).map((member) => member['name'] as Buffer),
    );
  }

  #dropBetween(by: 'score' | 'name', name: Uint8Array, low: Buffer, high: Buffer): void {
    const key = this.#find(name);
    if (key === null) return;
    if (by === 'name' && !this.#results.hasOneScore(key)) {
      this.#doubtKey(this.#notFollowed('ZREMRANGEBYLEX'), name);
      return;
    }
    const [where, values] = elementsBetween(by, low, high);
    this.#keys.run(`DELETE FROM elements WHERE key = ?${where}`, key.id, ...values);
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

  #move(from: Buffer, to: Buffer, order: 'ASC' | 'DESC', step: 1 | -1): void {
    const list = this.#find(from);
    const isAlone = list !== null && this.#itemAt(list, 1) === null;
    // A list of one that is turned is the same list.
    if (isAlone && from.equals(to)) return;
    this.#push(to, this.#pop(from, order, 1), step);
  }

  #insert(name: Uint8Array, isBefore: boolean, pivot: Buffer, value: Buffer): void {
    const list = this.#find(name);
    if (list === null) return;
    const text = 'SELECT at FROM items WHERE key = ? AND value = ? ORDER BY at LIMIT 1';
    const found = this.#keys.get(text, list.id, pivot)?.['at'];
    if (found === undefined) return;
    const at = Number(found) + (isBefore ? 0 : 1);
    // In two steps, because places are moved one by one and must not meet.
    this.#keys.run('UPDATE items SET at = at + ? WHERE key = ? AND at >= ?', aside, list.id, at);
    this.#keys.run('UPDATE items SET at = at - ? WHERE key = ? AND at >= ?', aside - 1, list.id, at + aside);
    this.#keys.run('INSERT INTO items VALUES (?, ?, ?)', list.id, at, value);
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
    const [from, to] = rankRange(size, start, stop);
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
  ...['XCLAIM', 'XACK', 'XSETID', 'XREADGROUP', 'XAUTOCLAIM'],
]);
/** What they wrote is not in a log that holds them. */
const scripts = new Set(['EVAL', 'EVALSHA', 'FCALL']);
/** Where a command names the key that it writes by what other keys hold. */
const written = new Map([
  ...['SUNIONSTORE', 'SINTERSTORE', 'SDIFFSTORE', 'ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE', 'ZRANGESTORE'].map(
    (name) => [name, 0] as const,
  ),
  ['GEOSEARCHSTORE', 0],
  ...['BITOP', 'SMOVE', 'RPOPLPUSH', 'LMOVE'].map((name) => [name, 1] as const),
]);
/** Commands that name it behind the word `STORE`. */
const storing = new Set(['SORT', 'GEORADIUS', 'GEORADIUSBYMEMBER']);
const storedTo = (texts: Texts): Buffer | undefined => {
  const at = texts.findLastIndex((text) => /^STORE(DIST)?$/.test(upper(text)));
  return at < 0 ? undefined : texts[at + 1];
};
/** Farther than any list is long. */
const aside = 2 ** 40;
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
