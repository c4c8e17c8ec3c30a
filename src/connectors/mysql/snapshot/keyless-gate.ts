import type { Change, MysqlOrigin } from '../../../core/change.ts';
import { qualifiedName } from '../../../core/table.ts';
import type { StreamStep } from '../stream-progress.ts';
import { comparePlaces, type LogMark } from './stream-watch.ts';

type Place = LogMark & { readonly kind: 'place' };

/**
 * Keeps the stream and the scan of a table without a usable key apart. Without a key no single row can be named, so no row can be
 * dropped as already changed; instead the scan stands at one exact place of the log: the stream's changes of the table before that
 * place are in the scan and are left out, and those after it wait until all its rows have left. Other tables' changes pass, as
 * long as none of the waiting ones stands before them.
 */
export class KeylessGate {
  readonly #table: string;
  #state: 'off' | 'opening' | 'reading' | 'read' = 'off';
  #place: Place | null = null;

  /** `table`: `database.table`. */
  constructor(table: string) {
    this.#table = table;
  }

  /** The gate of a scan that is over and contains what stands before `place`. */
  static after(table: string, place: Place): KeylessGate {
    const gate = new KeylessGate(table);
    gate.settle(place);
    gate.open();
    return gate;
  }

  /** From here on no change of the table leaves: the scan's place is about to be known. The stream is between transactions. */
  close(): void {
    this.#state = 'opening';
    this.#place = null;
  }

  /** The scan contains what stands before `place`. */
  settle(place: LogMark): void {
    if (place.kind === 'place') this.#place = place;
    this.#state = 'reading';
  }

  /** All rows of the scan have left. */
  open(): void {
    this.#state = 'read';
  }

  /** What the scan contains; null: not known. */
  get place(): Place | null {
    return this.#place;
  }

  /** There is no scan (any more). */
  lift(): void {
    this.#state = 'off';
    this.#place = null;
  }

  /** Whether `step` must wait. `inside`: the stream already stands inside the transaction that `step` goes on with. */
  holds(step: StreamStep, inside: boolean): boolean {
    if (this.#state !== 'opening' && this.#state !== 'reading') return false;
    // A transaction in parts lets nothing in between, so it must not begin while rows are to leave.
    if (step.open && !inside) return true;
    return step.changes.some((change) => this.#concerns(change) && !this.#contained(change));
  }

  /** `changes` without what the scan contains already. */
  pass(changes: readonly Change[]): readonly Change[] {
    if (this.#place === null) return changes;
    const kept = changes.filter(
      (change) => change.kind === 'schema' || !this.#concerns(change) || !this.#contained(change),
    );
    return kept.length === changes.length ? changes : kept;
  }

  #concerns(change: Change): boolean {
    if (change.kind !== 'schema') return qualifiedName(change.table) === this.#table;
    return [change.before, change.after].some((table) => table !== null && qualifiedName(table) === this.#table);
  }

  #contained(change: Change): boolean {
    if (this.#place === null || change.kind === 'snapshot') return false;
    return comparePlaces(change.origin as MysqlOrigin, this.#place) < 0;
  }
}
