import type { BinlogPlace } from '../binlog-place.ts';
import type { StreamStep } from '../stream-progress.ts';

/** What the stream must have passed before rows may leave: a place in the log, or a value written to the watermark table. */
export type LogMark =
  | { readonly kind: 'place'; readonly file: string; readonly offset: number }
  | { readonly kind: 'written'; readonly value: string };

/** Compares places of one server's log: negative when `a` comes first. */
export const comparePlaces = (
  a: Pick<BinlogPlace, 'file' | 'offset'>,
  b: Pick<BinlogPlace, 'file' | 'offset'>,
): number =>
  // By number: after binlog.999999 comes binlog.1000000.
  fileNumber(a.file) - fileNumber(b.file) || a.offset - b.offset;

const fileNumber = (file: string): number => Number(file.slice(file.lastIndexOf('.') + 1));

/** Follows where the stream stands, for those who wait for it. */
export class StreamWatch {
  readonly #watermarkTable: string | null;
  readonly #awaited = new Set<string>();
  #place: BinlogPlace;
  #lastChange: Pick<BinlogPlace, 'file' | 'offset'>;
  #open = false;
  #moved = Promise.withResolvers<void>();

  /** `watermarkTable`: `database.table`; null: none is configured. */
  constructor(start: BinlogPlace, watermarkTable: string | null) {
    this.#place = start;
    this.#lastChange = start;
    this.#watermarkTable = watermarkTable;
  }

  /** Just after the last whole transaction that was observed. */
  get place(): BinlogPlace {
    return this.#place;
  }

  /** Just after the last step that changed a captured table: events that are no transactions may stand between it and `place`. */
  get lastChange(): Pick<BinlogPlace, 'file' | 'offset'> {
    return this.#lastChange;
  }

  /** The stream stands inside a transaction whose earlier parts have left. */
  get open(): boolean {
    return this.#open;
  }

  observe(step: StreamStep): void {
    this.#place = step.place;
    this.#open = step.open;
    if (step.changes.length > 0) this.#lastChange = step.place;
    if (this.#watermarkTable !== null && this.#awaited.size > 0) this.#findWritten(step);
    const moved = this.#moved;
    this.#moved = Promise.withResolvers<void>();
    moved.resolve();
  }

  /** Makes a `written` mark known, before it is written. */
  expect(mark: string): void {
    this.#awaited.add(mark);
  }

  /** A mark that nobody waits for any more. */
  forget(mark: LogMark): void {
    if (mark.kind === 'written') this.#awaited.delete(mark.value);
  }

  reached(mark: LogMark): boolean {
    return mark.kind === 'place' ? comparePlaces(this.#place, mark) >= 0 : !this.#awaited.has(mark.value);
  }

  /** Resolves at the stream's next step; rejects when `signal` aborts. */
  async moved(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const abort = (): void => resolve();
    signal.addEventListener('abort', abort, { once: true });
    await Promise.race([this.#moved.promise, promise]);
    signal.removeEventListener('abort', abort);
    signal.throwIfAborted();
  }

  #findWritten(step: StreamStep): void {
    for (const change of step.changes) {
      if (change.kind !== 'rows' || `${change.table.database}.${change.table.name}` !== this.#watermarkTable) continue;
      for (let i = 0; i < change.rows.length; i += 1) {
        for (const value of change.rows.after(i) ?? []) {
          if (typeof value === 'string') this.#awaited.delete(value);
        }
      }
    }
  }
}
