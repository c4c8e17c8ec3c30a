import type { Change, RowsChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import type { PreparedPlace } from './binlog-position.ts';

/**
 * Rows of XA transactions that are prepared and not decided. They are in the log where the transaction was prepared, but count only
 * once a later group says `XA COMMIT`. Until then they wait in memory, up to a limit, and the position remembers where they stand,
 * so that a restart reads them again.
 */
export class PreparedTransactions {
  readonly #limitBytes: number;
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

  add(place: Omit<PreparedPlace, 'empty'>, changes: readonly Change[], bytes: number): void {
    this.checkRoom(place.xid, bytes);
    const rows = changes.filter((change) => change.kind === 'rows');
    const empty = rows.length === 0;
    this.#waiting.set(place.xid, { place: { ...place, empty }, rows, bytes: empty ? 0 : bytes });
    this.#unread.delete(place.xid);
    this.#bytes += empty ? 0 : bytes;
    this.#changed();
  }

  /** Throws MYSQL_XA_TOO_LARGE when `bytes` more cannot wait. */
  checkRoom(xid: string, bytes: number): void {
    if (this.#bytes + bytes > this.#limitBytes) {
      throw new MillraceError('MYSQL_XA_TOO_LARGE', { xid, bytes: this.#bytes + bytes });
    }
  }

  /** The rows that now count. Throws MYSQL_XA_UNKNOWN when the transaction was prepared before reading began. */
  commit(xid: string, at: { readonly file: string; readonly offset: number }): readonly RowsChange[] {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) throw new MillraceError('MYSQL_XA_UNKNOWN', { xid, ...at });
    this.forget(xid);
    return waiting.rows;
  }

  /** It was rolled back. */
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
