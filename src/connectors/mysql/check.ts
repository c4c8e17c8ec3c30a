import type { Context, Problem } from '../../core/connector.ts';
import { type ErrorCode, type ErrorDetails, isMillraceError, MillraceError } from '../../core/errors.ts';
import { patternDatabases, splitPatterns } from '../../core/table-pattern.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import { findTable } from '../../protocol/mysql/ddl/schema.ts';
import { isAtLeast } from '../../protocol/mysql/server-version.ts';
import type { MysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';
import { capturedTables, namedTables, readDefinitions } from './definitions.ts';
import { isServerError } from './mysql-failure.ts';
import { chooseIdentity } from './replica-identity.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { quoteName, statements } from './statements.ts';
import { selectsTable } from './table-selection.ts';

/** Nobody has a table or database of this name. */
const noSuchName = 'millrace_no_such_name';

/** A pause that a pipeline should survive without a new snapshot. */
const wantedRetentionSeconds = 86_400;

/**
 * Looks at a server as a pipeline would use it, changes nothing, and says what to repair, each with the SQL that does. What
 * cannot be looked at because a right is missing is a problem of its own.
 */
export const checkMysql = async (
  config: MysqlConfig,
  context: Context,
  dial: Dial = dialTcp,
): Promise<readonly Problem[]> => {
  if (config['binlog.files'] !== undefined) return [];
  const problems: Problem[] = [];
  const { signal } = new AbortController();
  try {
    await using connection = await MysqlConnection.open({ config, dial, clock: context.clock, signal });
    const server = await readServerFacts(connection);
    const { version } = server;
    const passed = context.passed ?? (() => {});
    passed(`connected to ${server.address}: ${server.flavor} ${version.text}`);
    problems.push(...logProblems(server, passed));
    problems.push(...(await rightsProblems(connection, server, config, passed)));
    if (problems.some(({ severity }) => severity === 'error')) return problems;
    problems.push(...(await identityProblems(connection, config, context, passed)));
    problems.push(...(await circumstanceProblems(connection, server, passed)));
    problems.push(...(await tableProblems(connection, server, config, passed)));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    problems.push({ code: error.code, message: error.message, remedy: error.hint, severity: 'error' });
  }
  return problems;
};

type Passed = (what: string) => void;

const problem = <Code extends ErrorCode>(
  severity: Problem['severity'],
  code: Code,
  details: ErrorDetails<Code>,
  remedy: string | null,
): Problem => {
  const { message, hint } = new MillraceError(code, details);
  return { code, message, remedy: remedy ?? hint, severity };
};

/** SQL that sets a variable for good: MariaDB has no SET PERSIST, so its configuration file must say it too. */
const setVariable = (server: ServerFacts, name: string, value: string): string =>
  server.flavor === 'mysql'
    ? `SET PERSIST ${name} = ${value};`
    : `SET GLOBAL ${name} = ${value};  -- and ${name} = ${value} under [mariadbd] in the configuration file`;

const logProblems = (server: ServerFacts, passed: Passed): readonly Problem[] => {
  const { address } = server;
  if (!server.logBin) return [problem('error', 'MYSQL_BINLOG_OFF', { address }, null)];
  passed('log_bin is ON');
  const problems: Problem[] = [];
  if (server.binlogFormat !== 'ROW') {
    const remedy = setVariable(server, 'binlog_format', "'ROW'");
    problems.push(problem('error', 'MYSQL_BINLOG_FORMAT', { address, format: server.binlogFormat }, remedy));
  } else passed('binlog_format is ROW');
  if (server.partialJson && server.rowImage === 'MINIMAL') {
    problems.push(
      problem('error', 'MYSQL_PARTIAL_JSON', { address }, setVariable(server, 'binlog_row_image', "'FULL'")),
    );
  } else if (server.rowImage !== 'FULL') {
    const remedy = setVariable(server, 'binlog_row_image', "'FULL'");
    problems.push(problem('error', 'MYSQL_ROW_IMAGE', { address, image: server.rowImage }, remedy));
  } else passed('binlog_row_image is FULL');
  if (server.rowMetadata !== 'FULL') {
    const remedy = setVariable(server, 'binlog_row_metadata', "'FULL'");
    problems.push(problem('warning', 'MYSQL_ROW_METADATA', { address, metadata: server.rowMetadata }, remedy));
  } else passed('binlog_row_metadata is FULL');
  if (server.hasGtids) passed('GTIDs are on');
  else problems.push(problem('warning', 'MYSQL_GTID_OFF', { address, mode: server.gtidMode }, null));
  if (server.retentionSeconds > 0 && server.retentionSeconds < wantedRetentionSeconds) {
    const remedy = setVariable(server, 'binlog_expire_logs_seconds', '604800');
    problems.push(problem('warning', 'MYSQL_RETENTION', { address, seconds: server.retentionSeconds }, remedy));
  } else if (server.retentionSeconds === 0) passed('the log is never deleted by age');
  else passed(`the log is kept for ${(server.retentionSeconds / 86_400).toFixed(1)} days: a pause may last as long`);
  return problems;
};

/** Tries what the source will do, since roles and partial revokes make SHOW GRANTS hard to add up. */
const rightsProblems = async (
  connection: MysqlConnection,
  server: ServerFacts,
  config: MysqlConfig,
  passed: Passed,
): Promise<readonly Problem[]> => {
  const problems: Problem[] = [];
  const [account] = await connection.query(statements.currentUser);
  const user = account?.[0] ?? '';
  const quoted = user.replace(/^(.*)@([^@]*)$/, "'$1'@'$2'");
  const lacks = (grant: string, on: string): void => {
    problems.push(
      problem('error', 'MYSQL_MISSING_GRANT', { grant, user, on }, `GRANT ${grant} ON ${on} TO ${quoted};`),
    );
  };
  const allowed = async (statement: string): Promise<boolean> => {
    try {
      await connection.query(statement);
      return true;
    } catch (error) {
      if (isMillraceError(error, 'MYSQL_MISSING_GRANT')) return false;
      if (isServerError(error, 1146) || isServerError(error, 1049)) return true;
      throw error;
    }
  };
  const renamed = server.flavor === 'mysql' && isAtLeast(server.version, 8, 2);
  if (!(await allowed(renamed ? statements.logStatus : statements.masterStatus))) lacks('REPLICATION CLIENT', '*.*');
  else passed(`${user} has REPLICATION CLIENT`);
  if (!(await mayReplicate(connection, server, allowed))) lacks('REPLICATION SLAVE', '*.*');
  else passed(`${user} has REPLICATION SLAVE`);
  for (const { database, name } of namedTables(config.tables)) {
    if (!(await allowed(statements.holdDefinition(database, name)))) {
      lacks('SELECT', `${quoteName(database)}.${quoteName(name)}`);
    }
  }
  // The server does not list tables that may not be read, so what patterns may miss is told by asking for tables that do not exist.
  const wide = config.tables.flatMap(splitPatterns).filter((pattern) => namedTables([pattern]).length === 0);
  const seesAll = await allowed(statements.holdDefinition(noSuchName, noSuchName));
  for (const database of seesAll ? [] : patternDatabases(wide)) {
    if (database !== null && (await allowed(statements.holdDefinition(database, noSuchName)))) continue;
    const on = database === null ? '*.*' : `${quoteName(database)}.*`;
    const remedy = `GRANT SELECT ON ${on} TO ${quoted};  -- or name each table in \`tables\``;
    problems.push(problem('warning', 'MYSQL_TABLES_HIDDEN', { user, on }, remedy));
  }
  return problems;
};

const mayReplicate = async (
  connection: MysqlConnection,
  server: ServerFacts,
  allowed: (statement: string) => Promise<boolean>,
): Promise<boolean> => {
  if (server.flavor === 'mysql') {
    return await allowed(isAtLeast(server.version, 8, 0, 22) ? statements.replicas : statements.slaveHosts);
  }
  // MariaDB has no statement that needs exactly this right.
  const grants = await connection.query(statements.grants);
  return grants.some(([grant]) =>
    /(ALL PRIVILEGES|REPLICATION (SLAVE|REPLICA)\b(?! ADMIN)).* ON \*\.\*/.test(grant ?? ''),
  );
};

const identityProblems = async (
  connection: MysqlConnection,
  config: MysqlConfig,
  context: Context,
  passed: Passed,
): Promise<readonly Problem[]> => {
  try {
    const { serverId } = await chooseIdentity(connection, config, context.pipeline);
    passed(`server id ${serverId} is free`);
    return [];
  } catch (error) {
    if (!isMillraceError(error, 'MYSQL_SERVER_ID_IN_USE')) throw error;
    return [problem('error', 'MYSQL_SERVER_ID_IN_USE', error.details, null)];
  }
};

/** An event larger than this is rare; what is smaller than this is met sooner or later. */
const wantedPacketBytes = 16 * 1_048_576;

/** Limits, the clock, and how the server itself follows another one. */
const circumstanceProblems = async (
  connection: MysqlConnection,
  server: ServerFacts,
  passed: Passed,
): Promise<readonly Problem[]> => {
  const { address } = server;
  const problems: Problem[] = [];
  const variables = new Map((await connection.query(statements.circumstances)).map(([name, value]) => [name, value]));
  const bytes = Number(variables.get('max_allowed_packet') ?? wantedPacketBytes);
  if (bytes < wantedPacketBytes) {
    const remedy = setVariable(server, 'max_allowed_packet', '67108864');
    problems.push(problem('warning', 'MYSQL_SMALL_PACKETS', { address, bytes }, remedy));
  } else passed(`max_allowed_packet is ${bytes / 1_048_576} MB`);
  const zone = variables.get('time_zone');
  passed(
    `time_zone is ${zone === 'SYSTEM' ? `the system's (${variables.get('system_time_zone')})` : zone}; TIMESTAMP is read in UTC`,
  );
  const [follows] = await readReplication(connection, server);
  if (follows === undefined) {
    passed('it follows no other server');
    return problems;
  }
  const get = (name: string): string =>
    follows[name.replace('Source', 'Master').replace('Replica', 'Slave')] ?? follows[name] ?? '';
  const source = `${get('Source_Host')}:${get('Source_Port')}`;
  if ((variables.get('log_replica_updates') ?? variables.get('log_slave_updates')) !== 'ON')
    problems.push(problem('error', 'MYSQL_REPLICA_NOT_LOGGING', { address }, null));
  const running = { receiving: get('Replica_IO_Running'), applying: get('Replica_SQL_Running') };
  if (running.receiving !== 'Yes' || running.applying !== 'Yes') {
    const state = `receiving ${running.receiving}, applying ${running.applying}`;
    const remedy = server.flavor === 'mysql' && isAtLeast(server.version, 8, 0, 22) ? 'START REPLICA;' : 'START SLAVE;';
    problems.push(problem('warning', 'MYSQL_REPLICA_STOPPED', { address, source, state }, remedy));
  } else passed(`it follows ${source}, ${get('Seconds_Behind_Source') || '?'} s behind`);
  return problems;
};

const readReplication = async (
  connection: MysqlConnection,
  server: ServerFacts,
): Promise<readonly Readonly<Record<string, string | null>>[]> => {
  const statement =
    server.flavor === 'mariadb'
      ? statements.allSlavesStatus
      : isAtLeast(server.version, 8, 0, 22)
        ? statements.replicaStatus
        : statements.slaveStatus;
  try {
    return await connection.queryNamed(statement);
  } catch (error) {
    // MariaDB asks for REPLICA MONITOR, which reading the log does not need.
    if (isMillraceError(error, 'MYSQL_MISSING_GRANT')) return [];
    throw error;
  }
};

const tableProblems = async (
  connection: MysqlConnection,
  server: ServerFacts,
  config: MysqlConfig,
  passed: Passed,
): Promise<readonly Problem[]> => {
  const captures = selectsTable(config);
  const tables = await capturedTables(connection, captures);
  if (tables.length === 0) {
    return [problem('warning', 'MYSQL_NO_TABLES', { patterns: config.tables.join(', ') }, null)];
  }
  passed(`tables captured: ${tables.length}`);
  const problems: Problem[] = [];
  const { schema } = await readDefinitions(connection, server, captures);
  const keyless = tables
    .filter(({ database, name }) => findTable(schema, { database, name })?.table.primaryKey.length === 0)
    .map(({ database, name }) => `${database}.${name}`);
  if (keyless.length > 0) {
    const remedy = `ALTER TABLE ${quotedTable(keyless[0]!)} ADD COLUMN id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY;`;
    problems.push(problem('warning', 'MYSQL_NO_PRIMARY_KEY', { tables: keyless.join(', ') }, remedy));
  } else passed('each captured table has a primary key');
  if (server.flavor === 'mariadb' || !isAtLeast(server.version, 9, 6)) {
    const children = (await connection.query(statements.cascades))
      .filter(([database, table]) => captures(database!, table!))
      .map(([database, table]) => `${database}.${table}`);
    if (children.length > 0) {
      problems.push(problem('warning', 'MYSQL_CASCADES_NOT_LOGGED', { tables: children.join(', ') }, null));
    } else passed('no foreign key changes rows unlogged');
  }
  return problems;
};

const quotedTable = (name: string): string => name.split('.').map(quoteName).join('.');
