import type { Command } from '../../../protocol/redis/command-decoder.ts';
import type { KeyTable } from './key-tables.ts';
import { namedFields } from './named-elements.ts';

/** Where commands write to other keys than their second text alone: from a text to another, each so many texts. */
const writtenKeys: Readonly<Record<string, { readonly first: number; readonly step: number; readonly last: number }>> =
  {
    DEL: { first: 1, step: 1, last: Number.POSITIVE_INFINITY },
    UNLINK: { first: 1, step: 1, last: Number.POSITIVE_INFINITY },
    MSET: { first: 1, step: 2, last: Number.POSITIVE_INFINITY },
    RENAME: { first: 1, step: 1, last: 2 },
    RENAMENX: { first: 1, step: 1, last: 2 },
    COPY: { first: 2, step: 1, last: 2 },
  };

/** They say until when a key lives, and change nothing in it. */
const timing = new Set(['PEXPIREAT', 'PERSIST', 'EXPIRE', 'PEXPIRE', 'EXPIREAT']);

/**
 * Counts the writes of others than a millrace sink to what the other side owns: conflicts, of which nothing is brought there. Of a table with
 * two owners these are commands that name a field of the other side's, or that name none and change the key as a whole. A transaction counts at its
 * end, when it is known whose it is.
 */
export class ForeignWrites {
  /** Since reading began in this process; an expiry counts too, because it arrives as a DEL. */
  total = 0;
  readonly #tables: readonly KeyTable[];
  /** Of the transaction under way; null: there is none. */
  #open: number | null = null;
  #told = 0;

  /** `tables`: those of which the other side owns something. */
  constructor(tables: readonly KeyTable[]) {
    this.#tables = tables;
  }

  begin(): void {
    this.#open = 0;
  }

  end(isOwn: boolean): void {
    if (!isOwn) this.total += this.#open ?? 0;
    this.#open = null;
  }

  /** `name`: the command's, in capitals. */
  look(command: Command, name: string): void {
    if (this.#tables.length === 0) return;
    const { first, step, last } = writtenKeys[name] ?? { first: 1, step: 1, last: 1 };
    for (let i = first; i < command.length && i <= last; i += step) {
      const key = command.bytesOf(i);
      const table = this.#tables.find(({ keys }) => keys.matches(key));
      if (table === undefined || !isConflict(command, name, table)) continue;
      if (this.#open === null) this.total += 1;
      else this.#open += 1;
    }
  }

  /** How many there were since this was asked last. */
  takeNew(): number {
    const found = this.total - this.#told;
    this.#told = this.total;
    return found;
  }
}

const isConflict = (command: Command, name: string, { shared, document }: KeyTable): boolean => {
  if (shared === null) return true;
  const named = namedFields(command, name);
  if (named === null) return !timing.has(name);
  return named.some((at) => shared.foreign.has(document.columnOf(command.bytesOf(at))));
};
