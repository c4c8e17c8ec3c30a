import { Buffer } from 'node:buffer';
import type { RowsChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { planTable, type TablePlan } from '../debezium-json/column-plan.ts';
import { jsonString } from '../debezium-json/json-string.ts';
import type { DebeziumOptions } from '../debezium-json/options.ts';
import { RowWriter } from '../debezium-json/row-writer.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { type ExpandOptions, expandedPayload } from './expanded-payload.ts';

/** Debezium's settings of the event router. Columns go by their names. */
export interface OutboxOptions {
  readonly id: string;
  readonly key: string;
  readonly payload: string;
  /** null: the record's time is that of its writing. */
  readonly timestamp: string | null;
  readonly routeBy: string;
  readonly topicOf: (routedBy: string) => string;
  readonly additional: readonly AdditionalField[];
  /** What to do where a table has no column for an additional field. */
  readonly whereMissing: 'error' | 'ignore';
  /** null: payloads are not expanded. */
  readonly expand: ExpandOptions | null;
  readonly tombstoneOnEmpty: boolean;
}

export interface AdditionalField {
  readonly column: string;
  readonly placement: 'header' | 'envelope' | 'partition';
  readonly alias: string;
}

/** What a row of an outbox table becomes: a record of a topic that the row names. */
export interface OutboxEvent {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
  /** null: it is for the key to say. */
  readonly partition: number | null;
  /** Milliseconds since 1970; null: now. */
  readonly timestampMs: number | null;
}

interface Columns {
  readonly plan: TablePlan;
  readonly writer: RowWriter;
  readonly id: number;
  readonly key: number;
  readonly payload: number;
  readonly timestamp: number | null;
  readonly routeBy: number;
  readonly additional: readonly (Omit<AdditionalField, 'column'> & { readonly column: number })[];
}

/**
 * The rows of outbox tables as the events that they hold, as Debezium's event router makes them: the key and headers are texts; the value
 * is the payload as it is, text or bytes, or JSON where fields of the envelope or expanded payloads are asked for.
 */
export class OutboxEvents {
  readonly #options: OutboxOptions;
  readonly #formats: DebeziumOptions;
  readonly #out = new OutputBuffer(4_096);
  readonly #columns = new Map<string, Columns>();
  #marks = new Int32Array(64);

  /** `formats`: how values look in JSON. */
  constructor(options: OutboxOptions, formats: DebeziumOptions) {
    this.#options = options;
    this.#formats = formats;
  }

  /** The event of one new row. Throws CONFIG_WRONG_VALUE for a column that the table does not have, and KAFKA_OUTBOX_ROW. */
  eventOf({ table, rows }: RowsChange, row: number): OutboxEvent {
    const columns = this.#columnsOf(table);
    this.#out.clear();
    columns.writer.begin(this.#marks);
    rows.write(row, 'after', columns.writer);
    columns.writer.end();
    const json = (column: number): string => this.#json(columns.plan, column);
    const routedBy = textOf(json(columns.routeBy));
    if (routedBy === null) {
      throw refused(table, `${table.columns[columns.routeBy]!.name} is NULL, which should name the topic`);
    }
    const headers: [string, Buffer | null][] = [['id', bytesOf(textOf(json(columns.id)))]];
    const envelope: string[] = [];
    let partition: number | null = null;
    for (const { column, placement, alias } of columns.additional) {
      if (placement === 'header') headers.push([alias, bytesOf(textOf(json(column)))]);
      else if (placement === 'envelope') envelope.push(`${jsonString(alias)}:${json(column)}`);
      else partition = partitionOf(table, column, json(column));
    }
    return {
      topic: this.#options.topicOf(routedBy),
      key: bytesOf(textOf(json(columns.key))),
      value: this.#valueOf(columns, json(columns.payload), envelope, () => rows.after(row)?.[columns.payload]),
      headers,
      partition,
      timestampMs: columns.timestamp === null ? null : millisOf(rows.after(row)?.[columns.timestamp]),
    };
  }

  #valueOf({ additional }: Columns, json: string, envelope: readonly string[], raw: () => unknown): Buffer | null {
    const { expand, tombstoneOnEmpty } = this.#options;
    const text = textOf(json);
    if (tombstoneOnEmpty && (text === null || text.trim() === '')) return null;
    const expanded = expand === null || text === null ? null : expandedPayload(text, expand);
    if (additional.some(({ placement }) => placement === 'envelope')) {
      return Buffer.from(`{${[`"payload":${expanded ?? json}`, ...envelope]}}`);
    }
    if (expanded !== null || text === null) return expanded;
    const value = raw();
    return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(text);
  }

  /** The column's value in the row just written, as the envelope would have it. */
  #json({ prefixLengths }: TablePlan, column: number): string {
    const start = this.#marks[column]! + prefixLengths[column]!;
    const end = this.#marks[column + 1]!;
    return end < start ? 'null' : this.#out.bytes.utf8Slice(start, end);
  }

  #columnsOf(table: Table): Columns {
    let columns = this.#columns.get(table.id);
    if (columns !== undefined) return columns;
    const { id, key, payload, timestamp, routeBy, additional, whereMissing } = this.#options;
    const placeOf = (setting: string, name: string): number => {
      const column = table.columns.findIndex((each) => each.name === name);
      if (column >= 0) return column;
      const reason = `${qualifiedName(table)} has no column ${name}`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: `outbox.${setting}`, reason });
    };
    const plan = planTable(table, this.#formats);
    if (this.#marks.length <= table.columns.length) this.#marks = new Int32Array(table.columns.length * 2);
    columns = {
      plan,
      writer: new RowWriter(this.#out, plan),
      id: placeOf('table.field.event.id', id),
      key: placeOf('table.field.event.key', key),
      payload: placeOf('table.field.event.payload', payload),
      timestamp: timestamp === null ? null : placeOf('table.field.event.timestamp', timestamp),
      routeBy: placeOf('route.by.field', routeBy),
      additional: additional
        .filter(({ column }) => whereMissing === 'error' || table.columns.some(({ name }) => name === column))
        .map((field) => ({ ...field, column: placeOf('table.fields.additional.placement', field.column) })),
    };
    this.#columns.set(table.id, columns);
    return columns;
  }
}

/** A value as Connect's converters of texts write it: a string as it is, others as in JSON; null: NULL. */
const textOf = (json: string): string | null => {
  if (json === 'null') return null;
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
};

const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));

const partitionOf = (table: Table, column: number, json: string): number => {
  const partition = Number(json === 'null' ? Number.NaN : json);
  if (Number.isInteger(partition) && partition >= 0) return partition;
  throw refused(table, `${table.columns[column]!.name} holds no number of a partition`);
};

/** Of a DATETIME or TIMESTAMP as text; null: NULL, a zero date, or before 1970, which Kafka does not take. */
const millisOf = (value: unknown): number | null => {
  if (typeof value !== 'string') return null;
  const millis = Date.parse(`${value.replace(' ', 'T').replace(/(\.\d{3})\d+$/, '$1')}Z`);
  return millis >= 0 ? millis : null;
};

const refused = (table: Table, reason: string): MillraceError =>
  new MillraceError('KAFKA_OUTBOX_ROW', { table: qualifiedName(table), reason });
