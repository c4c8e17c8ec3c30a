import type { Position } from '../../core/batch.ts';
import type { MysqlOrigin } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import { count, flag, listOf, oneOf, orNull, record, type Shape, text } from '../../core/json-shape.ts';
import { position } from '../../core/position.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { MariadbGtidPosition } from '../../protocol/mysql/gtid/mariadb-gtid-position.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { Gtids } from './binlog-place.ts';

/** What a sink holds of a binlog, as the log's lane stores it. */
export interface BinlogPosition {
  readonly flavor: Flavor;
  /** The server's identity (server_uuid; see ServerFacts): without GTIDs, `file` and `offset` mean nothing elsewhere. */
  readonly server: string;
  /** Grows when the pipeline moves to another server's files, so that versions go on growing. */
  readonly epoch: number;
  readonly file: string;
  /** Where the next event group starts in `file`, in bytes. */
  readonly offset: number;
  /** When `file` was begun, by its FORMAT_DESCRIPTION, in seconds since 1970: tells a file from its namesake after a reset. 0: not known. */
  readonly fileTime: number;
  /** Batches that left at this very place after the log's own, as snapshot chunks do. */
  readonly step: number;
  /** Everything up to here; null where the server has no GTIDs, or not only transactions with GTIDs. */
  readonly gtids: string | null;
  /** XA transactions that were prepared before this place and are not decided yet. */
  readonly prepared: readonly PreparedPlace[];
}

/** Where the rows of a prepared XA transaction stand, so that they can be read again when it commits. */
export interface PreparedPlace {
  /** As `XA COMMIT` names it: `X'67',X'62',1`. */
  readonly xid: string;
  readonly gtid: string | null;
  readonly file: string;
  readonly offset: number;
  /** It changed no captured table, so there is nothing to read again. */
  readonly empty: boolean;
}

export const encodeBinlogPosition = (value: BinlogPosition): Position => position(JSON.stringify(value));

/** Throws MYSQL_POSITION for anything that `encodeBinlogPosition` did not write. */
export const decodeBinlogPosition = (held: Position): BinlogPosition => {
  try {
    return shape(JSON.parse(held));
  } catch (cause) {
    throw new MillraceError(
      'MYSQL_POSITION',
      { position: held.slice(0, 200), reason: 'it is no binlog position' },
      { cause },
    );
  }
};

export const parseGtids = (flavor: Flavor, text: string): Gtids =>
  flavor === 'mysql' ? MysqlGtidSet.parse(text) : MariadbGtidPosition.parse(text);

/** Whether everything in `part` is in `whole`. Both are of one flavor. */
const gtidsContain = (whole: Gtids, part: Gtids): boolean =>
  whole instanceof MysqlGtidSet ? whole.contains(part as MysqlGtidSet) : whole.contains(part as MariadbGtidPosition);

/** Whether who holds `held` has everything up to `at`. Without GTIDs, only places of one server can be compared. */
export const binlogCovers = (held: BinlogPosition, at: BinlogPosition): boolean => {
  if (held.gtids !== null && at.gtids !== null && held.flavor === at.flavor) {
    if (held.gtids === at.gtids) return compareFiles(held, at) !== 0 || held.step >= at.step;
    const [mine, other] = [parseGtids(held.flavor, held.gtids), parseGtids(at.flavor, at.gtids)];
    return gtidsContain(mine, other);
  }
  if (held.server !== at.server) return false;
  const order = compareFiles(held, at);
  return order > 0 || (order === 0 && held.step >= at.step);
};

/** Whether who holds `held` has the change that `origin` tells of. */
export const binlogHolds = (held: BinlogPosition, heldGtids: Gtids | null, origin: MysqlOrigin): boolean => {
  if (heldGtids !== null && origin.gtid !== null) {
    if (held.flavor !== origin.flavor) return false;
    return gtidsContain(heldGtids, parseGtids(held.flavor, origin.gtid));
  }
  const files = fileNumber(held.file) - fileNumber(origin.file);
  return files > 0 || (files === 0 && held.offset > origin.offset);
};

/** The number at the end of a binlog file's name: `binlog.000042` → 42. */
export const fileNumber = (file: string): number => Number(/\.(\d+)$/.exec(file)?.[1] ?? 0);

const compareFiles = (a: BinlogPosition, b: BinlogPosition): number =>
  a.epoch - b.epoch || fileNumber(a.file) - fileNumber(b.file) || a.offset - b.offset;

const shape: Shape<BinlogPosition> = record({
  flavor: oneOf(['mysql', 'mariadb']),
  server: text,
  epoch: count,
  file: text,
  offset: count,
  fileTime: count,
  step: count,
  gtids: orNull(text),
  prepared: listOf(record({ xid: text, gtid: orNull(text), file: text, offset: count, empty: flag })),
});
