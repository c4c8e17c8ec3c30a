import type { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { reachedField, reachedPlace } from '../connectors/redis/sink/node-records.ts';
import type { Clock } from '../core/clock.ts';
import type { Row } from '../core/value.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import { type AppliedPlace, appliedPlace } from './applied-place.ts';
import type { CacheListeners } from './cache-events.ts';
import type { CachedRow } from './cache-options.ts';
import type { TableSettings } from './cache-settings.ts';
import { acquireScript, fillScript, prolongScript, releaseScript, renewScript, type Script } from './fill-scripts.ts';
import type { RedisComplaints } from './redis-complaints.ts';
import type { RedisLinks } from './redis-links.ts';
import { ownFields, type RowCodec } from './row-codec.ts';
import type { RowLoads } from './row-loads.ts';
import type { TableCounters } from './table-counters.ts';
import type { WantedRow } from './wanted-row.ts';

/** The right to bring a row, for as long as it stands in the row's key. */
export interface Lease {
  readonly token: string;
  /** What the row must show. */
  readonly applied: AppliedPlace | null;
  /** Nothing tells what that is, nor of changes that come between now and where a pipeline begins: the row is not kept. */
  readonly isBlind: boolean;
}

/** A row that this process brings. */
export interface LeasedRow {
  readonly wanted: WantedRow;
  readonly lease: Lease;
}

export interface RowFillsOptions {
  /** `database.table`. */
  readonly table: string;
  readonly codec: RowCodec;
  readonly settings: TableSettings;
  readonly links: RedisLinks;
  readonly loads: RowLoads;
  readonly lane: string;
  readonly counters: TableCounters;
  readonly listeners: CacheListeners;
  readonly complaints: RedisComplaints;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Brings rows from MySQL into Redis, each under a lease (fill-scripts.ts). */
export class RowFills {
  readonly #options: RowFillsOptions;

  constructor(options: RowFillsOptions) {
    this.#options = options;
  }

  /** `seen`: what the caller found there. `wait`: somebody else brings it. `again`: something is there by now. */
  async acquire({ redisKey }: WantedRow, seen: 'missing' | 'partial' | 'stale'): Promise<Lease | 'wait' | 'again'> {
    const { links, settings, lane, complaints } = this.#options;
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
        const text = place === null ? '' : String(place);
        // A node that holds a piece of a transaction of which no position tells says nothing.
        const reached = text === '' ? null : isCluster ? (reachedPlace(text, lane) ?? null) : text;
        const applied = appliedPlace(reached);
        if (applied === null) complaints.blind();
        return { token, applied, isBlind: applied === null };
      },
    );
  }

  /** Reads rows that this process has leases of, all of one node, and puts them where the leases still stand. */
  async fill(leased: readonly LeasedRow[]): Promise<readonly (CachedRow | null)[]> {
    if (leased.length === 0) return [];
    const { settings, loads, counters, complaints } = this.#options;
    counters.misses += leased.length;
    const done = new AbortController();
    void this.#holdLeases(leased, done.signal);
    try {
      // The last lease saw the newest place, which holds what the others saw.
      const { applied } = leased.at(-1)!.lease;
      const wanted = leased.map((each) => each.wanted);
      const loaded = await loads.load(wanted, applied, settings.mode === 'aside');
      done.abort();
      // Readers need not wait for their row to be put there.
      const keep =
        loaded.current && !leased.some(({ lease }) => lease.isBlind)
          ? this.#put(leased, loaded.found)
          : this.#release(leased);
      keep.catch(complaints.pass);
      return loaded.rows;
    } catch (error) {
      await this.#release(leased).catch(complaints.pass);
      throw error;
    } finally {
      done.abort();
    }
  }

  /** Gives a row that the pipeline keeps fresh more time. */
  async prolong({ redisKey }: WantedRow): Promise<void> {
    const { fresh, kept } = this.#times();
    const until = String(Math.round(this.#options.clock.now() + fresh));
    await this.#tell(prolongScript, redisKey, [String(kept), until]);
  }

  async #put(leased: readonly LeasedRow[], found: readonly (Row | null)[]): Promise<void> {
    const { codec, links, settings, clock, counters, listeners, table } = this.#options;
    await Promise.all(
      leased.map(async ({ wanted: { redisKey, key }, lease }, i) => {
        const row = found[i]!;
        const { fresh, kept } = this.#times();
        const isKept = await links.of(redisKey).ask(
          (commands) => {
            const fields = row === null ? null : codec.fields(row);
            fillScript.begin(commands, 1, 2 + (fields === null ? 2 : 4 + 2 * fields.count));
            commands.bytes(redisKey, 0, redisKey.length);
            commands.text(lease.token);
            commands.text(String(row === null ? settings.negativeTtlMs : kept));
            if (fields === null) {
              commands.text(ownFields.none);
              commands.text('');
            } else {
              commands.text(ownFields.until);
              commands.text(String(Math.round(clock.now() + fresh)));
              commands.text(ownFields.columns);
              commands.text(codec.columns);
              commands.raw(fields.bytes, 0, fields.length);
            }
          },
          (reply) => reply === 1,
        );
        if (isKept) counters.fills += 1;
        else {
          counters.rejectedFills += 1;
          listeners.tell('fill-rejected', () => ({ table, key: codec.namedKey(key) }));
        }
      }),
    );
  }

  async #release(leased: readonly LeasedRow[]): Promise<void> {
    await Promise.all(leased.map(({ wanted, lease }) => this.#tell(releaseScript, wanted.redisKey, [lease.token])));
  }

  /** Renews leases at a third of their time, until `signal` aborts. */
  async #holdLeases(leased: readonly LeasedRow[], signal: AbortSignal): Promise<void> {
    const { clock, settings, complaints } = this.#options;
    for (;;) {
      await clock.sleep(settings.leaseMs / 3, signal);
      if (signal.aborted) return;
      for (const { wanted, lease } of leased) {
        this.#tell(renewScript, wanted.redisKey, [lease.token, String(settings.leaseMs)]).catch(complaints.pass);
      }
    }
  }

  async #tell(script: Script, redisKey: Buffer, args: readonly string[]): Promise<void> {
    await this.#options.links.of(redisKey).ask(
      (commands) => {
        script.begin(commands, 1, args.length);
        commands.bytes(redisKey, 0, redisKey.length);
        for (const arg of args) commands.text(arg);
      },
      () => {},
    );
  }

  /** How long a row counts as fresh, and how long it is kept. */
  #times(): { readonly fresh: number; readonly kept: number } {
    const { ttlMs, jitter, graceMs } = this.#options.settings;
    const fresh = Math.max(1, Math.round(ttlMs * (1 - jitter * this.#options.random())));
    return { fresh, kept: fresh + graceMs };
  }
}
