import type { Column, Table } from '../../../core/table.ts';

/** The unique index that a table's snapshot walks along, chunk by chunk. */
export interface ChunkKey {
  /** The index's name: `PRIMARY` or a unique key's. */
  readonly index: string;
  readonly parts: readonly KeyPart[];
}

export interface KeyPart {
  /** Position in `Table.columns`. */
  readonly column: number;
  /** The index holds this part from the largest value down (MySQL 8, MariaDB 10.8). */
  readonly descending: boolean;
}

/** One part of one index, as `information_schema.STATISTICS` tells it. */
export interface IndexPart {
  readonly index: string;
  /** null: the part is an expression. */
  readonly column: string | null;
  /** Only the first so many characters are in the index; null: the whole value. */
  readonly prefix: number | null;
  readonly descending: boolean;
  readonly visible: boolean;
}

/**
 * Chooses the primary key, else the unique key of the fewest columns that cannot be NULL. An index serves when the server can
 * return rows in its order and find a place in it again: whole columns whose values survive as SQL literals. null: no index serves.
 * `parts` come grouped by index, each in key order.
 */
export const chooseChunkKey = (table: Table, parts: readonly IndexPart[]): ChunkKey | null => {
  const indexes = Map.groupBy(parts, (part) => part.index);
  const keys = [...indexes].flatMap(([index, members]) => {
    const keyParts = members.map((part) => keyPart(table, part));
    return keyParts.every((part) => part !== null) ? [{ index, parts: keyParts }] : [];
  });
  return (
    keys.find((key) => key.index === 'PRIMARY') ??
    keys.toSorted((a, b) => a.parts.length - b.parts.length || (a.index < b.index ? -1 : 1))[0] ??
    null
  );
};

const keyPart = (table: Table, part: IndexPart): KeyPart | null => {
  if (part.column === null || part.prefix !== null || !part.visible) return null;
  const column = table.columns.findIndex((candidate) => candidate.name === part.column);
  const definition = table.columns[column];
  if (definition === undefined || definition.nullable || !isWalkable(definition)) return null;
  return { column, descending: part.descending };
};

/** Beyond this, the lists of members that an ENUM's comparisons are made of get too long. */
const maxEnumMembers = 255;

const isWalkable = ({ type }: Column): boolean => {
  switch (type.kind) {
    case 'enum':
      // A declared '' cannot be told from the error value, which sorts elsewhere.
      return type.values.length <= maxEnumMembers && !type.values.includes('');
    case 'json':
    case 'geometry':
    case 'vector':
      return false;
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
    case 'text':
    case 'binary':
    case 'set':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return true;
  }
};
