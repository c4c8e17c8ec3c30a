import { createHash } from 'node:crypto';
import type { Origin, RowsChange, TruncateChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { keyColumnsOf } from '../../formats/key-columns.ts';
import { rowJson } from '../../formats/row-json.ts';
import type { Message } from './receiver.ts';

/** What a receiver is told about one row, and which messages it must not overtake. */
export interface RowMessage extends Message {
  readonly table: Table;
  /** Messages with the same text follow each other. */
  readonly key: string;
  /** The row left its key for another one, so that it stands between two orders. */
  readonly changesKey: boolean;
}

/**
 * Rows of changes as JSON:
 *
 *     {"id":"9c…","op":"update","database":"shop","table":"orders","key":{"id":7},"before":{…},"after":{…},
 *      "transaction":"uuid:42","committed":"2026-01-01T00:00:00.000Z"}
 *
 * or, as `json`, the new row alone. The id is made of where the change comes from and of what it says, so it is the same when the change
 * is read again, however the log is cut into batches then.
 */
export const changeMessages = (change: RowsChange, format: 'change-json' | 'json'): readonly RowMessage[] => {
  const { table, rows, op, origin } = change;
  const keys = keyColumnsOf(table);
  const head = headOf(change);
  const tail = tailOf(origin);
  const seen = new Map<string, number>();
  const messages: RowMessage[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const [before, after] = [rows.before(at), rows.after(at)];
    if (format === 'json' && after === null) continue;
    const latest = latestOf(before, after);
    const key = keys.length === 0 ? 'null' : rowJson(table, latest, keys);
    const changesKey = op === 'update' && before !== null && key !== keyBefore(table, before, keys);
    const images = `"key":${key},"before":${imageOf(table, before)},"after":${imageOf(table, after)}`;
    const times = seen.get(images) ?? 0;
    seen.set(images, times + 1);
    const id = idOf(origin, `${head}${images}#${times}`);
    const body = format === 'json' ? imageOf(table, latest) : `{"id":"${id}",${head}${images}${tail}}`;
    messages.push({ id, body, table, key: `${table.database}.${table.name}${key}`, changesKey });
  }
  return messages;
};

/** TRUNCATE, which has no row. */
export const truncateMessage = (change: TruncateChange): RowMessage => {
  const head = headOf(change);
  const id = idOf(change.origin, head);
  const body = `{"id":"${id}",${head}"key":null,"before":null,"after":null${tailOf(change.origin)}}`;
  return { id, body, table: change.table, key: '', changesKey: true };
};

const headOf = (change: RowsChange | TruncateChange): string => {
  const { database, name } = change.table;
  const op = change.kind === 'truncate' ? 'truncate' : change.op;
  return `"op":"${op}","database":${JSON.stringify(database)},"table":${JSON.stringify(name)},`;
};

/** What was not logged in the new image is as it was. */
const latestOf = (before: Row | null, after: Row | null): Row =>
  after === null ? before! : after.map((value, column) => (value === undefined ? before?.[column] : value));

/** The key that the row had; what was not logged of it had not changed. */
const keyBefore = (table: Table, before: Row, keys: readonly number[]): string =>
  keys.length === 0 ? 'null' : rowJson(table, before, keys);

const imageOf = (table: Table, row: Row | null): string =>
  row === null ? 'null' : rowJson(table, row, table.columns.keys().toArray());

const idOf = (origin: Origin, text: string): string =>
  createHash('sha256')
    .update(`${exactPlace(origin)}\n${text}`)
    .digest('hex')
    .slice(0, 32);

/** The place of the change itself within its log. */
const exactPlace = (origin: Origin): string => {
  switch (origin.kind) {
    case 'mysql':
      return origin.file === ''
        ? `computed:${origin.commitMicros}`
        : `mysql:${origin.gtid ?? ''}:${origin.file}:${origin.offset}`;
    case 'kafka':
      return `kafka:${origin.topic}:${origin.partition}:${origin.offset}`;
    case 'redis':
      return `redis:${origin.replicationId}:${origin.offset}`;
  }
};

const tailOf = (origin: Origin): string => {
  const [transaction, micros] = transactionOf(origin);
  const committed = micros === null ? null : new Date(Math.floor(micros / 1_000)).toISOString();
  return `,"transaction":${JSON.stringify(transaction)},"committed":${JSON.stringify(committed)}`;
};

/** The transaction by name, and when it committed in microseconds; null: the log has no such thing. */
const transactionOf = (origin: Origin): readonly [name: string | null, micros: number | null] => {
  switch (origin.kind) {
    case 'mysql':
      if (origin.file === '') return [null, origin.commitMicros];
      return [origin.gtid ?? `${origin.file}:${origin.beginOffset ?? origin.offset}`, origin.commitMicros];
    case 'kafka':
      return [`${origin.topic}:${origin.partition}:${origin.offset}`, origin.timestampMs * 1_000];
    case 'redis':
      return [null, null];
  }
};
