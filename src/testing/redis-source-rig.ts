import assert from 'node:assert/strict';
import { redisSource } from '../connectors/redis/source/connector.ts';
import { openRedisSource } from '../connectors/redis/source/source.ts';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Context } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log, LogFields } from '../core/log.ts';
import type { LogFigures } from '../core/operating.ts';
import type { UnreadableMessage } from '../core/unreadable-message.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { LaunchedRedis } from './servers/launch-redis.ts';

export const patienceMs = 60_000;

/** A target that keeps rows by table and key, and the positions. */
export class HeldRows {
  readonly rows = new Map<string, readonly unknown[]>();
  readonly positions = new Map<Lane, Position>();
  /** Rows that were given, those that were known already too. */
  taken = 0;
  readonly marks: string[] = [];
  readonly said: string[] = [];
  /** What the source last told of its log. */
  figures: readonly LogFigures[] = [];
  /** Unreadable keys that were put aside; null: such a key is an error. */
  letters: UnreadableMessage[] | null = null;

  take({ changes, positions }: Batch): void {
    for (const change of changes) {
      if (change.kind === 'snapshot') this.marks.push(`${change.at} ${change.table.name}`);
      if (change.kind === 'truncate') this.#remove(change.table.name, []);
      if (change.kind !== 'rows') continue;
      const { name, primaryKey } = change.table;
      for (let i = 0; i < change.rows.length; i += 1) {
        const row = (change.rows.after(i) ?? change.rows.before(i))!;
        this.taken += 1;
        const key = primaryKey.map((column) => row[column]);
        if (change.everyMatch) this.#remove(name, key.slice(0, key.indexOf(undefined)));
        else if (change.op === 'delete') this.rows.delete(`${name} ${key.join(' ')}`);
        else this.rows.set(`${name} ${key.join(' ')}`, row);
      }
    }
    for (const [lane, place] of positions) this.positions.set(lane, place);
  }

  #remove(table: string, start: readonly unknown[]): void {
    const prefix = `${[table, ...start].join(' ')} `;
    for (const key of this.rows.keys()) if (key.startsWith(prefix)) this.rows.delete(key);
  }
}

const contextOf = (held: HeldRows, log: Log): Context => {
  const context = { pipeline: 'test', clock: systemClock, log };
  const { letters } = held;
  return letters === null ? context : { ...context, putAside: async (messages) => void letters.push(...messages) };
};

/** Reads into `held` from where it stands until `done`, then ends as a pipeline's stop does. `retries`: how often it begins again, as a pipeline would. */
export const readRedis = async (
  redis: LaunchedRedis,
  held: HeldRows,
  done: () => boolean,
  settings: Readonly<Record<string, unknown>>,
  retries = 0,
): Promise<void> => {
  const config = redisSource.config.parse({ hostname: redis.host, port: redis.port, ...settings });
  const say = (message: string, _fields?: LogFields): void => void held.said.push(message);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), patienceMs);
  try {
    for (let left = retries; !stop.signal.aborted; left -= 1) {
      await using source = await openRedisSource(config, contextOf(held, log));
      try {
        for await (const batch of source.read(async (lane) => held.positions.get(lane) ?? null, stop.signal)) {
          held.take(batch);
          await source.acknowledge?.(held.positions);
          held.figures = source.figures?.(held.positions) ?? [];
          if (done()) stop.abort();
        }
      } catch (error) {
        if (left === 0 || !isMillraceError(error) || !error.retryable) throw error;
      }
    }
  } finally {
    clearTimeout(patience);
  }
  assert.ok(done(), `not there within ${patienceMs} ms: ${JSON.stringify([...held.rows.keys()].slice(0, 20))}`);
};

/** Reads a file into `held` from where it stands to its end, or until `done`. */
export const readRedisFile = async (
  path: string,
  held: HeldRows,
  settings: Readonly<Record<string, unknown>>,
  done: () => boolean = () => false,
): Promise<void> => {
  const config = redisSource.config.parse({ path, ...settings });
  const say = (message: string, _fields?: LogFields): void => void held.said.push(message);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  await using source = await openRedisSource(config, contextOf(held, log));
  const stop = new AbortController();
  for await (const batch of source.read(async (lane) => held.positions.get(lane) ?? null, stop.signal)) {
    held.take(batch);
    if (done()) stop.abort();
  }
};
