import type { Buffer } from 'node:buffer';
import type { Row } from '../core/value.ts';
import type { RowName } from './row-codec.ts';

/** A key as the application gives it: the columns of the table's key by name. */
export type NamedKey = Readonly<Record<string, unknown>>;

/** A row that is looked for. */
export interface WantedRow {
  readonly name: RowName;
  /** By column of the table. */
  readonly key: Row;
  readonly redisKey: Buffer;
}
