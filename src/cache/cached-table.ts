import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { reachedField, reachedPlace } from '../connectors/redis/sink/node-records.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import { type AppliedPlace, appliedPlace } from './applied-place.ts';
import type { AppliedWatch } from './applied-watch.ts';
import type { CachedRow, CachedTableOptions, ReadOptions, TableMode, TableStats } from './cache-options.ts';
import type { DatabaseReads, Lookup, LookupPlan } from './database-reads.ts';
import {
  absentScript,
  acquireScript,
  fillScript,
  prolongScript,
  releaseScript,
  renewScript,
  type Script,
} from './fill-scripts.ts';
import { LocalRows } from './local-rows.ts';
import type { RedisLinks } from './redis-links.ts';
import { type Held, ownFields, type RowCodec, type RowName } from './row-codec.ts';
import { BatchRead, RowQuestion, SingleRead } from './row-question.ts';
import type { IndexReads } from './rows-by-values.ts';
import { TableCounters } from './table-counters.ts';
import { journalOf, removeScript } from './write-behind-scripts.ts';
import { WrittenRows } from './written-rows.ts';

/** A key as the application gives it: the columns of the table's key by name. */
type NamedKey = Readonly<Record<string, unknown>>;

/** A row that is looked for. */
interface Wanted {
  readonly name: RowName;
  readonly key: Row;
  readonly redisKey: Buffer;
}

interface Lease {
  readonly token: string;
  readonly applied: AppliedPlace | null;
  /** Nothing tells what the row must show, so it is not kept. */
  readonly isBlind: boolean;
}

/** How a table is cached, with every choice made. */
export interface TableSettings extends Required<Omit<CachedTableOptions, 'local' | 'key' | 'indexes' | 'writeBehind'>> {
  readonly mode: TableMode;
  readonly maxLocalRows: number;
  /** Rows are written to Redis first. */
  readonly writesBehind: boolean;
}

export interface CachedTableParts {
  readonly codec: RowCodec;
  readonly plan: LookupPlan;
  readonly settings: TableSettings;
  readonly links: RedisLinks;
  readonly reads: Pick<DatabaseReads, 'lookup' | 'having'>;
  readonly indexes: IndexReads;
  readonly applied: AppliedWatch;
  readonly lane: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Pauses between looks at a row that somebody else brings. */
const firstPauseMs = 2;
const maxPauseMs = 50;

/** A table read through Redis, and past it where it must be. */
export class CachedTable<Of extends object = CachedRow, Key extends object = NamedKey> {
  /** `database.table`. */
  readonly name: string;
  readonly #parts: CachedTableParts;
  readonly #counters = new TableCounters();
  readonly #local: LocalRows | null;
  /** Reads under way, by the key's name: who asks for the same row meanwhile gets the same answer. */
  readonly #underWay = new Map<RowName, SingleRead>();
  /** Rows that are stale and are being brought anew. */
  readonly #renewing = new Set<RowName>();
  #writes: WrittenRows | null = null;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: CachedTableParts) {
    this.#parts = parts;
    this.name = qualifiedName(parts.codec.table);
    this.#local = parts.settings.maxLocalRows > 0 ? new LocalRows(parts.settings.maxLocalRows) : null;
  }

  /** The row with this key; null: there is none. Rows are frozen, and may be shared with other readers. */
  get(key: Key, options?: ReadOptions): Promise<Of | null> {
    let name: RowName;
    try {
      name = this.#parts.codec.nameOf(key as NamedKey);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#counters.read(name);
    if (options?.atLeast === undefined || options.atLeast === null) {
      const local = this.#local?.get(name);
      if (local !== undefined) {
        this.#counters.localHits += 1;
        return local as Promise<Of | null>;
      }
      const read = this.#underWay.get(name) ?? this.#read(this.#wanted(name, key as NamedKey));
      return read.row as Promise<Of | null>;
    }
    return this.#readAfter(this.#wanted(name, key as NamedKey), options) as Promise<Of | null>;
  }

  /** The rows with these keys, in their order: one round trip, and one statement for what has to be brought. */
  async getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Of | null)[]> {
    if (options?.atLeast !== undefined && options.atLeast !== null) {
      if ((await this.#after(options)) === 'mysql') {
        const wanted = keys.map((key) => this.#wanted(this.#parts.codec.nameOf(key as NamedKey), key as NamedKey));
        for (const { name } of wanted) this.#counters.read(name);
        return (await this.#fromPrimary(wanted)) as unknown as readonly (Of | null)[];
      }
    }
    const found = new Map<RowName, CachedRow | null>();
    const open: Wanted[] = [];
    const names = keys.map((key) => {
      const name = this.#parts.codec.nameOf(key as NamedKey);
      this.#counters.read(name);
      if (!found.has(name)) {
        found.set(name, null);
        open.push(this.#wanted(name, key as NamedKey));
      }
      return name;
    });
    for (const [name, row] of await this.#readMany(open)) found.set(name, row);
    return names.map((name) => found.get(name) as Of | null);
  }

  /**
   * The rows that have these values, in no order: of all columns of one of the table's `indexes`. Redis finds them, once the table is
   * complete there; before that, and where Redis is away, MySQL does. A row that changes meanwhile may be left out, and none has other
   * values than asked for. Throws CACHE_TABLE_REFUSED where there is no index of just these columns.
   */
  async getBy(values: Partial<Of>): Promise<readonly Of[]> {
    const { indexes, reads, plan, codec } = this.#parts;
    const { row, columns } = indexes.wanted(values as NamedKey);
    this.#counters.reads += 1;
    try {
      const rows = await indexes.find(row, columns);
      if (rows !== null) {
        this.#counters.hits += 1;
        return rows as unknown as readonly Of[];
      }
      this.#counters.misses += 1;
    } catch (error) {
      this.#pass(error);
      this.#counters.redisFailures += 1;
    }
    this.#counters.loads += 1;
    const found = await reads.having(plan, row, columns);
    this.#counters.loadedRows += found.length;
    return found.map((each) => codec.named(each)) as unknown as readonly Of[];
  }

  /**
   * Removes rows from Redis, after they were changed: who reads them next brings them from MySQL. What is being brought meanwhile is not
   * kept. Rejects where Redis cannot be reached: what it holds may be old then, for as long as `ttlMs` and `graceMs`. Of a table that a
   * pipeline mirrors nothing can be removed: CACHE_MIRRORED.
   */
  async invalidate(...keys: readonly Key[]): Promise<void> {
    const { codec, links, settings } = this.#parts;
    if (settings.mode === 'mirror') throw new MillraceError('CACHE_MIRRORED', { table: this.name });
    if (keys.length === 0) return;
    const redisKeys = keys.map((key) => {
      const { name, redisKey } = this.#wanted(codec.nameOf(key as NamedKey), key as NamedKey);
      this.#underWay.delete(name);
      this.#local?.drop(redisKey);
      return redisKey;
    });
    const remove = (redisKey: Buffer): Promise<void> =>
      settings.writesBehind
        ? this.#tell(removeScript, redisKey, [])
        : links.of(redisKey).ask(
            (commands) => void commands.add('UNLINK', redisKey),
            () => {},
          );
    await Promise.all(redisKeys.map(remove));
    // A read that was sent before may have put them here again.
    for (const redisKey of redisKeys) this.#local?.drop(redisKey);
  }

  /**
   * Writes a row to Redis, whole, and notes it in the journal that `Cache.applyWrites` carries into MySQL. Readers see it from now on.
   * Needs `writeBehind`. Throws CACHE_WRITE_REFUSED, and NET_CLOSED where Redis is away: it is not known then whether it was written.
   */
  async put(row: Of): Promise<void> {
    const writes = this.#written();
    const values = writes.rowOf(row as unknown as NamedKey);
    await this.#writeBehind(writes, row as unknown as NamedKey, values);
  }

  /** Likewise, of a row that is to go. */
  async remove(key: Key): Promise<void> {
    await this.#writeBehind(this.#written(), key as NamedKey, null);
  }

  stats(): TableStats {
    return this.#counters.stats(this.#local);
  }

  /** A key of Redis has changed; null: any may have. */
  changed(redisKey: Buffer | null): void {
    if (redisKey === null) this.#local?.clear();
    else this.#local?.drop(redisKey);
  }

  /** What the applier counts goes to this table's figures. */
  get counters(): TableCounters {
    return this.#counters;
  }

  #written(): WrittenRows {
    const { codec, links, settings } = this.#parts;
    if (!settings.writesBehind)
      throw new MillraceError('CACHE_TABLE_REFUSED', {
        table: this.name,
        reason: 'it is not opened with `writeBehind`',
      });
    this.#writes ??= new WrittenRows({
      codec,
      links,
      journal: journalOf(this.name),
      bring: async (key) => {
        const named = codec.named(key);
        await this.#read(this.#wanted(codec.nameOf(named), named)).row;
      },
    });
    return this.#writes;
  }

  async #writeBehind(writes: WrittenRows, key: NamedKey, row: Row | null): Promise<void> {
    const wanted = this.#wanted(this.#parts.codec.nameOf(key), key);
    await writes.write(wanted.key, wanted.redisKey, row);
    this.#counters.writes += 1;
    this.#underWay.delete(wanted.name);
    this.#local?.drop(wanted.redisKey);
  }

  #wanted(name: RowName, key: NamedKey): Wanted {
    const row = this.#parts.codec.keyRow(key);
    return { name, key: row, redisKey: this.#parts.codec.redisKey(row) };
  }

  async #readAfter(wanted: Wanted, options: ReadOptions): Promise<CachedRow | null> {
    if ((await this.#after(options)) === 'mysql') return (await this.#fromPrimary([wanted]))[0]!;
    return await this.#read(wanted).row;
  }

  /** Waits for a write to be applied; says where to read then. */
  async #after({ atLeast, timeoutMs = 200, onTimeout = 'mysql' }: ReadOptions): Promise<'redis' | 'mysql'> {
    const { applied, settings } = this.#parts;
    // Without a pipeline nothing tells, and what was invalidated after the write is brought from the primary anyway.
    if (settings.mode === 'aside') return 'redis';
    if (await applied.reached(atLeast!, timeoutMs)) return 'redis';
    this.#counters.behind += 1;
    if (onTimeout === 'throw') throw new MillraceError('CACHE_BEHIND', { table: this.name, waitedMs: timeoutMs });
    return onTimeout === 'stale' ? 'redis' : 'mysql';
  }

  /** A read that others may join, until it has ended or the row is invalidated. */
  #read(wanted: Wanted): SingleRead {
    const { codec, links } = this.#parts;
    const read: SingleRead = new SingleRead(
      (held) => {
        this.#keep(wanted, held);
        const row = this.#use(wanted, held);
        if (row instanceof Promise) row.finally(() => this.#ended(wanted, read)).catch(() => {});
        else this.#ended(wanted, read);
        return row;
      },
      (error) => {
        const row = this.#withoutRedis(wanted, error);
        row.finally(() => this.#ended(wanted, read)).catch(() => {});
        return row;
      },
    );
    this.#underWay.set(wanted.name, read);
    links.of(wanted.redisKey).send(new RowQuestion(codec, wanted.redisKey, read, 0));
    return read;
  }

  #ended({ name }: Wanted, read: SingleRead): void {
    if (this.#underWay.get(name) === read) this.#underWay.delete(name);
  }

  async #readMany(open: readonly Wanted[]): Promise<readonly (readonly [RowName, CachedRow | null])[]> {
    const { codec, links } = this.#parts;
    const rows: (readonly [RowName, CachedRow | null])[] = [];
    const remote: Wanted[] = [];
    for (const wanted of open) {
      const local = this.#local?.get(wanted.name);
      if (local !== undefined) {
        this.#counters.localHits += 1;
        rows.push([wanted.name, await local]);
        continue;
      }
      remote.push(wanted);
    }
    if (remote.length === 0) return rows;
    const away: Wanted[] = [];
    const absent: { readonly wanted: Wanted; readonly state: 'missing' | 'partial' }[] = [];
    const others: Promise<readonly [RowName, CachedRow | null]>[] = [];
    const batch = new BatchRead(remote.length, (held, index) => this.#keep(remote[index]!, held));
    for (const [index, { redisKey }] of remote.entries()) {
      links.of(redisKey).send(new RowQuestion(codec, redisKey, batch, index));
    }
    for (const [i, held] of (await batch.answers).entries()) {
      const wanted = remote[i]!;
      if ('error' in held) {
        this.#pass(held.error);
        away.push(wanted);
      } else if (held.state === 'missing' || held.state === 'partial') absent.push({ wanted, state: held.state });
      else {
        const row = this.#use(wanted, held);
        if (row instanceof Promise) others.push(row.then((brought) => [wanted.name, brought] as const));
        else rows.push([wanted.name, row]);
      }
    }
    if (away.length > 0) {
      this.#counters.redisFailures += away.length;
      const { rows: loaded } = await this.#load(away, null, false);
      for (const [i, { name }] of away.entries()) rows.push([name, loaded[i]!]);
    }
    rows.push(...(await this.#bringMany(absent)), ...(await Promise.all(others)));
    return rows;
  }

  /** Rows that are not there: those that nobody else brings are read by one statement. */
  async #bringMany(
    absent: readonly { readonly wanted: Wanted; readonly state: 'missing' | 'partial' }[],
  ): Promise<readonly (readonly [RowName, CachedRow | null])[]> {
    if (absent.length === 0) return [];
    if (this.#parts.settings.mode === 'mirror') {
      return await Promise.all(
        absent.map(async ({ wanted, state }) => [wanted.name, await this.#unmirrored(wanted, state)] as const),
      );
    }
    const leases = await Promise.all(
      absent.map(({ wanted, state }) =>
        this.#acquire(wanted, state).catch((error: unknown) => this.#pass(error) ?? ('wait' as const)),
      ),
    );
    const held: { readonly wanted: Wanted; readonly lease: Lease }[] = [];
    const others: Promise<readonly [RowName, CachedRow | null]>[] = [];
    for (const [i, lease] of leases.entries()) {
      const { wanted } = absent[i]!;
      if (typeof lease === 'object') held.push({ wanted, lease });
      else others.push(this.#await(wanted).then((row) => [wanted.name, row] as const));
    }
    // What leases of one node saw says nothing of another.
    const byNode = Map.groupBy(held, ({ wanted }) => this.#parts.links.of(wanted.redisKey));
    const brought = await Promise.all(
      [...byNode.values()].map(async (some) => {
        const rows = await this.#fill(some);
        return rows.map((row, i) => [some[i]!.wanted.name, row] as const);
      }),
    );
    return [...brought.flat(), ...(await Promise.all(others))];
  }

  /** What is there of a row. */
  async #ask(wanted: Wanted): Promise<Held> {
    const { codec, links } = this.#parts;
    const batch = new BatchRead(1, (held) => this.#keep(wanted, held));
    links.of(wanted.redisKey).send(new RowQuestion(codec, wanted.redisKey, batch, 0));
    const [held] = await batch.answers;
    if ('error' in held!) throw held.error;
    return held!;
  }

  /** Keeps a row in this process as its answer arrives, so that the word of its change comes after it. */
  #keep({ name, redisKey }: Wanted, held: Held): void {
    if (this.#local !== null && held.state === 'row' && this.#isFresh(held.until)) {
      this.#local.put(name, redisKey, held.row);
    }
  }

  #use(wanted: Wanted, held: Held): CachedRow | null | Promise<CachedRow | null> {
    switch (held.state) {
      case 'row': {
        if (this.#isFresh(held.until)) {
          this.#counters.hits += 1;
          return held.row;
        }
        this.#counters.staleHits += 1;
        this.#renew(wanted);
        return held.row;
      }
      case 'none':
        this.#counters.negativeHits += 1;
        return null;
      case 'filling':
        return this.#await(wanted);
      case 'missing':
      case 'partial':
        return this.#bring(wanted, held.state);
    }
  }

  /** Reads a row that is not there, and puts it there. */
  async #bring(wanted: Wanted, state: 'missing' | 'partial'): Promise<CachedRow | null> {
    if (this.#parts.settings.mode === 'mirror') return await this.#unmirrored(wanted, state);
    let lease: Lease | 'wait' | 'again';
    try {
      lease = await this.#acquire(wanted, state);
    } catch (error) {
      return await this.#withoutRedis(wanted, error);
    }
    if (typeof lease !== 'object') return await this.#await(wanted);
    return (await this.#fill([{ wanted, lease }]))[0]!;
  }

  /** Waits for a row that somebody else brings, and brings it where nobody does any more. */
  async #await(wanted: Wanted): Promise<CachedRow | null> {
    const { clock, settings } = this.#parts;
    this.#counters.waits += 1;
    const until = clock.monotonic() + settings.waitMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      await clock.sleep(pause * (0.5 + this.#parts.random()));
      try {
        const held = await this.#ask(wanted);
        if (held.state === 'row' || held.state === 'none') return await this.#use(wanted, held);
        if (settings.mode === 'mirror') return await this.#unmirrored(wanted, 'missing');
        const seen = held.state === 'partial' ? 'partial' : 'missing';
        const lease = await this.#acquire(wanted, seen);
        if (typeof lease === 'object') return (await this.#fill([{ wanted, lease }]))[0]!;
      } catch (error) {
        return await this.#withoutRedis(wanted, error);
      }
      if (clock.monotonic() < until) continue;
      return (await this.#load([wanted], null, false)).rows[0]!;
    }
  }

  /** A row of a mirror that is not there: there is none, once the table is complete and as long as no row leaves by itself. */
  async #unmirrored(wanted: Wanted, state: 'missing' | 'partial'): Promise<CachedRow | null> {
    if (state === 'missing' && this.#parts.links.keepsRows) {
      try {
        const said = await this.#askAbsent(wanted);
        if (said === 'absent') {
          this.#counters.negativeHits += 1;
          return null;
        }
        if (said === 'again') {
          const held = await this.#ask(wanted);
          if (held.state === 'row') return await this.#use(wanted, held);
        }
      } catch (error) {
        return await this.#withoutRedis(wanted, error);
      }
    }
    this.#counters.misses += 1;
    return (await this.#load([wanted], null, false)).rows[0]!;
  }

  async #askAbsent({ redisKey }: Wanted): Promise<string> {
    const { links } = this.#parts;
    const { tables } = links.own;
    if (links.isCluster) {
      // First, so that what is not there then is missing from a table that was complete.
      const complete = await links.of(Buffer.from(tables)).ask(
        (commands) => void commands.add('HGET', tables, this.name),
        (reply) => String(reply) === 'complete',
      );
      if (!complete) return 'unknown';
    }
    const { isCluster } = links;
    return await links.of(redisKey).ask(
      (commands) => {
        absentScript.begin(commands, isCluster ? 1 : 2, 1);
        commands.bytes(redisKey, 0, redisKey.length);
        if (!isCluster) commands.text(tables);
        commands.text(isCluster ? links.recordOf(redisKey) : this.name);
      },
      (reply) => String(reply),
    );
  }

  /** Brings a stale row anew, once at a time. Where the pipeline refreshes rows itself, a stale one only gets more time. */
  #renew(wanted: Wanted): void {
    if (this.#renewing.has(wanted.name)) return;
    this.#renewing.add(wanted.name);
    const work = async (): Promise<void> => {
      const lease = await this.#acquire(wanted, 'stale');
      if (typeof lease === 'object') await this.#fill([{ wanted, lease }]);
    };
    const { mode } = this.#parts.settings;
    (mode === 'hot' ? this.#prolong(wanted) : work())
      .catch(this.#pass)
      .finally(() => this.#renewing.delete(wanted.name));
  }

  async #prolong(wanted: Wanted): Promise<void> {
    const { fresh, kept } = this.#times();
    const until = String(Math.round(this.#parts.clock.now() + fresh));
    await this.#tell(prolongScript, wanted.redisKey, [String(kept), until]);
  }

  async #acquire({ redisKey }: Wanted, seen: 'missing' | 'partial' | 'stale'): Promise<Lease | 'wait' | 'again'> {
    const { links, settings, lane } = this.#parts;
    const token = randomUUID();
    const { isCluster } = links;
    return await links.of(redisKey).ask(
      (commands) => {
        acquireScript.begin(commands, isCluster ? 1 : 2, isCluster ? 5 : 4);
        commands.bytes(redisKey, 0, redisKey.length);
        if (!isCluster) commands.text(links.own.position);
        commands.text(token);
        commands.text(String(settings.leaseMs));
        commands.text(seen);
        commands.text(isCluster ? reachedField : lane);
        if (isCluster) commands.text(links.recordOf(redisKey));
      },
      (reply) => {
        const [said, place = null] = reply as readonly Reply[];
        const word = String(said);
        if (word !== 'lease') return word as 'wait' | 'again';
        if (settings.mode === 'aside') return { token, applied: null, isBlind: false };
        const text = Buffer.isBuffer(place) ? place.toString() : null;
        if (!isCluster) return { token, applied: appliedPlace(text), isBlind: false };
        const reached = text === null || text === '' ? null : (reachedPlace(text, lane) ?? null);
        return { token, applied: appliedPlace(reached), isBlind: text === null || text === '' };
      },
    );
  }

  /** Reads rows that this process has leases of, and puts them where the leases still stand. */
  async #fill(
    leased: readonly { readonly wanted: Wanted; readonly lease: Lease }[],
  ): Promise<readonly (CachedRow | null)[]> {
    if (leased.length === 0) return [];
    this.#counters.misses += leased.length;
    const { settings } = this.#parts;
    const done = new AbortController();
    void this.#holdLeases(leased, done.signal);
    try {
      // The last lease saw the newest place, which holds what the others saw.
      const applied = leased.at(-1)!.lease.applied;
      const loaded = await this.#load(
        leased.map(({ wanted }) => wanted),
        applied,
        settings.mode === 'aside',
      );
      done.abort();
      // Readers need not wait for their row to be put there.
      const keep =
        loaded.current && !leased.some(({ lease }) => lease.isBlind)
          ? this.#put(leased, loaded.found)
          : this.#release(leased);
      keep.catch(this.#pass);
      return loaded.rows;
    } catch (error) {
      await this.#release(leased).catch(this.#pass);
      throw error;
    } finally {
      done.abort();
    }
  }

  async #put(
    leased: readonly { readonly wanted: Wanted; readonly lease: Lease }[],
    found: readonly (Row | null)[],
  ): Promise<void> {
    const { codec, links, settings, clock } = this.#parts;
    await Promise.all(
      leased.map(async ({ wanted: { redisKey }, lease }, i) => {
        const row = found[i]!;
        const { fresh, kept } = this.#times();
        const kepts = await links.of(redisKey).ask(
          (commands) => {
            const fields = row === null ? null : codec.fields(row);
            fillScript.begin(commands, 1, 2 + (fields === null ? 2 : 2 + 2 * fields.count));
            commands.bytes(redisKey, 0, redisKey.length);
            commands.text(lease.token);
            commands.text(String(row === null ? settings.negativeTtlMs : kept));
            if (fields === null) {
              commands.text(ownFields.none);
              commands.text('');
            } else {
              commands.text(ownFields.until);
              commands.text(String(Math.round(clock.now() + fresh)));
              commands.raw(fields.bytes, 0, fields.length);
            }
          },
          (reply) => reply === 1,
        );
        if (kepts) this.#counters.fills += 1;
        else this.#counters.rejectedFills += 1;
      }),
    );
  }

  async #release(leased: readonly { readonly wanted: Wanted; readonly lease: Lease }[]): Promise<void> {
    await Promise.all(leased.map(({ wanted, lease }) => this.#tell(releaseScript, wanted.redisKey, [lease.token])));
  }

  /** Renews leases at a third of their time, until `signal` aborts. */
  async #holdLeases(
    leased: readonly { readonly wanted: Wanted; readonly lease: Lease }[],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, settings } = this.#parts;
    for (;;) {
      await clock.sleep(settings.leaseMs / 3, signal);
      if (signal.aborted) return;
      for (const { wanted, lease } of leased) {
        this.#tell(renewScript, wanted.redisKey, [lease.token, String(settings.leaseMs)]).catch(this.#pass);
      }
    }
  }

  async #tell(script: Script, redisKey: Buffer, args: readonly string[]): Promise<void> {
    await this.#parts.links.of(redisKey).ask(
      (commands) => {
        script.begin(commands, 1, args.length);
        commands.bytes(redisKey, 0, redisKey.length);
        for (const arg of args) commands.text(arg);
      },
      () => {},
    );
  }

  /** Redis does not answer: MySQL does, and what it says is not kept. */
  async #withoutRedis(wanted: Wanted, error: unknown): Promise<CachedRow | null> {
    this.#pass(error);
    this.#counters.redisFailures += 1;
    return (await this.#load([wanted], null, false)).rows[0]!;
  }

  async #fromPrimary(wanted: readonly Wanted[]): Promise<readonly (CachedRow | null)[]> {
    return (await this.#load(wanted, null, true)).rows;
  }

  async #load(
    wanted: readonly Wanted[],
    applied: AppliedPlace | null,
    primary: boolean,
  ): Promise<{
    readonly rows: readonly (CachedRow | null)[];
    readonly found: Lookup['rows'];
    readonly current: boolean;
  }> {
    const { reads, plan, codec } = this.#parts;
    this.#counters.loads += 1;
    const {
      rows: found,
      current,
      replica,
    } = await reads.lookup(
      plan,
      wanted.map(({ key }) => key),
      applied,
      primary,
    );
    if (replica) this.#counters.replicaLoads += 1;
    const rows = found.map((row) => (row === null ? null : codec.named(row)));
    for (const row of rows) if (row !== null) this.#counters.loadedRows += 1;
    return { rows, found, current };
  }

  /** What Redis says no to, or does not answer, is MySQL's to answer; everything else is a bug. */
  readonly #pass = (error: unknown): null => {
    if (!isMillraceError(error)) throw error;
    const { clock, log } = this.#parts;
    const isLink = error.code.startsWith('NET_');
    if (isLink || clock.monotonic() - this.#complainedAt < complainEveryMs) return null;
    this.#complainedAt = clock.monotonic();
    log.warn('Redis refuses what the cache asks, so MySQL answers', {
      table: this.name,
      code: error.code,
      reason: error.message,
    });
    return null;
  };

  #isFresh(until: number | null): boolean {
    return until === null || until > this.#parts.clock.now();
  }

  /** How long a row counts as fresh, and how long it is kept. */
  #times(): { readonly fresh: number; readonly kept: number } {
    const { ttlMs, jitter, graceMs } = this.#parts.settings;
    const fresh = Math.max(1, Math.round(ttlMs * (1 - jitter * this.#parts.random())));
    return { fresh, kept: fresh + graceMs };
  }
}

/** How often it is said that Redis refuses something. */
const complainEveryMs = 60_000;
