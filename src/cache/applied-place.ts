import { decodeBinlogPosition, parseGtids } from '../connectors/mysql/binlog-position.ts';
import { isMillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import { MariadbGtidPosition } from '../protocol/mysql/gtid/mariadb-gtid-position.ts';
import { MysqlGtidSet } from '../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { WriteToken } from './cache-options.ts';

/** How far a pipeline has applied a server's log, as its sink keeps it in Redis. */
export interface AppliedPlace {
  readonly text: string;
  /** As MySQL words it, for WAIT_FOR_EXECUTED_GTID_SET; null: the log has no GTIDs, or is MariaDB's. */
  readonly executed: string | null;
  /** null: the log has no GTIDs. */
  readonly gtids: MysqlGtidSet | MariadbGtidPosition | null;
}

/** null: there is none, or it is no place of a binlog. */
export const appliedPlace = (text: string | null): AppliedPlace | null => {
  if (text === null) return null;
  if (last?.text === text) return last;
  try {
    const { flavor, gtids: told } = decodeBinlogPosition(position(text));
    const gtids = told === null ? null : parseGtids(flavor, told);
    last = { text, gtids, executed: gtids instanceof MysqlGtidSet ? gtids.toString() : null };
    return last;
  } catch (error) {
    if (isMillraceError(error)) return null;
    throw error;
  }
};

/** Asked for with every row that is brought, and the same as before for most. */
let last: AppliedPlace | null = null;

/** Of a write to a server without GTIDs: nothing tells whether it was applied. */
export const withoutGtids = 'without GTIDs' as WriteToken;

/** Whether a place holds the transactions of a write. */
export const holdsWrite = ({ gtids }: AppliedPlace, token: string): boolean => {
  if (gtids instanceof MysqlGtidSet) return gtids.contains(MysqlGtidSet.parse(token));
  return gtids?.contains(MariadbGtidPosition.parse(token)) ?? false;
};
