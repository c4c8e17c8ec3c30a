import type { RdbKind } from './rdb-visitor.ts';

export type RdbDialect = 'redis' | 'valkey';

/** How a value is laid out in the file. */
export type RdbLayout =
  | 'text'
  | 'elements'
  | 'scored-text'
  | 'scored-binary'
  | 'fields'
  | 'fields-expiring'
  | 'fields-expiring-valkey'
  | 'packed'
  | 'packed-list'
  | 'packed-containers'
  | 'stream'
  | 'module';

export interface RdbType {
  readonly kind: RdbKind;
  readonly layout: RdbLayout;
  readonly encoding:
    | 'plain'
    | 'table'
    | 'zipmap'
    | 'ziplist'
    | 'intset'
    | 'listpack'
    | 'listpack-ex'
    | 'quicklist'
    | 'module';
}

const type = (kind: RdbKind, layout: RdbLayout, encoding: RdbType['encoding']): RdbType => ({ kind, layout, encoding });

/** What a type code means wherever it is used; codes that dialects use differently stand below. */
const common: Readonly<Record<number, RdbType>> = {
  0: type('string', 'text', 'plain'),
  1: type('list', 'elements', 'plain'),
  2: type('set', 'elements', 'table'),
  3: type('zset', 'scored-text', 'table'),
  4: type('hash', 'fields', 'table'),
  5: type('zset', 'scored-binary', 'table'),
  7: type('module', 'module', 'module'),
  9: type('hash', 'packed', 'zipmap'),
  10: type('list', 'packed', 'ziplist'),
  11: type('set', 'packed', 'intset'),
  12: type('zset', 'packed', 'ziplist'),
  13: type('hash', 'packed', 'ziplist'),
  14: type('list', 'packed-list', 'quicklist'),
  15: type('stream', 'stream', 'listpack'),
  16: type('hash', 'packed', 'listpack'),
  17: type('zset', 'packed', 'listpack'),
  18: type('list', 'packed-containers', 'quicklist'),
  19: type('stream', 'stream', 'listpack'),
  20: type('set', 'packed', 'listpack'),
  21: type('stream', 'stream', 'listpack'),
};

const dialects: Readonly<Record<RdbDialect, Readonly<Record<number, RdbType>>>> = {
  redis: { 24: type('hash', 'fields-expiring', 'table'), 25: type('hash', 'packed', 'listpack-ex') },
  valkey: { 22: type('hash', 'fields-expiring-valkey', 'table') },
};

/** null: no release is known that writes this code. */
export const rdbType = (dialect: RdbDialect, code: number): RdbType | null =>
  common[code] ?? dialects[dialect][code] ?? null;

/** The newest version that this reader knows to read; of Redis 8.0 and Valkey 9. */
export const newestVersion: Readonly<Record<RdbDialect, number>> = { redis: 12, valkey: 80 };
