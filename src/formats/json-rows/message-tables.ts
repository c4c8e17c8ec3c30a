import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { type Column, defineTable, type Table } from '../../core/table.ts';
import { ColumnFinder, type UnknownFields } from './column-finder.ts';
import type { ValueModes } from './value-modes.ts';

/** A table's definition as a message describes it. */
export interface Description extends Omit<Table, 'id' | 'database' | 'name' | 'primaryKey'> {
  /** The columns that name a row. */
  readonly key: readonly string[];
  /** Columns that are written in another way than the format's. */
  readonly modes?: ReadonlyMap<string, Partial<ValueModes>>;
}

/** One version of a table. `replaces`: the version that messages before this one had. */
export interface TableVersion {
  readonly finder: ColumnFinder;
  readonly replaces: Table | null;
}

interface Known {
  finder: ColumnFinder;
  /** The bytes that described it. */
  description: Uint8Array;
}

/**
 * The tables of a log's messages: declared by the user, or as each message describes its own, by a schema, by type names, or by the
 * look of its values.
 */
export class MessageTables {
  readonly #declared: ReadonlyMap<string, ColumnFinder> | null;
  readonly #modes: ValueModes;
  readonly #primaryKey: readonly string[] | null;
  readonly #known = new Map<string, Known>();
  readonly #unknownFields: UnknownFields;

  constructor(options: {
    /** Null: messages describe their tables. */
    readonly declared: readonly Table[] | null;
    readonly modes: ValueModes;
    /** What happens to fields that a declared table lacks. */
    readonly unknownFields: UnknownFields;
    /** Takes the place of the key that the messages have. */
    readonly primaryKey: readonly string[] | null;
  }) {
    const { declared, modes, unknownFields } = options;
    this.#modes = modes;
    this.#unknownFields = unknownFields;
    this.#primaryKey = options.primaryKey;
    this.#declared =
      declared === null
        ? null
        : new Map(
            declared.map((table) => [keyOf(table.database, table.name), new ColumnFinder(table, modes, unknownFields)]),
          );
  }

  get areDeclared(): boolean {
    return this.#declared !== null;
  }

  declared(database: string, name: string): ColumnFinder {
    const finder = this.#declared?.get(keyOf(database, name));
    if (finder === undefined) throw new MillraceError('FORMAT_TABLE_UNKNOWN', { table: `${database}.${name}` });
    return finder;
  }

  /** The version last seen; null: the table is new. */
  known(database: string, name: string): ColumnFinder | null {
    return this.#known.get(keyOf(database, name))?.finder ?? null;
  }

  /**
   * The version that `bytes` from `start` to `end` describe. The same bytes describe the same version; `describe` is asked about
   * others.
   */
  described(
    database: string,
    name: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    describe: () => Description,
  ): TableVersion {
    const key = keyOf(database, name);
    const known = this.#known.get(key);
    if (known !== undefined && sameBytes(known.description, bytes, start, end)) {
      return { finder: known.finder, replaces: null };
    }
    const { modes, ...definition } = describe();
    const table = this.#define(database, name, definition);
    const description = Uint8Array.prototype.slice.call(bytes, start, end);
    if (known !== undefined && known.finder.table.id === table.id) {
      known.description = description;
      return { finder: known.finder, replaces: null };
    }
    const finder = new ColumnFinder(table, this.#modes, this.#unknownFields, modes);
    this.#known.set(key, { finder, description });
    return { finder, replaces: known?.finder.table ?? null };
  }

  /** Lets the next message describe its table anew, whatever its description says: a statement may have changed what that leaves out. */
  forget(database: string, name: string): void {
    const known = this.#known.get(keyOf(database, name));
    if (known !== undefined) known.description = new Uint8Array(0);
  }

  /** A version that follows from how values look. Its finder notes unknown fields, so that they can become columns. */
  inferred(database: string, name: string, description: Description): TableVersion {
    const key = keyOf(database, name);
    const known = this.#known.get(key);
    const finder = new ColumnFinder(this.#define(database, name, description), this.#modes, 'ignore');
    this.#known.set(key, { finder, description: new Uint8Array(0) });
    return { finder, replaces: known?.finder.table ?? null };
  }

  /** Throws FORMAT_KEY_MISSING. */
  #define(database: string, name: string, { key, ...definition }: Description): Table {
    const primaryKey = (this.#primaryKey ?? key).map((column) => {
      const at = definition.columns.findIndex((other) => other.name === column);
      if (at < 0) throw new MillraceError('FORMAT_KEY_MISSING', { table: `${database}.${name}`, column });
      return at;
    });
    const columns = definition.columns.map((column, at) => (primaryKey.includes(at) ? keyColumn(column) : column));
    return defineTable({ database, name, ...definition, columns, primaryKey });
  }
}

/** What has no length is short enough in a key to be indexed. */
const keyColumn = (column: Column): Column => {
  const { type } = column;
  const isLong = (type.kind === 'text' || type.kind === 'binary') && type.maxBytes === longestBytes;
  return { ...column, type: isLong ? { ...type, maxBytes: keyBytes } : type, nullable: false };
};

/** Of a text or bytes whose message does not say how long they may be. */
export const longestBytes = 4_294_967_295;
const keyBytes = 1_020;

/** Unambiguous whatever the names hold. */
const keyOf = (database: string, name: string): string => `${database}\0${name}`;

const sameBytes = (known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean =>
  known.length === end - start &&
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).compare(known, 0, known.length, start, end) === 0;
