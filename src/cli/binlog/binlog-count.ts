import type { Op } from '../../core/change.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { isBegin } from '../../protocol/mysql/events/query.ts';
import type { ViewedEvent } from './binlog-view.ts';

type WriteOp = Exclude<Op, 'read'>;

export interface TypeCount {
  events: number;
  bytes: number;
}

export interface TableCount extends Record<WriteOp, number> {
  /** Of its row events, uncompressed. */
  bytes: number;
  /** Row events that could not be counted, for the first reason met. */
  unreadable: number;
}

export interface TransactionCount {
  readonly gtid: string | null;
  readonly file: string;
  readonly position: number | null;
  bytes: number;
  rows: number;
}

/** Counts a log's events as they come by. Memory grows with the number of tables and of `top`, not with the log. */
export class BinlogCount {
  readonly types = new Map<string, TypeCount>();
  readonly tables = new Map<string, TableCount>();
  /** The largest transactions by bytes, largest first. */
  readonly largest: TransactionCount[] = [];
  readonly files = new Set<string>();
  readonly servers = new Set<number>();
  serverVersion: string | null = null;
  bytes = 0;
  transactions = 0;
  transactionBytes = 0;
  /** Transactions with rows, and how many they had. */
  rows = 0;
  firstGtid: string | null = null;
  lastGtid: string | null = null;
  /** Seconds since 1970. */
  firstTime: number | null = null;
  lastTime: number | null = null;
  compressed = { transactions: 0, bytes: 0, inflatedBytes: 0 };
  unreadableReason: string | null = null;
  readonly #top: number;
  #open: TransactionCount | null = null;

  constructor(top: number) {
    this.#top = top;
  }

  add(event: ViewedEvent): void {
    const { frame, file, position, inside, fields, type } = event;
    const artificial = position === null;
    if (!artificial) this.files.add(file);
    if (event.type === 'FORMAT_DESCRIPTION') this.serverVersion = fields['server_version'] as string;
    if (artificial) return;
    if (!inside) {
      this.bytes += frame.size;
      const count = this.types.get(type) ?? { events: 0, bytes: 0 };
      this.types.set(type, { events: count.events + 1, bytes: count.bytes + frame.size });
    }
    if (frame.timestamp > 0) {
      this.firstTime = Math.min(this.firstTime ?? frame.timestamp, frame.timestamp);
      this.lastTime = Math.max(this.lastTime ?? frame.timestamp, frame.timestamp);
    }
    this.#countTransaction(event);
    if (frame.type === eventType.TRANSACTION_PAYLOAD && fields['compression'] !== 'none') {
      this.compressed.transactions += 1;
      this.compressed.bytes += Number(fields['payload_bytes']);
      this.compressed.inflatedBytes += Number(fields['inflated_bytes']);
    }
    if (event.rows) this.#countRows(event);
  }

  /** Call after the last event. */
  finish(): this {
    this.#close();
    return this;
  }

  #countTransaction({ frame, file, position, inside, fields }: ViewedEvent): void {
    if (inside) return;
    const begins =
      gtidTypes.has(frame.type) || (this.#open === null && frame.type === eventType.QUERY && isBegin(frame));
    if (begins || betweenTransactions.has(frame.type)) this.#close();
    if (begins) {
      const gtid = (fields['gtid'] as string | null | undefined) ?? null;
      this.servers.add(frame.serverId);
      this.firstGtid ??= gtid;
      this.lastGtid = gtid ?? this.lastGtid;
      this.#open = { gtid, file, position, bytes: 0, rows: 0 };
    }
    if (this.#open) this.#open.bytes += frame.size;
  }

  #countRows({ rows, frame }: ViewedEvent): void {
    if (!rows) return;
    const { event, map } = rows;
    const name = map ? `${map.database}.${map.name}` : `table id ${event.tableId}`;
    const count = this.tables.get(name) ?? { create: 0, update: 0, delete: 0, bytes: 0, unreadable: 0 };
    this.tables.set(name, count);
    count.bytes += frame.size;
    if (!rows.rows) {
      count.unreadable += 1;
      this.unreadableReason ??= rows.reason;
      return;
    }
    const { length } = rows.rows.images;
    count[event.op] += length;
    this.rows += length;
    if (this.#open) this.#open.rows += length;
  }

  #close(): void {
    const done = this.#open;
    this.#open = null;
    if (!done) return;
    this.transactions += 1;
    this.transactionBytes += done.bytes;
    if (this.largest.length === this.#top && done.bytes <= (this.largest.at(-1)?.bytes ?? 0)) return;
    const at = this.largest.findIndex(({ bytes }) => bytes < done.bytes);
    this.largest.splice(at < 0 ? this.largest.length : at, 0, done);
    if (this.largest.length > this.#top) this.largest.pop();
  }
}

const gtidTypes: ReadonlySet<number> = new Set([
  eventType.GTID,
  eventType.ANONYMOUS_GTID,
  eventType.GTID_TAGGED,
  eventType.MARIADB_GTID,
]);

const betweenTransactions: ReadonlySet<number> = new Set([
  eventType.ROTATE,
  eventType.STOP,
  eventType.FORMAT_DESCRIPTION,
  eventType.BINLOG_CHECKPOINT,
]);
