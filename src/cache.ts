/**
 * `millrace/cache`: rows of MySQL read through Redis, kept true by a pipeline or by the application itself.
 *
 *     await using cache = await createCache<Tables>({ redis: 'redis://cache1', mysql: 'mysql://app@db1', pipeline: 'shop' });
 *     const orders = await cache.table('shop.orders', { mode: 'hot' });
 *     const order = await orders.get({ id: 7 });
 */
export { type Cache, createCache } from './cache/cache.ts';
export type { CacheEvents } from './cache/cache-events.ts';
export type {
  CachedRow,
  CachedTableOptions,
  CacheOptions,
  CacheStats,
  KeyOf,
  MysqlAddress,
  ReadOptions,
  RedisAddress,
  TableMode,
  TableStats,
  TableTypes,
  WriteToken,
} from './cache/cache-options.ts';
export type { CachedTable } from './cache/cached-table.ts';
export type { Written } from './cache/primary-writes.ts';
