import { MillraceError } from '../../core/errors.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { parseServerVersion, type ServerVersion } from '../../protocol/mysql/server-version.ts';
import type { MysqlConnection } from './connection.ts';
import { statements } from './statements.ts';

/** What decides how a server's log is read, asked once per connection. */
export interface ServerFacts {
  readonly address: string;
  readonly flavor: Flavor;
  readonly version: ServerVersion;
  readonly serverId: number;
  /** MySQL's server_uuid. MariaDB has nothing that names a server for good, so there it is the server id as text. */
  readonly identity: string;
  readonly logBin: boolean;
  readonly binlogFormat: string;
  readonly rowImage: string;
  readonly rowMetadata: string;
  readonly partialJson: boolean;
  /** MySQL's gtid_mode; MariaDB logs GTIDs always. */
  readonly gtidMode: string;
  /** Whether a dump can start by GTID. */
  readonly hasGtids: boolean;
  /** gtid_executed, or MariaDB's gtid_binlog_pos. */
  readonly executed: string;
  /** MySQL's gtid_purged; empty on MariaDB. */
  readonly purged: string;
  /** MariaDB's gtid_binlog_state: the last GTID of each domain and server; empty on MySQL. */
  readonly binlogState: string;
  /** 0: files are never deleted by age. */
  readonly retentionSeconds: number;
  /** What tables get that do not say otherwise, and how their names compare: for following DDL. */
  readonly tableDefaults: {
    readonly caseSensitive: boolean;
    readonly charset: string;
    readonly collation: string;
    readonly explicitTimestampDefaults: boolean;
  };
}

export const readServerFacts = async (connection: MysqlConnection): Promise<ServerFacts> => {
  const variables = new Map((await connection.query(statements.facts)).map(([name, value]) => [name, value ?? '']));
  const get = (name: string): string => variables.get(name) ?? '';
  const version = parseServerVersion(get('version'));
  if (version === null) throw new MillraceError('BINLOG_UNSUPPORTED_SERVER', { version: get('version') });
  const mariadb = version.flavor === 'mariadb';
  const days = Number(get('expire_logs_days') || 0);
  return {
    address: connection.address,
    flavor: version.flavor,
    version,
    serverId: Number(get('server_id')),
    identity: mariadb ? `mariadb-${get('server_uid') || get('server_id')}` : get('server_uuid'),
    logBin: get('log_bin') === 'ON',
    binlogFormat: get('binlog_format').toUpperCase() || 'ROW',
    rowImage: get('binlog_row_image').toUpperCase() || 'FULL',
    rowMetadata: get('binlog_row_metadata').toUpperCase() || 'MINIMAL',
    partialJson: get('binlog_row_value_options').toUpperCase().includes('PARTIAL_JSON'),
    gtidMode: mariadb ? 'ON' : get('gtid_mode').toUpperCase(),
    hasGtids: mariadb || get('gtid_mode').toUpperCase() === 'ON',
    executed: get(mariadb ? 'gtid_binlog_pos' : 'gtid_executed').replaceAll('\n', ''),
    purged: get('gtid_purged').replaceAll('\n', ''),
    binlogState: get('gtid_binlog_state'),
    retentionSeconds: Number(get('binlog_expire_logs_seconds') || 0) || Math.round(days * 86_400),
    tableDefaults: {
      caseSensitive: get('lower_case_table_names') === '0',
      charset: get('character_set_server'),
      collation: get('collation_server'),
      explicitTimestampDefaults: get('explicit_defaults_for_timestamp') !== 'OFF',
    },
  };
};
