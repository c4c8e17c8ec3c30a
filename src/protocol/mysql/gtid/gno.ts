/**
 * A transaction's number within a GTID. MySQL's go up to 2^63 - 2, MariaDB's to 2^64 - 1: anyone may set `gtid_next` that high.
 * A number up to 2^53 - 1, a bigint beyond and only there. So equal numbers are `===`, and `<` between both kinds is exact, as
 * JavaScript compares numbers with bigints by value; only sums need `next` and `previous`.
 */
export type Gno = number | bigint;

export const next = (gno: Gno): Gno =>
  typeof gno === 'number' && gno < Number.MAX_SAFE_INTEGER ? gno + 1 : normal(BigInt(gno) + 1n);

export const previous = (gno: Gno): Gno => (typeof gno === 'number' ? gno - 1 : normal(gno - 1n));

/** The one form a number has. */
export const normal = (gno: Gno): Gno => (typeof gno === 'bigint' && gno <= maxSafe ? Number(gno) : gno);

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);
