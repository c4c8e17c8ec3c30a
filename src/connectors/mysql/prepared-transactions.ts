import type { Change, RowsChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import type { RowImages } from '../../core/row-images.ts';
import type { RowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import type { RowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import type { PreparedPlace } from './binlog-position.ts';
import { openSpillFile, ownEvent, type RowSpill } from './spilled-rows.ts';

/**
 * Rows of XA transactions that are prepared and not decided. They are in the log where the transaction was prepared, but count only
 * once a later group says `XA COMMIT`. Until then they wait, in memory up to a limit and beyond it in a temporary file, and the
 * position remembers where they stand, so that a restart reads them again.
 */
export class PreparedTransactions {
  readonly #limitBytes: number;
  /** Of the transaction whose rows are coming. */
  #spill: RowSpill | null = null;
  /** Bytes of that transaction that are in memory. */
  #coming = 0;
  readonly #waiting = new Map<
    string,
    { readonly place: PreparedPlace; readonly rows: readonly RowsChange[]; readonly bytes: number }
  >();
  /** Those of the held position whose rows have not been read again yet. */
  readonly #unread = new Map<string, PreparedPlace>();
  #bytes = 0;
  #places: readonly PreparedPlace[] = [];

  /** `held`: what the position remembered. Those with rows are read again before anything else. */
  constructor(held: readonly PreparedPlace[], limitBytes: number) {
    this.#limitBytes = limitBytes;
    for (const place of held) {
      if (place.empty) this.#waiting.set(place.xid, { place, rows: [], bytes: 0 });
      else this.#unread.set(place.xid, place);
    }
    this.#places = held;
  }

  /** Rows of a transaction that may be prepared at its end, independent of the chunk they came in. */
  keep(event: RowsEvent, reader: RowReader): RowImages {
    const size = event.end - event.start;
    if (this.#bytes + this.#coming + size > this.#limitBytes) {
      this.#spill ??= openSpillFile();
      return this.#spill.keep(event, reader);
    }
    this.#coming += size;
    const own = Buffer.from(event.bytes.subarray(event.start, event.end));
    return reader.images(ownEvent(event, own));
  }

  /** The transaction whose rows were kept is over, whatever became of it. */
  endOfRows(): void {
    this.#coming = 0;
    this.#spill = null;
  }

  /** The transaction whose rows were kept is prepared; `changes` are those that it did not roll back itself. */
  add(place: Omit<PreparedPlace, 'empty'>, changes: readonly Change[]): void {
    const rows = changes.filter((change) => change.kind === 'rows');
    const empty = rows.length === 0;
    const bytes = empty ? 0 : this.#coming;
    this.#waiting.set(place.xid, { place: { ...place, empty }, rows, bytes });
    this.#unread.delete(place.xid);
    this.#bytes += bytes;
    this.#changed();
  }

  /** The rows that now count. Throws MYSQL_XA_UNKNOWN when the transaction was prepared before reading began. */
  rowsOf(xid: string, at: { readonly file: string; readonly offset: number }): readonly RowsChange[] {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) throw new MillraceError('MYSQL_XA_UNKNOWN', { xid, ...at });
    return waiting.rows;
  }

  /** It is decided, and its rows have left or never will. */
  forget(xid: string): void {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) return;
    this.#bytes -= waiting.bytes;
    this.#waiting.delete(xid);
    this.#changed();
  }

  /** What a position must remember. */
  places(): readonly PreparedPlace[] {
    return this.#places;
  }

  #changed(): void {
    this.#places = [...this.#unread.values(), ...Array.from(this.#waiting.values(), ({ place }) => place)];
  }
}
