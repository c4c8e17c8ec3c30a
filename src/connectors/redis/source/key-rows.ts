import type { Op, RedisOrigin } from '../../../core/change.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { ignoredValues } from '../../../core/ignored-values.ts';
import type { ChangeCollector, Fill } from '../../../formats/json-rows/change-collector.ts';
import { JsonRowImages } from '../../../formats/json-rows/json-row-images.ts';
import type { Message } from '../../../formats/json-rows/message.ts';
import type { RdbKey } from '../../../protocol/redis/rdb/rdb-visitor.ts';
import { keyText } from '../key-text.ts';
import type { KeyTable } from './key-tables.ts';
import type { UnreadableKeys } from './unreadable-keys.ts';

/** What a table's keys are, for messages. */
const kindText = { string: 'string', list: 'list', set: 'set', zset: 'sorted set', hash: 'hash', stream: 'stream' };

/**
 * Makes keys into changes of `changes`: `begin` one, tell its value piece by piece, and `end` it; or say that it is `gone`. All that
 * reads a key throws REDIS_KEY_UNREADABLE, and takes nothing of the piece at hand, where a value is none of its column's; or, where such keys
 * are kept, hands it over, and takes nothing more of it.
 */
export class KeyRows {
  readonly #tables: readonly KeyTable[];
  readonly #changes: ChangeCollector;
  readonly #ignoresUnknown: boolean;
  readonly #message: RowMessage = new RowMessage();
  #key: Buffer = Buffer.alloc(0);
  #table: KeyTable | null = null;
  #op: 'read' | 'create' = 'read';
  #keyValues: readonly Buffer[] = [];
  #expiry: Buffer | null = null;
  /** Elements of the key that have been told: a list's are numbered. */
  #elements = 0;
  /** The key at hand was handed over. */
  #isAside = false;
  readonly #aside: UnreadableKeys | null;
  #passedOver = 0;
  #firstPassedOver = '';

  /** `aside`: takes keys that cannot be read, unless they are errors. */
  constructor(
    tables: readonly KeyTable[],
    changes: ChangeCollector,
    unknownFields: 'refuse' | 'ignore',
    aside: UnreadableKeys,
  ) {
    this.#aside = aside.stops ? null : aside;
    this.#tables = tables;
    this.#changes = changes;
    this.#ignoresUnknown = unknownFields === 'ignore';
  }

  /** The table that a key is of; null: none. */
  tableOf(key: Buffer): KeyTable | null {
    for (const table of this.#tables) if (table.keys.matches(key)) return table;
    return null;
  }

  /** The same, of a key that a reading of all keys meets: those of no table are counted. */
  tableOfMet(key: Buffer): KeyTable | null {
    const table = this.tableOf(key);
    if (table === null) {
      if (this.#passedOver === 0) this.#firstPassedOver = keyText(key);
      this.#passedOver += 1;
    }
    return table;
  }

  /** How many keys of no table were met since this was asked last, and what the first is called. */
  takePassedOver(): { readonly keys: number; readonly first: string } {
    const keys = this.#passedOver;
    this.#passedOver = 0;
    return { keys, first: this.#firstPassedOver };
  }

  /** The rows to come were read at this place. */
  at(origin: Omit<RedisOrigin, 'kind'>): void {
    this.#message.place = { kind: 'redis', ...origin };
  }

  /** Begins a key, which is of `table`, and must last until it ends. `expiresAtMs`: milliseconds since 1970; null: it does not expire. */
  begin(table: KeyTable, key: Buffer, expiresAtMs: number | null, op: 'read' | 'create'): void {
    this.#table = table;
    this.#key = key;
    this.#op = op;
    this.#isAside = false;
    this.#elements = 0;
    this.#keyValues = table.keys.read(key)!;
    this.#expiry =
      table.expiryColumn < 0 || expiresAtMs === null ? null : Buffer.from(momentText(expiresAtMs), 'latin1');
    this.#beginRow(table);
  }

  /** Begins a key of a saved file. It is unreadable where it is of another kind than its table's. */
  beginSaved(table: KeyTable, { kind, expiresAtMs }: Pick<RdbKey, 'kind' | 'expiresAtMs'>, name: Buffer): void {
    if (kind === table.kind) this.begin(table, name, expiresAtMs, 'read');
    else this.wrongKind(table, name);
  }

  /** Bytes must last until the key ends, where it is one row; else until this returns. `expiresAtMs`: of the field alone. */
  field(name: Buffer, value: Buffer, expiresAtMs: number | null = null): void {
    const table = this.#table!;
    if (table.shape === 'fields') this.#element(table, name, value);
    else this.#column(table, name, value, expiresAtMs);
  }

  /** An element of a set, or the next one of a list. */
  element(value: Buffer): void {
    const table = this.#table!;
    if (table.shape === 'set') this.#element(table, value, null);
    else this.#element(table, Buffer.from(String(this.#elements), 'latin1'), value);
  }

  scored(member: Buffer, score: Buffer): void {
    this.#element(this.#table!, member, score);
  }

  text(value: Buffer): void {
    if (this.#isAside) return;
    const { document, valueColumn } = this.#table!;
    document.set(valueColumn, value);
  }

  /** An entry of a stream; names and values in turn. */
  entry(id: Buffer, pairs: readonly Buffer[]): void {
    if (this.#isAside) return;
    const table = this.#table!;
    this.#beginRow(table);
    table.document.set(table.elementColumn, id);
    for (let i = 0; i < pairs.length; i += 2) this.#column(table, pairs[i]!, pairs[i + 1]!, null);
    if (!this.#isAside) this.#add(table, this.#op);
  }

  end(): void {
    const table = this.#table!;
    if (table.isChildren || this.#isAside) return;
    if (table.shared === null) this.#add(table, this.#op);
    else {
      // A field that is not there is NULL; where that cannot be, nothing is said of it.
      const said = table.shared.own.filter(
        (column) => table.table.columns[column]!.nullable || table.document.has(column),
      );
      this.#addShared(table, said);
    }
  }

  /** Ends a key of which some fields alone were told: those that were not among the values are gone. */
  endFields(names: Iterable<Buffer>): void {
    const table = this.#table!;
    if (this.#isAside) return;
    const columns = [...names].map((name) => table.document.columnOf(name));
    const { own } = table.shared!;
    this.#addShared(
      table,
      own.filter((column) => columns.includes(column)),
    );
  }

  /** The key is gone: its row, or the rows of all its elements. A row with two owners stays: it goes with the other side's. */
  gone(table: KeyTable, key: Buffer): void {
    if (table.shared !== null) return;
    this.begin(table, key, null, 'create');
    if (table.isChildren) this.#removeElements(table);
    else this.#add(table, 'delete');
  }

  /** An element of the key that has begun is gone. */
  elementGone(name: Buffer): void {
    if (this.#isAside) return;
    const table = this.#table!;
    this.#beginRow(table);
    table.document.set(table.elementColumn, name);
    this.#add(table, 'delete');
  }

  /** A key of `table` holds something of another kind: it cannot be read. */
  wrongKind(table: KeyTable, key: Buffer): void {
    this.#table = table;
    this.unreadable(key, `it is no ${kindText[table.kind as keyof typeof kindText]}`);
  }

  /** A key cannot be read. */
  unreadable(key: Buffer, reason: string): void {
    this.#key = key;
    this.#refuse(reason);
  }

  /** A row with what the key says, and nothing else. */
  #beginRow(table: KeyTable): void {
    const { document, keys, expiryColumn } = table;
    document.begin();
    for (let i = 0; i < keys.columns.length; i += 1) document.set(keys.columns[i]!, this.#keyValues[i]!);
    if (this.#expiry !== null) document.set(expiryColumn, this.#expiry);
  }

  #column(table: KeyTable, name: Buffer, value: Buffer, expiresAtMs: number | null): void {
    if (this.#isAside) return;
    const { document, keys, expiryColumn, elementColumn, fieldExpiries, label, shared } = table;
    const column = document.columnOf(name);
    // The fields of the key are MySQL's, too.
    if (shared !== null && (shared.foreign.has(column) || keys.columns.includes(column))) return;
    const isTime = column === expiryColumn || fieldExpiries.some(({ until }) => until === column);
    if (column < 0 || isTime || column === elementColumn) {
      if (this.#ignoresUnknown) return;
      this.#refuse(`it has the field ${keyText(name)}, which ${label} has no column for`);
      return;
    }
    const part = keys.columns.indexOf(column);
    if (part < 0) document.set(column, value);
    else if (!this.#keyValues[part]!.equals(value))
      this.#refuse(`its field ${keyText(name)} says otherwise than the key`);
    if (expiresAtMs === null) return;
    const own = fieldExpiries.find((each) => each.column === column);
    if (own !== undefined) document.set(own.until, Buffer.from(momentText(expiresAtMs), 'latin1'));
  }

  #element(table: KeyTable, name: Buffer, value: Buffer | null): void {
    if (this.#isAside) return;
    const { document, elementColumn, valueColumn } = table;
    document.set(elementColumn, name);
    if (value !== null) document.set(valueColumn, value);
    this.#elements += 1;
    this.#add(table, this.#op);
  }

  #add(table: KeyTable, op: 'read' | 'create' | 'delete'): void {
    const { document } = table;
    this.#addRow(table, op, op === 'delete' ? document.placeBefore : document.placeAfter);
  }

  /** Some columns of a row that is the other side's: nothing is said of its others. */
  #addShared(table: KeyTable, columns: readonly number[]): void {
    if (columns.length === 0) return;
    const { document, keys } = table;
    const said = [...keys.columns, ...columns];
    this.#addRow(table, 'update', (places, before, after) => {
      document.placePart(places, before, keys.columns);
      document.placePart(places, after, said);
    });
  }

  #addRow({ document, finder }: KeyTable, op: Op, fill: Fill): void {
    const changes = this.#changes;
    changes.begin();
    try {
      const row = document.write();
      changes.row(finder, op, row, fill, this.#message);
      changes.check();
    } catch (error) {
      changes.undo();
      this.#refuseFor(error);
    }
  }

  /** All rows whose key begins with what the key at hand says. */
  #removeElements({ table, keys, finder, document }: KeyTable): void {
    const origin = this.#message.origin();
    if (keys.columns.length === 0) {
      this.#changes.add({ kind: 'truncate', table, origin });
      return;
    }
    try {
      const rows = new JsonRowImages(finder, origin, { before: true, after: false });
      rows.add(document.write(), 0, (places, before) => document.placePart(places, before, keys.columns));
      rows.write(0, 'before', ignoredValues);
      this.#changes.add({ kind: 'rows', op: 'delete', table, rows, origin, everyMatch: true });
    } catch (error) {
      this.#refuseFor(error);
    }
  }

  #refuseFor(error: unknown): void {
    if (!isMillraceError(error) || !error.code.startsWith('FORMAT_')) throw error;
    if (!isMillraceError(error, 'FORMAT_VALUE_UNREADABLE')) this.#refuse(error.message, error);
    else this.#refuse(`what it gives for column ${error.details.column} is no value of ${error.details.type}`, error);
  }

  #refuse(reason: string, cause?: unknown): void {
    const error = new MillraceError('REDIS_KEY_UNREADABLE', { key: keyText(this.#key), reason }, { cause });
    if (this.#aside === null) throw error;
    this.#aside.add(this.#key, this.#message.place, error);
    this.#isAside = true;
  }
}

/** `2026-11-29 08:00:00.123`, in UTC. */
const momentText = (atMs: number): string => new Date(atMs).toISOString().replace('T', ' ').replace('Z', '');

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
