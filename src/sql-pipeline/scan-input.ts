import { mysql } from '../connectors/mysql/connector.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Origin } from '../core/change.ts';
import type { Context } from '../core/connector.ts';
import type { Row } from '../core/value.ts';
import type { Settings } from './connected-table.ts';
import type { Input, InputStep } from './input.ts';
import { ownOrigin } from './own-origin.ts';
import { scanConfig } from './scan-config.ts';
import type { ScannedTable } from './scanned-table.ts';

/** A table's rows as of one moment, read once. */
export class ScanInput implements Input {
  readonly wholeAtEnd = true;
  readonly missing: ReadonlySet<string> = new Set();
  readonly resumable = null;
  readonly #scanned: ScannedTable;
  readonly #settings: Settings;
  readonly #context: Context;

  constructor(scanned: ScannedTable, settings: Settings, context: Context) {
    this.#scanned = scanned;
    this.#settings = settings;
    this.#context = context;
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputStep, void, undefined> {
    const { table } = this.#scanned;
    await using reader = await mysql.openReader!(scanConfig(this.#settings, table), this.#context);
    for await (const rows of reader.scan(table, signal)) {
      if (signal.aborted) return;
      yield { inside: false, apply: () => this.#apply(rows) };
    }
  }

  figures(): readonly [] {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #apply(rows: readonly Row[]): Origin {
    const { table } = this.#scanned;
    const origin = ownOrigin(this.#context.clock.now());
    this.#scanned.rows({
      kind: 'rows',
      op: 'read',
      table,
      rows: new ArrayRowImages(table, { before: null, after: rows }),
      origin,
    });
    return origin;
  }
}
