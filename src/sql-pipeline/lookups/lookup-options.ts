import { z } from 'zod';
import { duration } from '../../core/settings.ts';
import type { Settings } from '../connected-table.ts';
import { OptionConflict } from '../connectors/sql-connector.ts';

/** How a table is asked for the rows of joins: what is kept of its answers, and how often it is asked again when it fails. */
export interface LookupSettings {
  /** Null: nothing is kept. */
  readonly cache: CacheSettings | null;
  readonly maxRetries: number;
}

export interface CacheSettings {
  readonly maxRows: number;
  /** In milliseconds; null: answers live until there is no room for them. */
  readonly expireAfterWriteMs: number | null;
  readonly expireAfterAccessMs: number | null;
  /** That there is no row is remembered too. */
  readonly keepsMissing: boolean;
}

const defaultMaxRows = 100_000;

/** Flink's options, and their older names. */
export const lookupShape = {
  'lookup.cache': z.enum(['NONE', 'PARTIAL']).optional(),
  'lookup.partial-cache.max-rows': z.number().int().min(1).optional(),
  'lookup.partial-cache.expire-after-write': duration.optional(),
  'lookup.partial-cache.expire-after-access': duration.optional(),
  'lookup.partial-cache.cache-missing-key': z.boolean().optional(),
  'lookup.max-retries': z.number().int().min(0).optional(),
  'lookup.cache.max-rows': z.number().int().min(1).optional(),
  'lookup.cache.ttl': duration.optional(),
  'lookup.cache.caching-missing-key': z.boolean().optional(),
};

const shape = z.object(lookupShape);

/** Throws OptionConflict for a cache that is described and not asked for. */
export const lookupSettings = (options: Settings): LookupSettings => {
  const given = shape.parse(options);
  const ofCache = Object.keys(given).filter((key) => /^lookup\.(partial-)?cache\./.test(key));
  const older = ofCache.find((key) => key.startsWith('lookup.cache.'));
  const mode = given['lookup.cache'] ?? (older === undefined ? 'NONE' : 'PARTIAL');
  const maxRetries = given['lookup.max-retries'] ?? 3;
  if (mode === 'NONE') {
    if (ofCache.length > 0) throw new OptionConflict(`'${ofCache[0]}' is for 'lookup.cache' = 'PARTIAL'`);
    return { cache: null, maxRetries };
  }
  return {
    maxRetries,
    cache: {
      maxRows: given['lookup.partial-cache.max-rows'] ?? given['lookup.cache.max-rows'] ?? defaultMaxRows,
      expireAfterWriteMs: given['lookup.partial-cache.expire-after-write'] ?? given['lookup.cache.ttl'] ?? null,
      expireAfterAccessMs: given['lookup.partial-cache.expire-after-access'] ?? null,
      keepsMissing:
        given['lookup.partial-cache.cache-missing-key'] ?? given['lookup.cache.caching-missing-key'] ?? true,
    },
  };
};
