import { createHash, randomUUID } from 'node:crypto';
import { MillraceError } from '../../core/errors.ts';
import type { MysqlConfig } from './config.ts';
import type { MysqlConnection } from './connection.ts';
import { isServerError } from './mysql-failure.ts';
import { statements } from './statements.ts';

/** What the source shows itself as to the server: like a replica's server_id, server_uuid and report_host. */
export interface ReplicaIdentity {
  readonly serverId: number;
  readonly uuid: string;
  /** Tells this source's own forgotten connection, which the server has not missed yet, from another reader with the same id. */
  readonly host: string;
}

/** Tells this process from another one that runs a pipeline of the same name. */
const thisProcess = randomUUID().slice(0, 8);

/**
 * Chooses the id: the configured one, or the first of its range that no other replica uses, or one made from the pipeline's and
 * source's name. Throws MYSQL_SERVER_ID_IN_USE when another reader has the configured one: going on would make the server end
 * the other's dump, and the two would take turns.
 *
 * Who registered under the same name may be this pipeline, killed a moment ago and not missed yet, or the same pipeline running twice.
 * A configured id is taken over, since there is no other. A made one is left to it: the next is as good.
 */
export const chooseIdentity = async (
  connection: MysqlConnection,
  config: MysqlConfig,
  pipeline: string,
  process: string = thisProcess,
): Promise<ReplicaIdentity> => {
  const name = createHash('sha256').update(`${pipeline}\0${config.name}`).digest();
  const sameName = `millrace-${name.toString('hex', 0, 8)}`;
  const host = `${sameName}-${process}`;
  const range = config['server-id'];
  const others = new Set<number>();
  for (const [serverId, reportedHost] of await readReplicas(connection)) {
    const own = range === undefined ? reportedHost === host : (reportedHost?.startsWith(sameName) ?? false);
    if (!own) others.add(Number(serverId));
  }
  // Above what people choose by hand.
  const hashed = 0x4000_0000 + (name.readUInt32LE(8) % 0x4000_0000);
  const first = range?.first ?? hashed;
  const last = range?.last ?? hashed + others.size;
  for (let serverId = first; serverId <= last; serverId += 1) {
    if (!others.has(serverId)) return { serverId, uuid: uuidFor(serverId), host };
  }
  throw new MillraceError('MYSQL_SERVER_ID_IN_USE', { address: connection.address, serverId: first });
};

/** One uuid per id, so that MySQL, which goes by the uuid, ends the older of two dumps with one id and says why. */
const uuidFor = (serverId: number): string => `6d696c6c-7261-6365-8000-${serverId.toString(16).padStart(12, '0')}`;

/** Who is registered, as far as this user may know: `[server id, host, …]`. */
const readReplicas = async (connection: MysqlConnection): Promise<readonly (readonly (string | null)[])[]> => {
  for (const statement of [statements.replicas, statements.slaveHosts]) {
    try {
      return await connection.query(statement);
    } catch (error) {
      // MariaDB asks for a right that reading the log does not need.
      if (error instanceof MillraceError && error.code === 'MYSQL_MISSING_GRANT') return [];
      if (!isServerError(error, 1064)) throw error;
    }
  }
  return [];
};
