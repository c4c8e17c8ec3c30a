import type { MariadbGtidPosition } from '../../protocol/mysql/gtid/mariadb-gtid-position.ts';
import type { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';

/** What has been read of the log in GTIDs. Which class it is follows from the server's flavor. */
export type Gtids = MysqlGtidSet | MariadbGtidPosition;

/** A point of one server's binlog between two events groups. */
export interface BinlogPlace {
  /** `binlog.000042` */
  readonly file: string;
  /** Bytes from the start of `file`. */
  readonly offset: number;
  /** Everything before this point; null where the server logs no GTIDs. */
  readonly gtids: Gtids | null;
}
