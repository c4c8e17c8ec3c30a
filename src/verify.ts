/**
 * `millrace/verify`: whether two systems hold the same rows, while they change.
 *
 *     await using source = await openReader(mysql, { hostname: 'db1', username: 'millrace', password, tables: 'shop.orders' });
 *     await using target = await openReader(sqlite, { path: 'shop.db' }, { pipeline: 'shop' });
 *     for (const { table, status } of await verifyTables({ source, target })) console.log(table, status);
 */
import type { Log } from './core/log.ts';
import { systemClock } from './pipeline/system-clock.ts';
import type { TableResult } from './verify/table-result.ts';
import { Verification, type VerificationOptions } from './verify/verification.ts';

export { openReader } from './pipeline/open-ends.ts';
export type { Difference, TableCounts, TableResult, TableStatus } from './verify/table-result.ts';
export type { VerificationOptions, VerifyStatus } from './verify/verification.ts';
export { Verification };

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** As `Verification`, with what can be taken for granted left out. */
export type VerifyTablesOptions = Pick<VerificationOptions, 'source' | 'target'> &
  Partial<VerificationOptions> & {
    /** Ends it: the promise is rejected. */
    readonly signal?: AbortSignal;
  };

/** Compares every table of `source` with what `target` holds of it. Without `steps`, rows are to be the same as they are. */
export const verifyTables = async (options: VerifyTablesOptions): Promise<readonly TableResult[]> => {
  const { signal = new AbortController().signal, ...given } = options;
  return await new Verification({ steps: [], clock: systemClock, log: silent, ...given }).run(signal);
};
