import { randomUUID } from 'node:crypto';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { canonical, valueProblem } from './key-value.ts';
import type { RedisLinks } from './redis-links.ts';
import type { RowCodec } from './row-codec.ts';
import { putScript } from './write-behind-scripts.ts';

export interface WrittenRowsOptions {
  readonly codec: RowCodec;
  readonly links: RedisLinks;
  readonly journal: string;
  /** Brings what MySQL has of the row into Redis, if it is not there. */
  readonly bring: (row: Row) => Promise<void>;
}

/** How often a row is brought before it counts as removed by somebody over and over. */
const maxAttempts = 50;

/** Rows of one table that are written to Redis first. */
export class WrittenRows {
  readonly #options: WrittenRowsOptions;

  constructor(options: WrittenRowsOptions) {
    this.#options = options;
  }

  /** A row by column of the table. Throws CACHE_WRITE_REFUSED where a column is missing or has no value that rows have. */
  rowOf(values: Readonly<Record<string, unknown>>): Row {
    const { table } = this.#options.codec;
    return table.columns.map(({ name, nullable, type }) => {
      const value = values[name];
      if (value === null && nullable) return null;
      const problem = valueProblem(value, type);
      if (problem !== null) throw this.#refused(`${name}: ${problem}`);
      return canonical(value as Value);
    });
  }

  /** Resolves when Redis has the row, and the journal that it was written. `row` null: it is removed. */
  async write(key: Row, redisKey: Buffer, row: Row | null): Promise<void> {
    const { codec, links, journal, bring } = this.#options;
    const token = randomUUID();
    if (links.isCluster) throw this.#refused('in a cluster a row and the journal have no slot in common');
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      if (links.isUp && !links.keepsRows)
        throw this.#refused('Redis may remove it, and the journal, when memory is full, or does not say');
      const said = await links.of(redisKey).ask((commands) => {
        const fields = row === null ? null : codec.fields(row);
        putScript.begin(commands, 2, 2 + (fields === null ? 0 : 2 * fields.count));
        commands.bytes(redisKey, 0, redisKey.length);
        commands.text(journal);
        commands.text(token);
        commands.text(fields === null ? 'remove' : 'put');
        if (fields !== null) commands.raw(fields.bytes, 0, fields.length);
      }, String);
      if (said === 'ok') return;
      await bring(key);
    }
    throw this.#refused(`somebody removes it from Redis again and again`);
  }

  #refused(reason: string): MillraceError {
    return new MillraceError('CACHE_WRITE_REFUSED', { table: qualifiedName(this.#options.codec.table), reason });
  }
}
