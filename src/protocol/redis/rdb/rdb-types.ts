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
  | 'indexed'
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
    | 'array'
    | 'module';
  /** The first version of the format that has it, where an older one would not be believed. */
  readonly since: number;
}

const type = (kind: RdbKind, layout: RdbLayout, encoding: RdbType['encoding'], since = 0): RdbType => ({
  kind,
  layout,
  encoding,
  since,
});

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
  redis: {
    24: type('hash', 'fields-expiring', 'table'),
    25: type('hash', 'packed', 'listpack-ex'),
    26: type('stream', 'stream', 'listpack', 13),
    27: type('stream', 'stream', 'listpack', 14),
    28: type('array', 'indexed', 'array', 14),
  },
  valkey: { 22: type('hash', 'fields-expiring-valkey', 'table') },
};

/** null: no release is known that writes this code into a file of this version. */
export const rdbType = (dialect: RdbDialect, version: number, code: number): RdbType | null => {
  const found = common[code] ?? dialects[dialect][code];
  return found === undefined || found.since > version ? null : found;
};

/** The newest version that this reader knows to read; of Redis 8.8 and Valkey 9. */
export const newestVersion: Readonly<Record<RdbDialect, number>> = { redis: 14, valkey: 80 };
