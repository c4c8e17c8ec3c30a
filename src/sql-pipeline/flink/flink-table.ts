import type { CreateTable, Option } from '../../sql/ast/statement.ts';
import type { DeclaredTable } from '../../sql/catalog/declared-table.ts';
import { type Span, sqlError } from '../../sql/sql-error.ts';
import { isBinary } from '../../sql/types/sql-type.ts';
import type { ConnectedTable } from '../connected-table.ts';
import type { DirectTable } from './direct-sources.ts';

/** A MySQL table whose changes a pipeline has to bring into a topic. */
export interface FedTable {
  readonly topic: string;
  readonly format: 'debezium-json' | 'canal-json';
  /** The options as they are written: what stands in `${...}` stays there. */
  readonly source: Readonly<Record<string, string>>;
}

export interface FlinkTarget {
  /** Null: the job reads no MySQL table. */
  readonly brokers: string | null;
  readonly topicPrefix: string;
  /** MySQL is read by Flink's own connector. */
  readonly direct?: boolean;
  readonly group: string;
  readonly expand: (text: string) => string;
}

interface Rewritten {
  readonly statement: CreateTable;
  readonly fed: FedTable | null;
  readonly direct?: DirectTable;
}

/** The declaration with options that Flink's own connectors take, and nothing else changed. Throws SQL_NOT_SUPPORTED at what they cannot be. */
export const flinkTable = (
  statement: CreateTable,
  declared: DeclaredTable<ConnectedTable>,
  target: FlinkTarget,
): Rewritten => {
  const given = new Map(statement.options.map(({ key, value }) => [key, value]));
  const option = (key: string): string => target.expand(given.get(key) ?? '');
  const withOptions = (options: Readonly<Record<string, string>>): CreateTable => ({
    ...statement,
    options: Object.entries(options).map(([key, value]): Option => ({ key, value, start: 0, end: 0 })),
  });
  const connector = declared.binding.connector;
  switch (connector) {
    case 'mysql-cdc': {
      if (target.direct) {
        const source = Object.fromEntries(given.keys().map((key) => [key, option(key)]));
        return { statement: withOptions(source), fed: null, direct: { span: statement, source } };
      }
      if (target.brokers === null)
        throw refused(statement, "'mysql-cdc'", 'Flink reads its changes from Kafka: name the brokers with --kafka');
      const format = fedFormat(declared, statement);
      const topic = `${target.topicPrefix}.${option('database-name')}.${option('table-name')}`;
      const rewritten = withOptions({
        connector: 'kafka',
        topic,
        'properties.bootstrap.servers': target.brokers,
        'properties.group.id': target.group,
        'scan.startup.mode': 'earliest-offset',
        format,
      });
      return { statement: rewritten, fed: { topic, format, source: Object.fromEntries(given) } };
    }
    case 'mysql': {
      const url = `jdbc:mysql://${option('hostname')}:${option('port') || '3306'}/${option('database-name')}`;
      const login = { username: option('username'), password: option('password') };
      const lookup = Object.fromEntries(
        given
          .keys()
          .filter((key) => key.startsWith('lookup.'))
          .map((key) => [key, option(key)]),
      );
      return {
        statement: withOptions({ connector: 'jdbc', url, 'table-name': option('table-name'), ...login, ...lookup }),
        fed: null,
      };
    }
    case 'sqlite':
    case 'webhook':
      throw refused(statement, `'${connector}'`, 'Flink has no such connector; write to Kafka or MySQL');
    default:
      return { statement: withOptions(Object.fromEntries(given.keys().map((key) => [key, option(key)]))), fed: null };
  }
};

/**
 * The format in which Flink reads every column as it is: it takes times from Canal's messages and not from Debezium's, which hold numbers of
 * days and microseconds, and bytes from Debezium's and not from Canal's, which hold Latin-1.
 */
const fedFormat = ({ stored }: DeclaredTable<ConnectedTable>, statement: Span): FedTable['format'] => {
  const metadata = stored.find((column) => column.metadata !== null);
  if (metadata !== undefined) throw refused(metadata.span, 'metadata of a MySQL table', 'a topic does not have it');
  const hasTimes = stored.some(({ type: { kind } }) => ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'].includes(kind));
  const hasBytes = stored.some(({ type }) => isBinary(type));
  if (hasTimes && hasBytes)
    throw refused(
      statement,
      'a table with times and bytes',
      'no format that Flink reads holds both; leave one kind out',
    );
  return hasTimes ? 'canal-json' : 'debezium-json';
};

const refused = (span: Span, what: string, reason: string) =>
  sqlError('SQL_NOT_SUPPORTED', span, { what: `${what} on Flink`, reason });
