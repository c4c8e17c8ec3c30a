import type { Lane, Position } from '../../../core/batch.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { position } from '../../../core/position.ts';
import { encodeBinlogPosition } from '../binlog-position.ts';
import type { MysqlConnection } from '../connection.ts';
import { isServerError } from '../mysql-failure.ts';
import { readServerFacts } from '../server-facts.ts';
import { quoteName, quoteText } from '../statements.ts';

/**
 * Where a pipeline's writers stand in this server: their rows of `millrace_position`, in whatever database they keep it. Where no
 * pipeline is named and none wrote here, a replica answers with what it executed itself.
 */
export const readHeld = async (
  connection: MysqlConnection,
  pipeline: string | null,
  lane: Lane,
): Promise<readonly Position[]> => {
  const held: Position[] = [];
  for (const database of await positionDatabases(connection)) {
    const where = `lane = ${quoteText(lane)}${pipeline === null ? '' : ` AND pipeline = ${quoteText(pipeline)}`}`;
    const rows = await connection.query(
      `SELECT position FROM ${quoteName(database)}.millrace_position WHERE ${where} AND position IS NOT NULL`,
    );
    held.push(...rows.map(([text]) => position(text!)));
  }
  if (held.length > 0 || pipeline !== null || !/\/binlog$/.test(lane)) return held;
  return await ownPosition(connection);
};

const positionDatabases = async (connection: MysqlConnection): Promise<readonly string[]> => {
  try {
    const rows = await connection.query(
      "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = 'millrace_position'",
    );
    return rows.map(([database]) => database!);
  } catch (error) {
    if (isServerError(error, 1142)) return [];
    throw error;
  }
};

const ownPosition = async (connection: MysqlConnection): Promise<readonly Position[]> => {
  const server = await readServerFacts(connection);
  if (!server.hasGtids || !(await isReplica(connection))) return [];
  const { flavor, identity, executed } = server;
  return [
    encodeBinlogPosition({
      flavor,
      server: identity,
      epoch: 0,
      file: '',
      offset: 0,
      fileTime: 0,
      step: 0,
      gtids: executed,
      prepared: [],
    }),
  ];
};

/** MySQL since 8.0.22, else MariaDB and older ones. Whoever may not ask is told nothing. */
const isReplica = async (connection: MysqlConnection): Promise<boolean> => {
  for (const statement of ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS']) {
    try {
      return (await connection.query(statement)).length > 0;
    } catch (error) {
      if (!isMillraceError(error, 'MYSQL_SERVER_REFUSED') && !isMillraceError(error, 'MYSQL_MISSING_GRANT'))
        throw error;
    }
  }
  return false;
};
