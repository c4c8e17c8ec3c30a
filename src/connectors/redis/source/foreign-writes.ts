import type { Command } from '../../../protocol/redis/command-decoder.ts';
import type { KeyTable } from './key-tables.ts';

/** Where commands name several keys: from a text on, each so many texts. Others name one, their second text. */
const severalKeys: Readonly<Record<string, { readonly step: number; readonly last: number }>> = {
  DEL: { step: 1, last: Number.POSITIVE_INFINITY },
  UNLINK: { step: 1, last: Number.POSITIVE_INFINITY },
  MSET: { step: 2, last: Number.POSITIVE_INFINITY },
  RENAME: { step: 1, last: 2 },
  RENAMENX: { step: 1, last: 2 },
};

/**
 * Counts the writes of others than a millrace sink to keys whose rows the other side owns: conflicts, of which nothing is brought there. A
 * transaction counts at its end, when it is known whose it is.
 */
export class ForeignWrites {
  /** Since reading began in this process; an expiry counts too, because it arrives as a DEL. */
  total = 0;
  readonly #tables: readonly KeyTable[];
  /** Of the transaction under way; null: there is none. */
  #open: number | null = null;
  #told = 0;

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
    const { step, last } = severalKeys[name] ?? { step: 1, last: 1 };
    for (let i = 1; i < command.length && i <= last; i += step) {
      const key = command.bytesOf(i);
      if (!this.#tables.some(({ keys }) => keys.matches(key))) continue;
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
