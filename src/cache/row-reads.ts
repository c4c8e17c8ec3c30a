import { Buffer } from 'node:buffer';
import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { CacheListeners } from './cache-events.ts';
import type { CachedRow } from './cache-options.ts';
import type { TableSettings } from './cache-settings.ts';
import { absentScript } from './fill-scripts.ts';
import type { LocalRows } from './local-rows.ts';
import type { RedisComplaints } from './redis-complaints.ts';
import type { RedisLinks } from './redis-links.ts';
import type { Held, RowCodec, RowName } from './row-codec.ts';
import type { Lease, LeasedRow, RowFills } from './row-fills.ts';
import type { RowLoads } from './row-loads.ts';
import { BatchRead, RowQuestion, SingleRead } from './row-question.ts';
import type { TableCounters } from './table-counters.ts';
import type { WantedRow } from './wanted-row.ts';

export interface RowReadsOptions {
  /** `database.table`. */
  readonly table: string;
  readonly codec: RowCodec;
  readonly settings: TableSettings;
  readonly links: RedisLinks;
  readonly loads: RowLoads;
  readonly fills: RowFills;
  readonly local: LocalRows | null;
  readonly counters: TableCounters;
  readonly listeners: CacheListeners;
  readonly complaints: RedisComplaints;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Pauses between looks at a row that somebody else brings. */
const firstPauseMs = 2;
const maxPauseMs = 50;
/** After a renewal that failed none is tried for so long: MySQL is away, and its rows are served in their grace. */
const renewalRestMs = 1_000;

/** A table's rows as Redis has them, brought there where they are missing. */
export class RowReads {
  readonly #options: RowReadsOptions;
  /** Reads under way, by the key's name: who asks for the same row meanwhile gets the same answer. */
  readonly #underWay = new Map<RowName, SingleRead>();
  /** Rows that are stale and are being brought anew. */
  readonly #renewing = new Set<RowName>();
  #renewsFrom = Number.NEGATIVE_INFINITY;

  constructor(options: RowReadsOptions) {
    this.#options = options;
  }

  /** A read of the row that others may join. */
  underWay(name: RowName): SingleRead | undefined {
    return this.#underWay.get(name);
  }

  /** Lets nobody join a read that may show the row as it was. */
  part(name: RowName): void {
    this.#underWay.delete(name);
  }

  /** A read that others may join, until it has ended or the row is invalidated. */
  read(wanted: WantedRow): SingleRead {
    const { codec, links } = this.#options;
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

  #ended({ name }: WantedRow, read: SingleRead): void {
    if (this.#underWay.get(name) === read) this.#underWay.delete(name);
  }

  /** `open`: each row once. `isLocal`: rows of this process will do. */
  async readMany(
    open: readonly WantedRow[],
    isLocal: boolean,
  ): Promise<readonly (readonly [RowName, CachedRow | null])[]> {
    const { codec, links } = this.#options;
    const rows: (readonly [RowName, CachedRow | null])[] = [];
    const remote: WantedRow[] = [];
    for (const wanted of open) {
      const local = isLocal ? this.#options.local?.get(wanted.name) : undefined;
      if (local !== undefined) {
        this.#options.counters.localHits += 1;
        rows.push([wanted.name, await local]);
        continue;
      }
      remote.push(wanted);
    }
    if (remote.length === 0) return rows;
    const away: WantedRow[] = [];
    const absent: { readonly wanted: WantedRow; readonly state: 'missing' | 'partial' }[] = [];
    const others: Promise<readonly [RowName, CachedRow | null]>[] = [];
    const batch = new BatchRead(remote.length, (held, index) => this.#keep(remote[index]!, held));
    for (const [index, { redisKey }] of remote.entries()) {
      links.of(redisKey).send(new RowQuestion(codec, redisKey, batch, index));
    }
    for (const [i, held] of (await batch.answers).entries()) {
      const wanted = remote[i]!;
      if ('error' in held) {
        this.#options.complaints.pass(held.error);
        away.push(wanted);
      } else if (held.state === 'missing' || held.state === 'partial') absent.push({ wanted, state: held.state });
      else {
        const row = this.#use(wanted, held);
        if (row instanceof Promise) others.push(row.then((brought) => [wanted.name, brought] as const));
        else rows.push([wanted.name, row]);
      }
    }
    if (away.length > 0) {
      this.#options.counters.redisFailures += away.length;
      const { rows: loaded } = await this.#options.loads.load(away);
      for (const [i, { name }] of away.entries()) rows.push([name, loaded[i]!]);
    }
    rows.push(...(await this.#bringMany(absent)), ...(await Promise.all(others)));
    return rows;
  }

  /** Rows that are not there: those that nobody else brings are read by one statement. */
  async #bringMany(
    absent: readonly { readonly wanted: WantedRow; readonly state: 'missing' | 'partial' }[],
  ): Promise<readonly (readonly [RowName, CachedRow | null])[]> {
    if (absent.length === 0) return [];
    if (this.#options.settings.mode === 'mirror') {
      return await Promise.all(
        absent.map(async ({ wanted, state }) => [wanted.name, await this.#unmirrored(wanted, state)] as const),
      );
    }
    const leases = await Promise.all(
      absent.map(({ wanted, state }) =>
        this.#options.fills
          .acquire(wanted, state)
          .catch((error: unknown) => this.#options.complaints.pass(error) ?? ('wait' as const)),
      ),
    );
    const held: LeasedRow[] = [];
    const others: Promise<readonly [RowName, CachedRow | null]>[] = [];
    for (const [i, lease] of leases.entries()) {
      const { wanted } = absent[i]!;
      if (typeof lease === 'object') held.push({ wanted, lease });
      else others.push(this.#await(wanted).then((row) => [wanted.name, row] as const));
    }
    // What leases of one node saw says nothing of another.
    const byNode = Map.groupBy(held, ({ wanted }) => this.#options.links.of(wanted.redisKey));
    const brought = await Promise.all(
      [...byNode.values()].map(async (some) => {
        const rows = await this.#options.fills.fill(some);
        return rows.map((row, i) => [some[i]!.wanted.name, row] as const);
      }),
    );
    return [...brought.flat(), ...(await Promise.all(others))];
  }

  /** What is there of a row. */
  async #ask(wanted: WantedRow): Promise<Held> {
    const { codec, links } = this.#options;
    const batch = new BatchRead(1, (held) => this.#keep(wanted, held));
    links.of(wanted.redisKey).send(new RowQuestion(codec, wanted.redisKey, batch, 0));
    const [held] = await batch.answers;
    if ('error' in held!) throw held.error;
    return held!;
  }

  /** Keeps a row in this process as its answer arrives, so that the word of its change comes after it. */
  #keep({ name, redisKey }: WantedRow, held: Held): void {
    const { local } = this.#options;
    if (local !== null && held.state === 'row' && this.#isFresh(held.until)) {
      local.put(name, redisKey, held.row, held.until);
    }
  }

  #use(wanted: WantedRow, held: Held): CachedRow | null | Promise<CachedRow | null> {
    switch (held.state) {
      case 'row': {
        if (this.#isFresh(held.until)) {
          this.#options.counters.hits += 1;
          return held.row;
        }
        this.#options.counters.staleHits += 1;
        this.#renew(wanted);
        return held.row;
      }
      case 'none':
        this.#options.counters.negativeHits += 1;
        return null;
      case 'filling':
        return this.#await(wanted);
      case 'missing':
      case 'partial':
        return this.#bring(wanted, held.state);
    }
  }

  /** Reads a row that is not there, and puts it there. */
  async #bring(wanted: WantedRow, state: 'missing' | 'partial'): Promise<CachedRow | null> {
    if (this.#options.settings.mode === 'mirror') return await this.#unmirrored(wanted, state);
    let lease: Lease | 'wait' | 'again';
    try {
      lease = await this.#options.fills.acquire(wanted, state);
    } catch (error) {
      return await this.#withoutRedis(wanted, error);
    }
    if (typeof lease !== 'object') return await this.#await(wanted);
    return (await this.#options.fills.fill([{ wanted, lease }]))[0]!;
  }

  /** Waits for a row that somebody else brings, and brings it where nobody does any more. */
  async #await(wanted: WantedRow): Promise<CachedRow | null> {
    const { clock, settings } = this.#options;
    this.#options.counters.waits += 1;
    const until = clock.monotonic() + settings.waitMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      await clock.sleep(pause * (0.5 + this.#options.random()));
      try {
        const held = await this.#ask(wanted);
        if (held.state === 'row' || held.state === 'none') return await this.#use(wanted, held);
        if (settings.mode === 'mirror') return await this.#unmirrored(wanted, 'missing');
        const seen = held.state === 'partial' ? 'partial' : 'missing';
        const lease = await this.#options.fills.acquire(wanted, seen);
        if (typeof lease === 'object') return (await this.#options.fills.fill([{ wanted, lease }]))[0]!;
      } catch (error) {
        return await this.#withoutRedis(wanted, error);
      }
      if (clock.monotonic() < until) continue;
      return await this.#options.loads.one(wanted);
    }
  }

  /** A row of a mirror that is not there: there is none, once the table is complete and as long as no row leaves by itself. */
  async #unmirrored(wanted: WantedRow, state: 'missing' | 'partial'): Promise<CachedRow | null> {
    if (state === 'missing' && this.#options.links.keepsRows) {
      try {
        const said = await this.#askAbsent(wanted);
        if (said === 'absent') {
          this.#options.counters.negativeHits += 1;
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
    this.#options.counters.misses += 1;
    return await this.#options.loads.one(wanted);
  }

  async #askAbsent({ redisKey }: WantedRow): Promise<string> {
    const { links } = this.#options;
    const { tables } = links.own;
    if (links.isCluster) {
      // First, so that what is not there then is missing from a table that was complete.
      const complete = await links.of(Buffer.from(tables)).ask(
        (commands) => void commands.add('HGET', tables, this.#options.table),
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
        commands.text(isCluster ? links.recordOf(redisKey) : this.#options.table);
      },
      (reply) => String(reply),
    );
  }

  /** Brings a stale row anew, once at a time. Where the pipeline refreshes rows itself, a stale one only gets more time. */
  #renew(wanted: WantedRow): void {
    const { table, codec, settings, fills, listeners, complaints, clock } = this.#options;
    listeners.tell('stale', () => ({ table, key: codec.namedKey(wanted.key) }));
    if (this.#renewing.has(wanted.name) || clock.monotonic() < this.#renewsFrom) return;
    this.#renewing.add(wanted.name);
    const renewal = settings.mode === 'hot' ? fills.prolong(wanted) : this.#bringAnew(wanted);
    renewal.catch(complaints.pass).finally(() => this.#renewing.delete(wanted.name));
  }

  /** Rejects where Redis refuses it. */
  async #bringAnew(wanted: WantedRow): Promise<void> {
    const { table, codec, fills, listeners, clock } = this.#options;
    const lease = await fills.acquire(wanted, 'stale');
    if (typeof lease !== 'object') return;
    try {
      await fills.fill([{ wanted, lease }]);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      const { code } = error;
      this.#renewsFrom = clock.monotonic() + renewalRestMs;
      listeners.tell('renewal-failed', () => ({ table, key: codec.namedKey(wanted.key), code }));
    }
  }

  /** Redis does not answer: MySQL does, and what it says is not kept. */
  async #withoutRedis(wanted: WantedRow, error: unknown): Promise<CachedRow | null> {
    const { complaints, counters, loads } = this.#options;
    complaints.pass(error);
    counters.redisFailures += 1;
    return await loads.one(wanted);
  }

  #isFresh(until: number | null): boolean {
    return until === null || until > this.#options.clock.now();
  }
}
