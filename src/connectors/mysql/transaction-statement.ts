/** `XA START`, `END`, `COMMIT` or `ROLLBACK`, as the log holds them. */
export interface XaStatement {
  /** In upper case; '' when the text is of no known form. */
  readonly verb: string;
  /** In the form of `xaIdText`. */
  readonly xid: string;
}

/** `XA COMMIT X'6774',X'6271',7 ONE PHASE` */
export const readXa = (sql: string): XaStatement => {
  const words = /^XA\s+(\w+)\s+(.*?)(\s+ONE\s+PHASE)?\s*;?\s*$/is.exec(sql);
  const xid = (words?.[2] ?? '').replace(/\s+/g, '');
  return {
    verb: words?.[1]?.toUpperCase() ?? '',
    xid: xid.replace(/[xX]'([0-9A-Fa-f]*)'/g, (_, hex: string) => `X'${hex.toLowerCase()}'`),
  };
};

/** The name in `SAVEPOINT name`, in lower case: names of savepoints do not tell cases apart. */
export const savepointName = (sql: string): string => unquoted(sql.replace(/^\s*SAVEPOINT\s+/i, ''));

/** The savepoint of `ROLLBACK [WORK] TO [SAVEPOINT] name`; null: everything is rolled back. */
export const rollbackTarget = (sql: string): string | null => {
  const match = /^\s*ROLLBACK\s+(?:WORK\s+)?TO\s+(?:SAVEPOINT\s+)?(.+)$/is.exec(sql);
  return match === null ? null : unquoted(match[1]!);
};

const unquoted = (name: string): string =>
  name
    .trim()
    .replace(/^`(.*)`$/s, '$1')
    .toLowerCase();
