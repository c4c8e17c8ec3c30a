import assert from 'node:assert/strict';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { MariadbGtidPosition } from '../../protocol/mysql/gtid/mariadb-gtid-position.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { GroupStart } from './binlog-origin.ts';
import type { Gtids } from './binlog-place.ts';
import { type BinlogPosition, fileNumber, parseGtids } from './binlog-position.ts';
import type { MysqlConfig } from './config.ts';
import type { MysqlConnection } from './connection.ts';
import type { LogEnd } from './definitions.ts';
import type { DumpStart } from './dump.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { statements } from './statements.ts';

/** From where the log is read, in the three forms that different parts need. */
export interface StartPlace {
  /** What the lane holds before the first batch. */
  readonly position: BinlogPosition;
  /** `position.gtids`, to go on changing; null: not known, or the server has none. */
  readonly gtids: Gtids | null;
  readonly dump: DumpStart;
  readonly skip: ((group: GroupStart) => boolean) | null;
}

/** A binlog file on the server. */
export interface LogFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export const readLogFiles = async (connection: MysqlConnection): Promise<readonly LogFile[]> =>
  (await connection.query(statements.binaryLogs)).map(([name, size]) => ({ name: name!, sizeBytes: Number(size) }));

/** Throws MYSQL_BINLOG_OFF, MYSQL_BINLOG_FORMAT or MYSQL_ROW_IMAGE when the server's log cannot be followed at all. */
export const requireUsableLog = (server: ServerFacts): void => {
  const { address } = server;
  if (!server.logBin) throw new MillraceError('MYSQL_BINLOG_OFF', { address });
  if (server.binlogFormat !== 'ROW') {
    throw new MillraceError('MYSQL_BINLOG_FORMAT', { address, format: server.binlogFormat });
  }
  if (server.partialJson && server.rowImage === 'MINIMAL') throw new MillraceError('MYSQL_PARTIAL_JSON', { address });
  if (server.rowImage !== 'FULL') throw new MillraceError('MYSQL_ROW_IMAGE', { address, image: server.rowImage });
};

/**
 * From where to go on after `held`, once it is certain that this server still has everything behind it: throws
 * MYSQL_BINLOG_PURGED, MYSQL_SERVER_DIVERGED, MYSQL_SERVER_RESET or MYSQL_OTHER_SERVER when it has not.
 */
export const resumeFrom = async (
  held: BinlogPosition,
  server: ServerFacts,
  connection: MysqlConnection,
): Promise<StartPlace> => {
  const sameServer = held.server === server.identity;
  if (held.flavor !== server.flavor) throw otherServer(held, server);
  if (held.gtids !== null && server.hasGtids) {
    const gtids = parseGtids(held.flavor, held.gtids);
    await requireHeldGtids(gtids, held, server, connection);
    const position = sameServer ? held : elsewhere(held, server);
    if (gtids instanceof MysqlGtidSet) {
      // Prepared transactions that wait for their commit are asked for again.
      const wanted = gtids.subtract(preparedSet(held));
      return { position, gtids, dump: { by: 'gtid', gtids: wanted.toString() }, skip: null };
    }
    if (!held.prepared.some(({ empty }) => !empty)) {
      return { position, gtids, dump: { by: 'gtid', gtids: held.gtids }, skip: null };
    }
    // MariaDB's position cannot leave one transaction out, so reading starts at the oldest prepared one.
    if (!sameServer) throw otherServer(held, server);
    const before = gtids.clone();
    return { position, gtids, ...fromOldestPrepared(held, (group) => isHeld(before, group)) };
  }
  if (!sameServer) throw otherServer(held, server);
  await requireHeldFile(held, server, connection);
  const before = (group: GroupStart): boolean =>
    fileNumber(group.file) < fileNumber(held.file) || (group.file === held.file && group.offset < held.offset);
  return { position: held, gtids: null, ...fromOldestPrepared(held, before) };
};

/** The place of a log's end. */
export const startAtEnd = (server: ServerFacts, end: LogEnd): StartPlace => {
  const position = newPosition(server, end.file, end.offset, end.gtids);
  if (end.gtids === null) {
    return { position, gtids: null, dump: { by: 'file', file: end.file, offset: end.offset }, skip: null };
  }
  const gtids = parseGtids(server.flavor, end.gtids);
  return { position, gtids, dump: { by: 'gtid', gtids: end.gtids }, skip: null };
};

/** The beginning of a file, whose first events tell the GTIDs before it. */
export const startAtFile = (server: ServerFacts, file: string): StartPlace => ({
  position: newPosition(server, file, 4, null),
  gtids: null,
  dump: { by: 'file', file, offset: 4 },
  skip: null,
});

/** `scan.startup.mode: specific-offset`. */
export const startAtConfigured = async (
  config: MysqlConfig,
  server: ServerFacts,
  connection: MysqlConnection,
): Promise<StartPlace> => {
  const set = config['scan.startup.specific-offset.gtid-set'];
  if (set !== undefined) return await startAtGtids(set, server, connection);
  const file = config['scan.startup.specific-offset.file'];
  assert(file !== undefined, 'the settings were checked');
  const offset = config['scan.startup.specific-offset.pos'] ?? 4;
  requireFilePlace(await readLogFiles(connection), file, offset);
  const position = newPosition(server, file, offset, null);
  if (offset === 4 || !server.hasGtids) return { position, gtids: null, ...fromPlace(position) };
  // The file is read from its beginning, which says what GTIDs stand before it.
  return { ...startAtFile(server, file), skip: (group) => group.file === file && group.offset < offset };
};

/** Behind these GTIDs. Throws MYSQL_GTID_OFF, and what `resumeFrom` throws when the server does not have what comes then. */
export const startAtGtids = async (
  gtids: string,
  server: ServerFacts,
  connection: MysqlConnection,
): Promise<StartPlace> => {
  if (!server.hasGtids) throw new MillraceError('MYSQL_GTID_OFF', { address: server.address, mode: server.gtidMode });
  const position = newPosition(server, '', 0, parseGtids(server.flavor, gtids).toString());
  return await resumeFrom(position, server, connection);
};

/** Throws MYSQL_POSITION for a file that the server does not have, and for a byte behind its end. */
export const requireFilePlace = (files: readonly LogFile[], file: string, offset: number): void => {
  const found = files.find(({ name }) => name === file);
  if (found !== undefined && found.sizeBytes >= offset) return;
  const reason = found === undefined ? 'the server has no such file' : `the file has ${found.sizeBytes} bytes`;
  throw new MillraceError('MYSQL_POSITION', { position: `${file}:${offset}`, reason });
};

/** Leaves out everything before the first transaction that was logged at or after a second. */
export const skipBefore = (timestampMillis: number): ((group: GroupStart) => boolean) => {
  const second = Math.floor(timestampMillis / 1_000);
  let reached = false;
  return (group) => {
    reached ||= group.timestamp >= second;
    return !reached;
  };
};

const newPosition = (server: ServerFacts, file: string, offset: number, gtids: string | null): BinlogPosition => ({
  flavor: server.flavor,
  server: server.identity,
  epoch: 0,
  file,
  offset,
  fileTime: 0,
  step: 0,
  gtids,
  prepared: [],
});

/** The same transactions on another server, whose files are not known yet. */
const elsewhere = (held: BinlogPosition, server: ServerFacts): BinlogPosition => ({
  ...held,
  server: server.identity,
  epoch: held.epoch + 1,
  file: '',
  offset: 0,
  fileTime: 0,
  step: 0,
});

const otherServer = (held: BinlogPosition, server: ServerFacts): MillraceError =>
  new MillraceError('MYSQL_OTHER_SERVER', { address: server.address, held: held.server, found: server.identity });

const requireHeldGtids = async (
  gtids: Gtids,
  held: BinlogPosition,
  server: ServerFacts,
  connection: MysqlConnection,
): Promise<void> => {
  let extra = missingOn(server, gtids);
  // A transaction is sent a moment before the server counts it as executed.
  if (extra !== '') extra = missingOn(await readServerFacts(connection), gtids);
  if (extra !== '') {
    if (held.server !== server.identity)
      throw new MillraceError('MYSQL_SERVER_DIVERGED', { address: server.address, extra });
    throw new MillraceError('MYSQL_SERVER_RESET', {
      address: server.address,
      wanted: held.gtids ?? '',
      found: server.executed,
    });
  }
  if (!(gtids instanceof MysqlGtidSet)) {
    const [oldest] = await readLogFiles(connection);
    if (oldest === undefined) return;
    const [before] = await connection.query(statements.gtidPositionAt(oldest.name, 4));
    if (gtids.contains(MariadbGtidPosition.parse(before?.[0] ?? ''))) return;
    throw new MillraceError('MYSQL_BINLOG_PURGED', { wanted: gtids.toString(), oldest: oldest.name });
  }
  const lost = MysqlGtidSet.parse(server.purged).subtract(gtids);
  if (!lost.isEmpty) {
    const [oldest] = await readLogFiles(connection);
    throw new MillraceError('MYSQL_BINLOG_PURGED', { wanted: lost.toString(), oldest: oldest?.name ?? 'nothing' });
  }
};

/** What of `gtids` the server never had, as text. */
const missingOn = (server: ServerFacts, gtids: Gtids): string => {
  if (gtids instanceof MysqlGtidSet) return gtids.subtract(MysqlGtidSet.parse(server.executed)).toString();
  const state = new Map(
    server.binlogState
      .split(',')
      .map((gtid) => gtid.trim().split('-'))
      .map(([domain, id, sequence]) => [`${domain}-${id}`, BigInt(sequence || '0')]),
  );
  return gtids
    .gtids()
    .filter(({ domain, server: id, sequence }) => (state.get(`${domain}-${id}`) ?? 0n) < BigInt(sequence))
    .map(({ domain, server: id, sequence }) => `${domain}-${id}-${sequence}`)
    .join(',');
};

const requireHeldFile = async (
  held: BinlogPosition,
  server: ServerFacts,
  connection: MysqlConnection,
): Promise<void> => {
  const files = await readLogFiles(connection);
  const [oldest] = files;
  const wanted = `${held.file}:${held.offset}`;
  const found = files.find(({ name }) => name === held.file);
  if (found !== undefined && found.sizeBytes >= held.offset) return;
  if (oldest !== undefined && fileNumber(held.file) < fileNumber(oldest.name)) {
    throw new MillraceError('MYSQL_BINLOG_PURGED', { wanted, oldest: oldest.name });
  }
  const newest = files.at(-1);
  const end = newest === undefined ? 'no files' : `${newest.name}:${newest.sizeBytes}`;
  throw new MillraceError('MYSQL_SERVER_RESET', { address: server.address, wanted, found: end });
};

const preparedSet = (held: BinlogPosition): MysqlGtidSet =>
  MysqlGtidSet.parse(
    held.prepared
      .filter(({ gtid, empty }) => gtid !== null && !empty)
      .map(({ gtid }) => gtid)
      .join(','),
  );

/** Reading starts where the oldest prepared transaction stands, and leaves out what `isOld` says, but for those. */
const fromOldestPrepared = (
  held: BinlogPosition,
  isOld: (group: GroupStart) => boolean,
): Pick<StartPlace, 'dump' | 'skip'> => {
  const prepared = held.prepared.filter(({ empty }) => !empty);
  const [oldest] = prepared.toSorted((a, b) => fileNumber(a.file) - fileNumber(b.file) || a.offset - b.offset);
  if (oldest === undefined) return fromPlace(held);
  const isPrepared = (group: GroupStart): boolean =>
    prepared.some(({ file, offset }) => file === group.file && offset === group.offset);
  const { dump } = fromPlace(oldest);
  return { dump, skip: (group) => isOld(group) && !isPrepared(group) };
};

/** A dump by file and offset cannot name offsets beyond 4 GiB, so there it starts at the beginning of the file. */
const fromPlace = ({
  file,
  offset,
}: {
  readonly file: string;
  readonly offset: number;
}): Pick<StartPlace, 'dump' | 'skip'> =>
  offset <= 0xffff_ffff
    ? { dump: { by: 'file', file, offset }, skip: null }
    : {
        dump: { by: 'file', file, offset: 4 },
        skip: (group) => group.file === file && group.offset < offset,
      };

const isHeld = (gtids: MariadbGtidPosition, group: GroupStart): boolean => {
  if (group.source === null) return false;
  return gtids.has(Number(group.source.name.split('-')[0]), group.number);
};

/** Whether an error says that what stands behind the held position cannot be read on any more, for good. */
export const logIsLost = (error: unknown): error is MillraceError =>
  isMillraceError(error, 'MYSQL_BINLOG_PURGED') ||
  isMillraceError(error, 'MYSQL_SERVER_RESET') ||
  isMillraceError(error, 'MYSQL_SERVER_DIVERGED') ||
  isMillraceError(error, 'MYSQL_OTHER_SERVER') ||
  isMillraceError(error, 'MYSQL_DEFINITIONS_LOST');
