import type { Change, RowsChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { type TablePatterns, tablePatterns } from '../../core/table-pattern.ts';
import type { DebeziumOptions } from '../../formats/debezium-json/options.ts';
import { type OutboxEvent, OutboxEvents } from '../../formats/outbox/outbox-events.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { OutboxConfig } from './outbox-config.ts';
import { outboxOptions } from './outbox-options.ts';

/** An outbox table's event as a record, and the topic it goes to. */
export interface OutboxRecord extends Omit<OutboxEvent, 'headers'> {
  readonly headers: readonly RecordHeader[];
}

/** Tells which tables are outboxes, and makes records of their rows. */
export class Outbox {
  readonly #tables: TablePatterns;
  readonly #events: OutboxEvents;
  readonly #onUpdate: OutboxConfig['outbox.table.op.invalid.behavior'];
  readonly #log: Log;
  /** Made when their topics are asked about, and taken when they are written. */
  readonly #records = new WeakMap<RowsChange, readonly OutboxRecord[]>();

  constructor(config: OutboxConfig, formats: DebeziumOptions, log: Log) {
    this.#tables = tablePatterns(config['outbox.tables'] ?? [], []);
    this.#events = new OutboxEvents(outboxOptions(config), formats);
    this.#onUpdate = config['outbox.table.op.invalid.behavior'];
    this.#log = log;
  }

  holds({ database, name }: Table): boolean {
    return this.#tables.matches(database, name);
  }

  /** Whether `change` is one of rows or a TRUNCATE of an outbox table. */
  takes(change: Change): boolean {
    return (change.kind === 'rows' || change.kind === 'truncate') && this.holds(change.table);
  }

  /** The records of a change: one for each new row; none of deleted and updated ones. Throws as `OutboxEvents.eventOf`. */
  recordsOf(change: RowsChange): readonly OutboxRecord[] {
    let records = this.#records.get(change);
    if (records === undefined) {
      records = this.#make(change);
      this.#records.set(change, records);
    }
    return records;
  }

  #make(change: RowsChange): readonly OutboxRecord[] {
    const { op, table, rows } = change;
    if (op === 'update') this.#refuse(table, rows.length);
    if (op === 'update' || op === 'delete') return [];
    return Array.from({ length: rows.length }, (_, row) => {
      const { headers, ...event } = this.#events.eventOf(change, row);
      return { ...event, headers: headers.map(([name, value]) => header(name, value)) };
    });
  }

  #refuse(table: Table, count: number): void {
    const name = qualifiedName(table);
    const level = this.#onUpdate;
    if (level !== 'fatal')
      this.#log[level]('rows of an outbox were updated, which makes no event', { table: name, rows: count });
    else throw new MillraceError('KAFKA_OUTBOX_ROW', { table: name, reason: 'it was updated' });
  }
}

const header = (name: string, bytes: Buffer | null): RecordHeader => ({
  name: Buffer.from(name),
  bytes: bytes ?? noBytes,
  start: bytes === null ? -1 : 0,
  end: bytes === null ? -1 : bytes.length,
});

const noBytes = Buffer.alloc(0);
