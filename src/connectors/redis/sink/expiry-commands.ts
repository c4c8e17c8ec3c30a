import type { Origin } from '../../../core/change.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { expiryTime } from '../expiry-time.ts';
import { fieldOf } from '../hash-fields.ts';
import type { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { TablePlan } from './table-plan.ts';

/** Says behind a row until when it lives, where a column of it does: PEXPIREAT, which removes what is past, or PERSIST. */
export class ExpiryCommands {
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;

  constructor(commands: CommandWriter, refusal: RowRefusal) {
    this.#commands = commands;
    this.#refusal = refusal;
  }

  add({ expiry, table, label, after }: TablePlan, key: RowKey, origin: Origin): void {
    if (expiry === null || after.states[expiry] === fieldOf.absent) return;
    const { type } = table.columns[expiry]!;
    let until: number | null = null;
    if (after.states[expiry] === fieldOf.value) {
      const text = after.bytes.latin1Slice(after.valueStarts[expiry]!, after.valueEnds[expiry]!);
      const commitMs = commitTime(origin);
      if (commitMs === null && type.kind === 'integer') {
        throw this.#refusal.of(label, 'it lives for a number of seconds, and its change does not say since when');
      }
      until = expiryTime(type, text, commitMs ?? 0);
    }
    this.#commands.begin(until === null ? 2 : 3);
    this.#commands.text(until === null ? 'PERSIST' : 'PEXPIREAT');
    key.put(this.#commands);
    if (until !== null) this.#commands.text(String(until));
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
