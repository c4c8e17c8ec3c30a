import type { Column, Table } from '../../../core/table.ts';
import type { Flavor } from '../../../protocol/mysql/flavor.ts';
import type { ChunkKey } from '../snapshot/chunk-key.ts';

/** `Reader.order`: how a server sorts each part of a key, in words that another system uses for the same order. */
export const keyOrder = (table: Table, key: ChunkKey, flavor: Flavor): readonly string[] =>
  key.parts.map(({ column, descending }) => `${orderOf(table.columns[column]!, flavor)}${descending ? ' down' : ''}`);

const orderOf = ({ type }: Column, flavor: Flavor): string => {
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return 'number';
    case 'date':
    case 'datetime':
    case 'timestamp':
      return 'date';
    case 'time':
      return 'duration';
    case 'binary':
      return 'bytes';
    case 'text':
      // Without padding and weights, UTF-8 sorts as its bytes do.
      if (type.collation === 'utf8mb4_0900_bin' || type.collation === 'utf8mb4_nopad_bin') return 'bytes';
      return `${type.charset} ${type.collation ?? `default ${flavor}`}`;
    case 'enum':
    case 'set':
      return `${type.kind} ${JSON.stringify(type.values)}`;
    case 'uuid':
    case 'inet4':
    case 'inet6':
    case 'json':
    case 'geometry':
    case 'vector':
      return type.kind;
  }
};
