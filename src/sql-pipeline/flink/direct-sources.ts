import { askVersion } from '../../connectors/mysql/ask-version.ts';
import { mysqlConfig } from '../../connectors/mysql/config.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { isAtLeast } from '../../protocol/mysql/server-version.ts';
import { type Span, sqlError } from '../../sql/sql-error.ts';

/** A table whose server Flink reads by its own connector. */
export interface DirectTable {
  readonly span: Span;
  /** The options, with what stands in `${...}` filled in. */
  readonly source: Readonly<Record<string, string>>;
}

/**
 * Asks the servers whether Flink CDC's own connector can read them. MySQL 8.4 has no SHOW MASTER STATUS any more, which its releases up to 3.5
 * ask for; such a job would be submitted, and restart for ever. Throws SQL_NOT_SUPPORTED at the table, and what a server says.
 */
export const checkDirectSources = async (tables: readonly DirectTable[]): Promise<void> => {
  const asked = new Map<string, string | null>();
  for (const { span, source } of tables) {
    const { hostname, port, username, password } = source;
    const key = JSON.stringify([hostname, port]);
    if (!asked.has(key)) {
      const settings = { hostname, username, ...(port === undefined ? {} : { port: Number(port) }), password };
      const version = await askVersion(mysqlConfig.parse({ ...settings, tables: 'any.table' }), systemClock);
      asked.set(key, version?.flavor === 'mysql' && isAtLeast(version, 8, 4) ? version.text : null);
    }
    const tooNew = asked.get(key);
    if (tooNew == null) continue;
    throw sqlError('SQL_NOT_SUPPORTED', span, {
      what: `'mysql-cdc' on Flink for MySQL ${tooNew}`,
      reason:
        "Flink CDC's connector asks SHOW MASTER STATUS, which MySQL has no more since 8.4: leave --direct out, and its changes come by Kafka",
    });
  }
};
