import type { RedisOrigin } from '../../../core/change.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import { ColumnFinder } from '../../../formats/json-rows/column-finder.ts';
import type { Message } from '../../../formats/json-rows/message.ts';
import { plainModes, type ValueModes } from '../../../formats/json-rows/value-modes.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { declaredTables } from '../../../protocol/mysql/ddl/declared-tables.ts';
import { keyTemplates } from '../key-mapping.ts';
import type { KeyTemplate } from '../key-template.ts';
import { keyText } from '../key-text.ts';
import type { RedisSourceConfig } from './config.ts';
import { RowDocument } from './row-document.ts';

/** A table whose rows are hashes. */
export interface HashTable {
  readonly table: Table;
  readonly label: string;
  readonly keys: KeyTemplate;
  readonly finder: ColumnFinder;
  readonly document: RowDocument;
  /** Where the key's expiry goes; -1: nowhere. */
  readonly expiryColumn: number;
}

/** The declared tables. Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
export const hashTables = (config: RedisSourceConfig): readonly HashTable[] => {
  const keysOf = keyTemplates(config.key, config['source.tableId-to-key.mapping']);
  return declaredTables(config.schema, 'redis').map((table) => {
    const wrong = (reason: string) => new MillraceError('CONFIG_WRONG_VALUE', { key: 'schema', reason });
    if (keyColumnsOf(table).length === 0) throw wrong(`table ${qualifiedName(table)} has no primary key`);
    return {
      table,
      label: qualifiedName(table),
      keys: keysOf(table),
      finder: new ColumnFinder(table, hashModes, 'refuse'),
      document: new RowDocument(table),
      expiryColumn: table.columns.findIndex(({ name }) => name === config['expiry.column']),
    };
  });
};

/** Every value a string; `RowDocument` writes bytes in hex. */
const hashModes: ValueModes = { ...plainModes, binaries: 'hex', documents: 'string' };

/** Makes hashes into changes of `changes`: `begin` one, tell its fields, and `take` it; or say that it is `gone`. */
export class HashRows {
  readonly #tables: readonly HashTable[];
  readonly #changes: ChangeCollector;
  readonly #ignoresUnknown: boolean;
  readonly #message: RowMessage = new RowMessage();
  #key: Buffer = Buffer.alloc(0);
  #table: HashTable | null = null;
  #keyValues: readonly Buffer[] = [];

  constructor(tables: readonly HashTable[], changes: ChangeCollector, config: RedisSourceConfig) {
    this.#tables = tables;
    this.#changes = changes;
    this.#ignoresUnknown = config['value.unknown-fields'] === 'ignore';
  }

  /** The table that a key is of; null: none. */
  tableOf(key: Buffer): HashTable | null {
    for (const table of this.#tables) {
      if (table.keys.matches(key)) return table;
    }
    return null;
  }

  /** The rows to come were read at this place. */
  at(origin: Omit<RedisOrigin, 'kind'>): void {
    this.#message.place = { kind: 'redis', ...origin };
  }

  /** Begins a hash whose key is of `table`. The key must last until it is taken. */
  begin(table: HashTable, key: Buffer): void {
    this.#table = table;
    this.#key = key;
    this.#keyValues = table.keys.read(key)!;
    table.document.begin();
    for (const [i, column] of table.keys.columns.entries()) table.document.set(column, this.#keyValues[i]!);
  }

  /** Bytes must last until the hash is taken. Throws REDIS_KEY_UNREADABLE. */
  field(name: Buffer, value: Buffer): void {
    const { document, keys, expiryColumn, label } = this.#table!;
    const column = document.columnOf(name);
    if (column < 0 || column === expiryColumn) {
      if (this.#ignoresUnknown) return;
      throw this.#unreadable(`it has the field ${keyText(name)}, which ${label} has no column for`);
    }
    const part = keys.columns.indexOf(column);
    if (part < 0) document.set(column, value);
    else if (!this.#keyValues[part]!.equals(value))
      throw this.#unreadable(`its field ${keyText(name)} says otherwise than the key`);
  }

  /** Milliseconds since 1970; null: the key does not expire. */
  expiry(atMs: number | null): void {
    const { document, expiryColumn } = this.#table!;
    if (expiryColumn < 0 || atMs === null) return;
    document.set(expiryColumn, Buffer.from(new Date(atMs).toISOString().replace('T', ' ').replace('Z', '')));
  }

  /** Throws REDIS_KEY_UNREADABLE, and takes nothing, where a value is none of its column's. */
  take(op: 'read' | 'create'): void {
    this.#add(op);
  }

  /** Throws REDIS_KEY_UNREADABLE where the key's values are none of the table's. */
  gone(table: HashTable, key: Buffer): void {
    this.begin(table, key);
    this.#add('delete');
  }

  /** That a key of `table` holds something else than a hash. */
  noHash(key: Buffer): MillraceError {
    this.#key = key;
    return this.#unreadable('it is no hash');
  }

  #add(op: 'read' | 'create' | 'delete'): void {
    const { document, finder } = this.#table!;
    const changes = this.#changes;
    changes.begin();
    try {
      const row = document.write();
      changes.row(finder, op, row, op === 'delete' ? document.placeBefore : document.placeAfter, this.#message);
      changes.check();
    } catch (error) {
      changes.undo();
      if (!isMillraceError(error) || !error.code.startsWith('FORMAT_')) throw error;
      throw this.#unreadable(error.message, error);
    }
  }

  #unreadable(reason: string, cause?: unknown): MillraceError {
    return new MillraceError('REDIS_KEY_UNREADABLE', { key: keyText(this.#key), reason }, { cause });
  }
}

/** A row as a message, for its origin. */
class RowMessage implements Message {
  readonly key = null;
  readonly value = null;
  readonly database = '';
  readonly table = '';
  readonly offset = 0;
  place: RedisOrigin = { kind: 'redis', replicationId: '', offset: 0n, db: 0 };

  origin(): RedisOrigin {
    return this.place;
  }
}
