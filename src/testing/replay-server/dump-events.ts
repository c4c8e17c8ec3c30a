import { checksumLength, emptyFrame, headerLength, readHeader } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import type { ChecksumAlgorithm } from '../../protocol/mysql/events/format-description.ts';
import { decodeGtid, isGtidEvent } from '../../protocol/mysql/events/gtid.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { ServerError } from '../../protocol/mysql/server/answers.ts';
import type { DumpRequest } from '../../protocol/mysql/server/command.ts';
import {
  fakeRotate,
  heartbeat,
  heartbeatV2,
  sentFormatDescription,
} from '../../protocol/mysql/server/made-up-events.ts';
import type { RecordedFile, RecordedLog } from './recorded-log.ts';

/** How a dump ends short of the log's end: with the error a server sends. */
export class DumpRefused extends Error {
  readonly answer: ServerError;

  constructor(message: string) {
    super(message);
    this.answer = { code: masterFatalErrorReadingBinlog, state: 'HY000', message };
  }
}

const masterFatalErrorReadingBinlog = 1236;

/** A dump has come to the log's end; whoever asks for more then gets it once the log has grown. */
export interface AtEnd {
  /** The event for a client that waits. */
  readonly heartbeat: () => Buffer;
}

/**
 * The events that MySQL sends for a dump request, one after the other, without end: where the log ends, it says so. The order, the made-up events
 * between the logged ones and the words of refusals are those of MySQL 9.7 (sql/rpl_binlog_sender.cc).
 *
 * @param checksum what the client set `@source_binlog_checksum` to; null: it did not.
 * @param serverUuid the server's own, which decides whose GTIDs a replica cannot have in advance.
 * @param repeats asked at each transaction: whether to send it twice.
 */
export function* dumpEvents(
  log: RecordedLog,
  request: DumpRequest,
  checksum: ChecksumAlgorithm | null,
  serverUuid: string,
  repeats: () => boolean = () => false,
): Generator<Buffer | AtEnd, never> {
  const held = request.gtids;
  const first = firstFile(log, request, held, serverUuid);
  if (request.position < firstPosition) {
    throw new DumpRefused('Client requested source to start replication from position < 4');
  }
  if (request.position > first.bytes.length) {
    throw new DumpRefused('Client requested source to start replication from position > file size');
  }

  let algorithm: ChecksumAlgorithm = checksum ?? 'none';
  const beat = (file: RecordedFile, position: number): Buffer =>
    (request.extraEvents ? heartbeatV2 : heartbeat)(file.serverId, file.name, position, algorithm);
  const frame = emptyFrame();
  // Servers do not purge files that a dump still needs.
  let files: readonly RecordedFile[] = log.files.slice(log.files.indexOf(first));
  let position = request.position;
  for (let index = 0; ; index += 1) {
    let file = files[index]!;
    yield fakeRotate(file.serverId, file.name, position, algorithm);
    if (checksum === null && file.description.checksum !== 'none') {
      throw new DumpRefused(
        `Replica can not handle replication events with the checksum that source is configured to log; ${place(request, file, file.headEnd, file.headEnd)}`,
      );
    }
    const description = file.bytes.subarray(firstPosition, file.headEnd);
    algorithm = file.description.checksum;
    yield sentFormatDescription(description, {
      fromInside: position > firstPosition,
      afterOthers: held !== null && !held.isEmpty,
    });
    position = Math.max(position, file.headEnd);

    let lastEnd = file.headEnd;
    let skipping = false;
    /** Where the last skipped transaction ends: the client learns it before the next event. */
    let skippedTo: number | null = null;
    let again: Buffer[] | null = null;
    for (;;) {
      const { bytes } = file;
      if (position === bytes.length) {
        if (again !== null) yield* again;
        again = null;
        if (skippedTo !== null) yield beat(file, skippedTo);
        skippedTo = null;
        if (index < files.length - 1) break;
        yield { heartbeat: () => beat(file, position) };
        files = grown(files, log);
        file = files[index]!;
        continue;
      }
      const size = position + headerLength <= bytes.length ? bytes.readUInt32LE(position + 9) : headerLength;
      if (size < headerLength) {
        throw new DumpRefused(`bogus data in log event; ${place(request, file, lastEnd, position + headerLength)}`);
      }
      const end = position + size;
      if (end > bytes.length) {
        throw new DumpRefused(
          `binlog truncated in the middle of event; consider out of disk space on source; ${place(request, file, lastEnd, bytes.length)}`,
        );
      }
      readHeader(frame, bytes, position, algorithm === 'crc32' ? end - checksumLength : end);
      const starts = isGtidEvent(frame.type);
      if (starts && held !== null) {
        const { uuid, tag, gno } = decodeGtid(frame);
        skipping = held.has(uuid, tag, gno);
      }
      if (frame.type === eventType.ROTATE) skipping = false;
      if (skipping) {
        skippedTo = end;
      } else {
        if (again !== null && (starts || !insideTransaction(frame.type))) {
          yield* again;
          again = null;
        }
        if (skippedTo !== null) yield beat(file, skippedTo);
        skippedTo = null;
        const event = bytes.subarray(position, end);
        if (starts && repeats()) again = [];
        again?.push(event);
        yield event;
      }
      position = end;
      lastEnd = end;
    }
    position = firstPosition;
  }
}

/** The same files as they are now, and those that follow. */
const grown = (files: readonly RecordedFile[], log: RecordedLog): readonly RecordedFile[] => {
  const now = new Map(log.files.map((file) => [file.name, file]));
  const same = files.map((file) => now.get(file.name) ?? file);
  const last = log.files.findIndex(({ name }) => name === files.at(-1)!.name);
  return [...same, ...log.files.slice(last + 1)];
};

/** After the file's magic number. */
const firstPosition = 4;

const insideTransaction = (type: number): boolean =>
  type !== eventType.ROTATE && type !== eventType.STOP && type !== eventType.FORMAT_DESCRIPTION;

const firstFile = (
  log: RecordedLog,
  request: DumpRequest,
  held: MysqlGtidSet | null,
  serverUuid: string,
): RecordedFile => {
  if (request.file === '' && held !== null) return fileAfter(log, held, serverUuid);
  const file = request.file === '' ? log.files[0] : log.files.find(({ name }) => name === request.file);
  if (file === undefined) throw new DumpRefused('Could not find first log file name in binary log index file');
  return file;
};

/** The file where the first transaction that `held` lacks can be. */
const fileAfter = (log: RecordedLog, held: MysqlGtidSet, serverUuid: string): RecordedFile => {
  const own = held.intersect(MysqlGtidSet.parse(`${serverUuid}:1-${highestGno}`));
  if (!log.executed.contains(own)) {
    throw new DumpRefused(
      "Replica has more GTIDs than the source has, using the source's SERVER_UUID. This may indicate that the the last binary log file was truncated or lost, e.g., after a power failure when sync_binlog != 1. The source may have rolled back transactions that were already replicated to the replica. Replicate any transactions that source has rolled back from replica to source, and/or commit empty transactions on source to account for transactions that have been committed on source but are not included in GTID_EXECUTED.",
    );
  }
  const missing = log.purged.subtract(held);
  if (!missing.isEmpty) {
    throw new DumpRefused(
      `Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere, or provision a new replica from backup. Consider increasing the source's binary log expiration period. The GTID set sent by the replica is '${held}', and the missing transactions are '${missing}'`,
    );
  }
  return log.files.findLast(({ previous }) => previous !== null && held.contains(previous)) ?? log.files[0]!;
};

/** 2^63 - 2. */
const highestGno = '9223372036854775806';

/** Where a dump broke off, as the server's errors put it. */
const place = (request: DumpRequest, file: RecordedFile, lastEvent: number, lastByte: number): string =>
  `the first event '${request.file}' at ${request.position}, the last event read from './${file.name}' at ${lastEvent}, the last byte read from './${file.name}' at ${lastByte}.`;
