import type { Origin } from '../../../core/change.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { expiryTime, latestFieldMs } from '../expiry-time.ts';
import { fieldOf } from '../hash-fields.ts';
import type { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * Says behind a row until when it lives, where a column of it does: PEXPIREAT, which removes what is past, or PERSIST; and the same of
 * single fields of a hash that was written as a whole.
 */
export class ExpiryCommands {
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;

  constructor(commands: CommandWriter, refusal: RowRefusal) {
    this.#commands = commands;
    this.#refusal = refusal;
  }

  add(plan: TablePlan, key: RowKey, origin: Origin): void {
    const { expiry, fieldExpiries, after, names } = plan;
    for (const { column, until: at } of fieldExpiries) {
      if (after.states[column] !== fieldOf.value && !(after.keepsNulls && after.states[column] === fieldOf.null))
        continue;
      const until = this.#until(plan, at, origin);
      // HSET has let the field live for ever.
      if (until === null || until > latestFieldMs) continue;
      this.#commands.begin(6);
      this.#commands.text('HPEXPIREAT');
      key.put(this.#commands);
      this.#commands.text(String(until));
      this.#commands.text('FIELDS');
      this.#commands.text('1');
      this.#commands.raw(names[column]!, 0, names[column]!.length);
    }
    if (expiry === null || after.states[expiry] === fieldOf.absent) return;
    const until = this.#until(plan, expiry, origin);
    this.#commands.begin(until === null ? 2 : 3);
    this.#commands.text(until === null ? 'PERSIST' : 'PEXPIREAT');
    key.put(this.#commands);
    if (until !== null) this.#commands.text(String(until));
  }

  /** In milliseconds since 1970; null: for ever. */
  #until({ table, label, after }: TablePlan, column: number, origin: Origin): number | null {
    if (after.states[column] !== fieldOf.value) return null;
    const { type } = table.columns[column]!;
    const text = after.bytes.latin1Slice(after.valueStarts[column]!, after.valueEnds[column]!);
    const commitMs = commitTime(origin);
    if (commitMs === null && type.kind === 'integer') {
      throw this.#refusal.of(label, 'it lives for a number of seconds, and its change does not say since when');
    }
    return expiryTime(type, text, commitMs ?? 0);
  }
}

const commitTime = (origin: Origin): number | null => {
  switch (origin.kind) {
    case 'mysql':
      return origin.commitMicros / 1000;
    case 'kafka':
      return origin.timestampMs;
    case 'redis':
      return null;
  }
};
