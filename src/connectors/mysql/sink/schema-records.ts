import type { SchemaChange } from '../../../core/change.ts';
import { originPlace } from '../../../core/origin-place.ts';
import { qualifiedName } from '../../../core/table.ts';
import { quoteName, quoteText } from '../statements.ts';
import type { StatementSession } from './statement-session.ts';
import { shortHash } from './target-catalogue.ts';

/** `new`: nothing has been done; `begun`: perhaps something has; `done`: all of it. */
export type RecordState = 'new' | 'begun' | 'done';

/** Changes of definitions that are remembered: a crash repeats at most those since the last position. */
const remembered = 200;

/**
 * What has been done about each change of a definition. The server commits definitions by itself, before the position moves, so
 * the intent is written down before and the end after.
 */
export class SchemaRecords {
  readonly #session: StatementSession;
  readonly #name: string;
  readonly #pipeline: string;

  constructor(session: StatementSession, database: string, pipeline: string) {
    this.#session = session;
    this.#name = `${quoteName(database)}.millrace_schema_change`;
    this.#pipeline = quoteText(pipeline);
  }

  async create(): Promise<void> {
    await this.#session.run(
      `CREATE TABLE IF NOT EXISTS ${this.#name} (
         number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, pipeline VARCHAR(190) NOT NULL,
         change_key CHAR(16) NOT NULL, source_table VARCHAR(200) NOT NULL, state VARCHAR(8) NOT NULL,
         statement MEDIUMTEXT, begun_at TIMESTAMP(3) NULL, done_at TIMESTAMP(3) NULL,
         UNIQUE KEY (pipeline, change_key)
       ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT = DYNAMIC`,
    );
  }

  async intend(change: SchemaChange): Promise<RecordState> {
    const key = quoteText(keyOf(change));
    const where = `pipeline = ${this.#pipeline} AND change_key = ${key}`;
    const [known] = await this.#session.query(`SELECT state FROM ${this.#name} WHERE ${where}`);
    if (known !== undefined) return known[0] === 'done' ? 'done' : 'begun';
    const table = quoteText(qualifiedName((change.before ?? change.after)!).slice(0, 200));
    await this.#session.run(
      `INSERT INTO ${this.#name} (pipeline, change_key, source_table, state, statement, begun_at) VALUES (${this.#pipeline}, ${key}, ${table}, 'begun', ${quoteText(change.statement)}, NOW(3))`,
    );
    return 'new';
  }

  async done(change: SchemaChange): Promise<void> {
    const where = `pipeline = ${this.#pipeline} AND change_key = ${quoteText(keyOf(change))}`;
    await this.#session.run(`UPDATE ${this.#name} SET state = 'done', done_at = NOW(3) WHERE ${where}`);
    await this.#session.run(
      `DELETE FROM ${this.#name} WHERE pipeline = ${this.#pipeline} AND state = 'done' AND number + ${remembered} < LAST_INSERT_ID()`,
    );
  }
}

/** The same change of the same log has the same key whenever it is read. */
const keyOf = ({ before, after, statement, origin }: SchemaChange): string =>
  shortHash(JSON.stringify([originPlace(origin), before?.id ?? null, after?.id ?? null, statement]));
