import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import type { RowKey } from './row-key.ts';

/** Keys that were written during a snapshot, by the set of those that have not been seen since it began. */
export class SeenKeys {
  readonly #seen = new Map<string, { count: number; readonly keys: CommandWriter }>();

  /** `vanished`: the set; null: no snapshot looks for any. */
  note(vanished: string | null, key: RowKey): void {
    if (vanished === null) return;
    let seen = this.#seen.get(vanished);
    if (seen === undefined) {
      seen = { count: 0, keys: new CommandWriter(16 * 1024) };
      this.#seen.set(vanished, seen);
    }
    seen.count += 1;
    key.put(seen.keys);
  }

  /** Strikes them from their sets. */
  strike(commands: CommandWriter): void {
    for (const [set, { count, keys }] of this.#seen) {
      commands.begin(2 + count);
      commands.text('SREM');
      commands.text(set);
      const bytes = keys.view();
      commands.raw(bytes, 0, bytes.length);
    }
    this.clear();
  }

  clear(): void {
    this.#seen.clear();
  }
}
