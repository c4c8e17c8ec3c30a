import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import type { KeyTemplate } from '../key-template.ts';
import { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * Keeps a table's indexes with its rows, in their MULTI:
 *
 *     create, read      SADD index row
 *     update            SREM old-index old-row, SADD new-index new-row: where one of the two is another
 *     delete            SREM index row
 *
 * What a row was comes from its image before the change: where that lacks an indexed column, the row is refused.
 */
export class IndexingCommands {
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;
  readonly #old = new RowKey();
  readonly #now = new RowKey();

  constructor(commands: CommandWriter, refusal: RowRefusal) {
    this.#commands = commands;
    this.#refusal = refusal;
  }

  created({ indexes, after, label }: TablePlan, key: RowKey): void {
    for (const index of indexes) {
      if (this.#place(index, after, label, this.#now)) this.#put(sadd, this.#now, key);
    }
  }

  deleted({ indexes, before, label }: TablePlan, key: RowKey): void {
    for (const index of indexes) {
      if (this.#place(index, before, label, this.#old)) this.#put(srem, this.#old, key);
    }
  }

  /** `sure`: the row is known to be in its indexes, so what has not changed need not be said again. */
  updated(plan: TablePlan, old: RowKey, key: RowKey, sure: boolean): void {
    const { indexes, before, after, label } = plan;
    const moved = !old.equals(key);
    for (const index of indexes) {
      // Neither image says it, so it did not change.
      const isSame = index.columns.every((column) => after.states[column] === fieldOf.absent);
      if (isSame && !moved) continue;
      const was = this.#place(index, before, label, this.#old);
      this.#complete(index, before, after);
      const is = this.#place(index, after, label, this.#now);
      const differs = moved || was !== is || (was && !this.#old.equals(this.#now));
      if (was && differs) this.#put(srem, this.#old, old);
      if (is && (differs || !sure)) this.#put(sadd, this.#now, key);
    }
  }

  /** Columns that did not change may be in the image before alone. */
  #complete(index: KeyTemplate, before: HashFields, after: HashFields): void {
    for (const column of index.columns) {
      if (after.states[column] !== fieldOf.absent) continue;
      if (before.states[column] === fieldOf.null) after.null(column);
      else after.binary(column, before.bytes, before.valueStarts[column]!, before.valueEnds[column]!);
    }
  }

  /** Whether the row is in the index at all; its key there is `into` then. */
  #place(index: KeyTemplate, image: HashFields, label: string, into: RowKey): boolean {
    for (const column of index.columns) {
      if (image.states[column] === fieldOf.null) return false;
      if (image.states[column] === fieldOf.absent) {
        throw this.#refusal.of(
          label,
          'the log does not hold an indexed column as it was; set binlog_row_image=FULL, then read the table again',
        );
      }
    }
    into.write(index, image);
    return true;
  }

  #put(command: Buffer, index: RowKey, key: RowKey): void {
    this.#commands.begin(3);
    this.#commands.raw(command, 0, command.length);
    index.put(this.#commands);
    key.put(this.#commands);
  }
}

const sadd = Buffer.from('$4\r\nSADD\r\n');
const srem = Buffer.from('$4\r\nSREM\r\n');
