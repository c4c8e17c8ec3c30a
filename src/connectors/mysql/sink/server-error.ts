import { MillraceError } from '../../../core/errors.ts';
import { mysqlFailure } from '../mysql-failure.ts';

/**
 * An error that the server answered. Its text may hold values of rows ("Duplicate entry 'x' for key 'y'"), so it is only taken
 * apart here, and what leaves names columns and keys.
 */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly number: number;
  /** Which of the statements sent together it answers, from 0. */
  readonly statement: number;

  constructor(number: number, text: string, statement = 0) {
    super(text);
    this.number = number;
    this.statement = statement;
  }

  of(statement: number): ServerError {
    return new ServerError(this.number, this.message, statement);
  }

  /** A deadlock or a lock that was waited for in vain: the same transaction may pass at once. */
  get passes(): boolean {
    return this.number === 1213 || this.number === 1205;
  }

  /** Whether it is about the rows, not about the server or the statement. */
  get isAboutRow(): boolean {
    return rowErrors.has(this.number);
  }

  /** The row of its statement that it is about, from 1; null: not said. */
  get row(): number | null {
    const row = /\bat row (\d+)\b/.exec(this.message)?.[1];
    return row === undefined ? null : Number(row);
  }

  /** What is wrong with a row, without any of its values. */
  get reason(): string {
    const column =
      /(?:for|of) column '([^']+)'/i.exec(this.message)?.[1] ?? /^(?:Column|Field) '([^']+)'/i.exec(this.message)?.[1];
    const key = /for key '([^']+)'/i.exec(this.message)?.[1];
    const constraint =
      /CONSTRAINT [`'"]?([^`'" ]+)/i.exec(this.message)?.[1] ?? /constraint '([^']+)'/i.exec(this.message)?.[1];
    const where = column
      ? ` in column ${bare(column)}`
      : key
        ? ` of key ${key}`
        : constraint
          ? ` ${bare(constraint)}`
          : '';
    return `${rowErrors.get(this.number) ?? 'refused'}${where} (error ${this.number})`;
  }
}

/** MariaDB names a column in full: `db`.`table`.`column`. */
const bare = (name: string): string => name.split('.').at(-1)!.replaceAll('`', '');

/** Errors about rows, in words of our own. https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html */
const rowErrors: ReadonlyMap<number, string> = new Map([
  [1022, 'duplicate value'],
  [1048, 'NULL'],
  [1062, 'duplicate value'],
  [1136, 'wrong number of columns'],
  [1153, 'the row is larger than max_allowed_packet'],
  [1216, 'no parent row for foreign key'],
  [1217, 'there are child rows of foreign key'],
  [1242, 'more than one row'],
  [1263, 'NULL'],
  [1264, 'out of range'],
  [1265, 'a value that the type does not have'],
  [1292, 'wrong value'],
  [1301, 'the row is larger than max_allowed_packet'],
  [1364, 'no value and no default'],
  [1366, 'wrong value or character'],
  [1367, 'wrong value'],
  [1406, 'too long'],
  [1411, 'wrong value'],
  [1416, 'wrong geometry'],
  [1451, 'there are child rows of foreign key'],
  [1452, 'no parent row for foreign key'],
  [1526, 'no partition'],
  [1644, 'a trigger refuses the row'],
  [1690, 'out of range'],
  [3140, 'wrong JSON'],
  [3156, 'wrong JSON value'],
  [3548, 'unknown spatial reference system'],
  [3643, 'another spatial reference system'],
  [3732, 'wrong geometry'],
  [3819, 'check constraint'],
  [3906, 'wrong JSON'],
  [4025, 'check constraint'],
  [6136, 'wrong vector'],
]);

/** The error that stands for what the server said while it should `what`. */
export const sinkFailure = (
  error: unknown,
  place: { readonly address: string; readonly user: string; readonly what: string },
): unknown => {
  if (!(error instanceof ServerError)) return error;
  const { number } = error;
  // Behind the first quote may stand a piece of the statement, and with it values of rows.
  const reason = (error.message.split(/['"`]/)[0] ?? '').trim();
  if (error.isAboutRow) {
    return new MillraceError('MYSQL_SERVER_REFUSED', { address: place.address, number, reason: error.reason });
  }
  return mysqlFailure(Object.assign(new Error(reason), { errno: number }), place);
};
