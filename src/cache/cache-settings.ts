import { z } from 'zod';
import type { CachedTableOptions, CacheOptions, TableMode } from './cache-options.ts';

/** A hundred years: what Redis takes as a time to live. */
const longestMs = 3_155_760_000_000;
const milliseconds = (least: number) => z.int().min(least).max(longestMs);

const tableOptions = z.strictObject({
  mode: z.enum(['mirror', 'hot', 'invalidate', 'aside']).optional(),
  key: z.string().default('%{database}:%{table}:%{key}'),
  indexes: z.array(z.string()).readonly().default([]),
  writeBehind: z.strictObject({ conflicts: z.enum(['mysql', 'redis']) }).optional(),
  ttlMs: milliseconds(1).default(300_000),
  jitter: z.number().min(0).max(1).default(0.1),
  graceMs: milliseconds(0).default(0),
  negativeTtlMs: milliseconds(0).default(5_000),
  leaseMs: milliseconds(1).default(3_000),
  waitMs: milliseconds(0).default(5_000),
  local: z.strictObject({ maxRows: z.int().min(1) }).optional(),
});

const limits = z.object({
  maxReads: z.int().min(1).default(8),
  maxWaitingReads: z.int().min(0).default(1_000),
  redisTimeoutMs: milliseconds(1).default(500),
});

/** How much is asked at once, and for how long it is waited. Throws zod's error for what they do not take. */
export const cacheLimits = (options: CacheOptions): z.output<typeof limits> => limits.parse(options);

/** How a table is cached, with every choice made. */
export interface TableSettings {
  readonly mode: TableMode;
  readonly key: string;
  readonly indexes: readonly string[];
  /** Rows are written to Redis first; whose row stays where both were written. */
  readonly conflicts: 'mysql' | 'redis' | null;
  readonly ttlMs: number;
  readonly jitter: number;
  readonly graceMs: number;
  readonly negativeTtlMs: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  /** 0: none. */
  readonly maxLocalRows: number;
}

/** `piped`: a pipeline writes to Redis. Throws zod's error for options that there are not, and for values that they do not take. */
export const tableSettings = (options: CachedTableOptions, piped: boolean): TableSettings => {
  const { mode, local, writeBehind, ...rest } = tableOptions.parse(options);
  return {
    ...rest,
    mode: mode ?? (piped ? 'mirror' : 'aside'),
    conflicts: writeBehind?.conflicts ?? null,
    maxLocalRows: local?.maxRows ?? 0,
  };
};
