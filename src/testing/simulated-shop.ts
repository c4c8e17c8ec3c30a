import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Change } from '../core/change.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { origin } from './sample-origin.ts';
import { eventsTable, ordersTable } from './sample-tables.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Tables with and without a primary key, changed at random; says what they hold after every transaction. */
export class SimulatedShop {
  /** `states[n]`: what a mirror holds after the first n transactions. */
  readonly states: string[];
  readonly #random: SeededRandom;
  readonly #orders = new Map<number, Row>();
  #events: Row[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    this.states = [this.#state()];
  }

  /** The changes of one transaction, most often small, sometimes a huge one, sometimes empty. */
  transaction(): Change[] {
    const random = this.#random;
    const steps = random.chance(0.1) ? random.integer(30, 80) : random.integer(0, 5);
    const changes = random.chance(0.03) ? [this.#truncate()] : Array.from({ length: steps }, () => this.#change());
    this.states.push(this.#state());
    return changes;
  }

  #change(): Change {
    const random = this.#random;
    if (random.chance(0.3)) return this.#changeEvents();
    const id = random.integer(1, 30);
    const held = this.#orders.get(id);
    const row: Row = [id, random.pick(['new', 'paid', null]), random.integer(0, 9)];
    if (held === undefined) {
      this.#orders.set(id, row);
      return rows('create', ordersTable, null, row);
    }
    if (random.chance(0.3)) {
      this.#orders.delete(id);
      return rows('delete', ordersTable, held, null);
    }
    const free = random.integer(31, 60);
    const moved = random.chance(0.2) && !this.#orders.has(free) ? row.with(0, free) : row;
    this.#orders.delete(id);
    this.#orders.set(Number(moved[0]), moved);
    return rows('update', ordersTable, held, moved);
  }

  #changeEvents(): Change {
    const random = this.#random;
    const row: Row = [random.pick(['click', 'view']), random.integer(0, 2)];
    const at = random.integer(0, this.#events.length);
    const held = this.#events[at];
    if (held === undefined || random.chance(0.4)) {
      this.#events.push(row);
      return rows('create', eventsTable, null, row);
    }
    if (random.chance(0.5)) {
      this.#events.splice(at, 1);
      return rows('delete', eventsTable, held, null);
    }
    this.#events[at] = row;
    return rows('update', eventsTable, held, row);
  }

  #truncate(): Change {
    if (this.#random.chance(0.5)) this.#orders.clear();
    else {
      this.#events = [];
      return { kind: 'truncate', table: eventsTable, origin };
    }
    return { kind: 'truncate', table: ordersTable, origin };
  }

  #state(): string {
    return stateOf((table) => (table === ordersTable ? [...this.#orders.values()] : this.#events));
  }
}

/** A mirror's content as one text, whatever the order of its rows. */
export const stateOf = (rowsOf: (table: Table) => readonly Row[]): string =>
  [ordersTable, eventsTable]
    .map(
      (table) =>
        `${qualifiedName(table)}: ${rowsOf(table)
          .map((row) => JSON.stringify(row))
          .sort()
          .join(' ')}`,
    )
    .join('\n');

const rows = (op: 'create' | 'update' | 'delete', table: Table, before: Row | null, after: Row | null): Change => ({
  kind: 'rows',
  op,
  table,
  rows: new ArrayRowImages(table, { before: before && [before], after: after && [after] }),
  origin,
});
