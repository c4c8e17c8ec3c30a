import assert from 'node:assert/strict';
import { type EventFrame, headerLength } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeFormatDescription, type FormatDescription } from '../../protocol/mysql/events/format-description.ts';
import { decodeGtid, isGtidEvent } from '../../protocol/mysql/events/gtid.ts';
import { decodePreviousGtids } from '../../protocol/mysql/events/previous-gtids.ts';
import { FileFramer } from '../../protocol/mysql/file-framer.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';

/** A binlog file, whole, as a server wrote it. */
export interface BinlogFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A file with what its head says. */
export interface RecordedFile extends BinlogFile {
  readonly description: FormatDescription;
  readonly serverId: number;
  /** Where the event after FORMAT_DESCRIPTION starts. */
  readonly headEnd: number;
  /** All transactions before this file; null where the server logs no GTIDs of MySQL's kind. */
  readonly previous: MysqlGtidSet | null;
}

/** The binlog of a server that once was: files in order, of which the first ones can be purged, and which can go on growing. */
export class RecordedLog {
  #files: readonly RecordedFile[];
  #executed: MysqlGtidSet;
  #growth = new AbortController();

  constructor(files: readonly BinlogFile[]) {
    assert(files.length > 0, 'a recorded log has at least one file');
    this.#files = files.map(readHead);
    this.#executed = executedAfter(this.#files.at(-1)!);
  }

  get files(): readonly RecordedFile[] {
    return this.#files;
  }

  /** Everything the server had executed at the log's end; empty where it logs no GTIDs of MySQL's kind. */
  get executed(): MysqlGtidSet {
    return this.#executed;
  }

  /** Aborts the next time the log grows. */
  get growth(): AbortSignal {
    return this.#growth.signal;
  }

  /** The log goes on to `files`: what it has now, its last file perhaps longer, and those that follow. Purged files stay purged. */
  grow(files: readonly BinlogFile[]): void {
    const first = files.findIndex(({ name }) => name === this.#files[0]!.name);
    assert(first >= 0, 'a log that grows keeps its files');
    const known = new Map(this.#files.map((file) => [file.name, file]));
    this.#files = files.slice(first).map((file) => {
      const before = known.get(file.name);
      return before === undefined ? readHead(file) : { ...before, bytes: file.bytes };
    });
    this.#executed = executedAfter(this.#files.at(-1)!);
    const grown = this.#growth;
    this.#growth = new AbortController();
    // A reason of its own, since making the usual one costs more than all the rest.
    grown.abort('the log has grown');
  }

  /** Transactions that are in no file any more. */
  get purged(): MysqlGtidSet {
    return this.#files[0]!.previous ?? new MysqlGtidSet();
  }

  /** Lets go of the files before `name`, as PURGE BINARY LOGS TO does. */
  purgeTo(name: string): void {
    const index = this.#files.findIndex((file) => file.name === name);
    assert(index >= 0, `the recorded log has a file ${name}`);
    this.#files = this.#files.slice(index);
  }
}

const readHead = (file: BinlogFile): RecordedFile => {
  let description: FormatDescription | null = null;
  let serverId = 0;
  let headEnd = 0;
  let previous: MysqlGtidSet | null = null;
  eachEvent(file.bytes, (frame, end) => {
    if (frame.type === eventType.FORMAT_DESCRIPTION) {
      description = decodeFormatDescription(frame);
      serverId = frame.serverId;
      headEnd = end;
    } else if (frame.type === eventType.PREVIOUS_GTIDS) {
      previous = decodePreviousGtids(frame);
    }
    return frame.type === eventType.FORMAT_DESCRIPTION;
  });
  assert(description !== null, `${file.name} starts with a FORMAT_DESCRIPTION`);
  return { ...file, description, serverId, headEnd, previous };
};

const executedAfter = (file: RecordedFile): MysqlGtidSet => {
  const executed = file.previous?.clone() ?? new MysqlGtidSet();
  eachEvent(file.bytes, (frame) => {
    if (isGtidEvent(frame.type)) {
      const { uuid, tag, gno } = decodeGtid(frame);
      executed.add(uuid, tag, gno);
    }
    return true;
  });
  return executed;
};

/** Calls `visit` with each event and where it ends, until it answers false. */
const eachEvent = (bytes: Buffer, visit: (frame: EventFrame, end: number) => boolean): void => {
  const framer = new FileFramer();
  let going = true;
  for (let at = 0; at < bytes.length && going; ) {
    // One event at a time, so that a look at the head does not read the whole file.
    const size = at === 0 ? 4 : bytes.readUInt32LE(at + 9);
    assert(at === 0 || size >= headerLength, 'an event has at least its header');
    framer.push(bytes.subarray(at, at + size), (frame) => {
      going = visit(frame, at + size);
    });
    at += size;
  }
};
