import { MillraceError } from '../../core/errors.ts';
import { castTo } from '../bind/cast-to.ts';
import { call, routine } from '../evaluate/bound.ts';
import type { SqlValue } from '../evaluate/sql-value.ts';
import { sqlError } from '../sql-error.ts';
import { plain, type SqlType, shortText } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { convertArguments, define, type SqlFunction } from './define.ts';

type Entries = ReadonlyMap<SqlValue, SqlValue>;

/** What a map is made of; of NULL, NULLs. */
const partsOf = (type: SqlType): { readonly key: SqlType; readonly value: SqlType } =>
  type.kind === 'MAP' ? type : { key: plain('NULL'), value: plain('NULL') };

const elementOf = (type: SqlType): SqlType => (type.kind === 'ARRAY' ? type.element : plain('NULL'));

const arrayOf = (element: SqlType): SqlType => ({ kind: 'ARRAY', element, nullable: false });

const union = 'MAP_UNION(map, ...)';

export const mapFunctions: readonly SqlFunction[] = [
  define('collection', 'MAP_KEYS', {
    usage: 'MAP_KEYS(map)',
    description: 'Its keys as an array.',
    parameters: ['map'],
    returns: ([map]) => arrayOf(partsOf(map!.type).key),
    run: (map: Entries) => [...map.keys()],
  }),
  define('collection', 'MAP_VALUES', {
    usage: 'MAP_VALUES(map)',
    description: 'Its values as an array.',
    parameters: ['map'],
    returns: ([map]) => arrayOf(partsOf(map!.type).value),
    run: (map: Entries) => [...map.values()],
  }),
  define('collection', 'MAP_ENTRIES', {
    usage: 'MAP_ENTRIES(map)',
    description: 'Its entries as an array of rows, each a `key` and a `value`.',
    parameters: ['map'],
    returns: ([map]) => {
      const { key, value } = partsOf(map!.type);
      const fields = [
        { name: 'key', type: key },
        { name: 'value', type: value },
      ];
      return arrayOf({ kind: 'ROW', fields, nullable: true });
    },
    run: (map: Entries) => [...map],
  }),
  define('collection', 'MAP_FROM_ARRAYS', {
    usage: 'MAP_FROM_ARRAYS(keys, values)',
    description: 'A map of the keys with the values at their places; of equal keys the last counts.',
    parameters: ['array', 'array'],
    returns: ([keys, values]) => ({
      kind: 'MAP',
      key: elementOf(keys!.type),
      value: elementOf(values!.type),
      nullable: false,
    }),
    run: (keys: readonly SqlValue[], values: readonly SqlValue[]) => {
      if (keys.length !== values.length)
        throw new MillraceError('SQL_FUNCTION_FAILED', {
          name: 'MAP_FROM_ARRAYS',
          reason: `${keys.length} keys and ${values.length} values were given`,
        });
      return new Map(keys.map((key, place) => [key, values[place]!]));
    },
  }),
  {
    name: 'MAP_UNION',
    category: 'collection',
    usage: union,
    description: 'The entries of all maps; of equal keys the last counts.',
    bind: (args, site) => {
      const maps = convertArguments(args, ['map', 'map...'], union, site);
      const type = unifiedType(maps.map((map) => map.type));
      if (type === null) {
        const found = maps.map((map) => shortText(map.type)).join(' and ');
        throw sqlError('SQL_TYPE_MISMATCH', site.span, { what: 'MAP_UNION', found, expected: 'maps of one type' });
      }
      const run = (...all: Entries[]): Entries => new Map(all.flatMap((map) => [...map]));
      return call(
        routine('MAP_UNION', run),
        maps.map((map) => castTo(map, type)!),
        type,
      );
    },
  },
];
