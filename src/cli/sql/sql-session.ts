import type { Statement } from '../../sql/ast/statement.ts';
import { sqlError } from '../../sql/sql-error.ts';

/** What SET has said so far. */
export class SqlSession {
  #bounded: boolean;
  #timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #alwaysBounded: boolean;

  constructor({ bounded }: { readonly bounded: boolean }) {
    this.#alwaysBounded = bounded;
    this.#bounded = bounded;
  }

  /** Whether a query ends with the snapshot of its tables. */
  get bounded(): boolean {
    return this.#bounded;
  }

  get timeZone(): string {
    return this.#timeZone;
  }

  /** Throws SQL_NOT_SUPPORTED for a statement that does not run yet, and SQL_INVALID where no statement can come to its turn. */
  checkAll(statements: readonly Statement[]): void {
    for (const [at, statement] of statements.entries()) {
      this.take(statement);
      if (statement.kind === 'select' && !this.#bounded && at < statements.length - 1) {
        throw sqlError('SQL_INVALID', statement, {
          reason:
            "a query that follows its tables never ends, so nothing may stand behind one; use --bounded or SET 'execution.runtime-mode' = 'batch'",
        });
      }
    }
  }

  take(statement: Statement): void {
    switch (statement.kind) {
      case 'select':
        return;
      case 'explain':
        if (statement.statement.kind === 'select') return;
        break;
      case 'set':
        if (statement.key === null || statement.value === null) break;
        this.#set(statement, statement.key, statement.value);
        return;
    }
    throw sqlError('SQL_NOT_SUPPORTED', statement, {
      what: statement.kind.toUpperCase().replaceAll('-', ' '),
      reason: 'SELECT, EXPLAIN SELECT and SET run; other statements are read only',
    });
  }

  #set(statement: Statement, key: string, value: string): void {
    switch (key) {
      case 'execution.runtime-mode': {
        const mode = value.toLowerCase();
        if (mode !== 'batch' && mode !== 'streaming')
          throw sqlError('SQL_INVALID', statement, { reason: `${key} is 'streaming' or 'batch'` });
        this.#bounded = this.#alwaysBounded || mode === 'batch';
        return;
      }
      case 'table.local-time-zone':
        try {
          this.#timeZone = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
        } catch {
          throw sqlError('SQL_INVALID', statement, { reason: `there is no time zone ${value}` });
        }
        return;
      default:
        throw sqlError('SQL_NOT_SUPPORTED', statement, {
          what: `SET '${key}'`,
          reason: 'execution.runtime-mode and table.local-time-zone can be set',
        });
    }
  }
}
