import { shortBytes } from '../figures.ts';
import { textTable } from '../text-table.ts';
import type { RdbCount } from './rdb-count.ts';

/** Counted keys as lines of facts, for a person. */
export const keyFacts = (count: RdbCount): readonly (readonly [string, string])[] => [
  ['written by', serverVersion(count) ?? 'unknown'],
  [
    'keys',
    count.keys === 0 ? 'none' : `${count.keys}, of which ${count.expiring} expire and ${count.expired} have expired`,
  ],
  ...(count.expiring > 0 ? [['expiries', spans(count)] as const] : []),
  ...(count.expiringFields > 0 ? [['expiring fields', String(count.expiringFields)] as const] : []),
  ...(count.keys > 0 ? placesAndEncodings(count) : []),
  ...(count.libraries > 0 ? [['functions', `${count.libraries} libraries`] as const] : []),
  ...(count.modules.size > 0
    ? [['modules', [...count.modules].map(([name, parts]) => `${name} (${parts})`).join(', ')] as const]
    : []),
];

const placesAndEncodings = ({ databases, encodings }: RdbCount): readonly (readonly [string, string])[] => [
  ['databases', [...databases].map(([index, keys]) => `${index} (${keys})`).join(', ')],
  ['encodings', [...encodings].map(([name, keys]) => `${name} ${keys}`).join(', ')],
];

const spans = ({ expiries }: RdbCount): string =>
  [...expiries].flatMap(([span, keys]) => (keys === 0 ? [] : [`${span} ${keys}`])).join(', ');

/** Tables of types and of the largest keys; none where there are no keys. */
export const keyTables = (count: RdbCount): readonly string[] => {
  if (count.keys === 0) return [];
  const kinds = [...count.kinds].map(([name, kind]) => [
    name,
    String(kind.keys),
    String(kind.elements),
    shortBytes(kind.bytes),
    String(kind.expiring),
  ]);
  const largest = count.largest.map((key) => [
    key.name,
    key.kind,
    key.encoding,
    String(key.database),
    String(key.elements),
    shortBytes(key.bytes),
  ]);
  return [
    textTable(['type', 'keys', 'elements', 'bytes', 'expiring'], kinds),
    textTable(['largest', 'type', 'encoding', 'database', 'elements', 'bytes'], largest),
  ];
};

/** Counted keys, for a program. */
export const keyObject = (count: RdbCount) => ({
  server_version: serverVersion(count),
  facts: Object.fromEntries(count.facts),
  keys: count.keys,
  elements: count.elements,
  expiring: count.expiring,
  expired: count.expired,
  expiries: Object.fromEntries(count.expiries),
  expiring_fields: count.expiringFields,
  function_libraries: count.libraries,
  types: Object.fromEntries(count.kinds),
  encodings: Object.fromEntries(count.encodings),
  databases: Object.fromEntries(count.databases),
  modules: Object.fromEntries(count.modules),
  largest: count.largest,
});

const serverVersion = (count: RdbCount): string | null =>
  count.facts.get('redis-ver') ?? count.facts.get('valkey-ver') ?? null;
