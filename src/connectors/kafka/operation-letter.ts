/** Debezium's letters for inserts, updates, deletes and TRUNCATE. */
export type SkippedOperation = 'c' | 'u' | 'd' | 't';

/** The letter of a change of rows; a snapshot's rows have none. */
export const letterOf = { create: 'c', update: 'u', delete: 'd', read: null } as const;
