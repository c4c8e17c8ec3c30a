import assert from 'node:assert/strict';
import { u32At, u48At } from '../../bytes/byte-reader.ts';
import type { Part, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import { type EventFrame, eventFlag, keepFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType, eventTypeName } from '../../protocol/mysql/event-type.ts';
import { decodeFormatDescription } from '../../protocol/mysql/events/format-description.ts';
import { GtidReader } from '../../protocol/mysql/events/gtid.ts';
import { decodeGtidList } from '../../protocol/mysql/events/gtid-list.ts';
import { decodeHeartbeat, decodeHeartbeatV2 } from '../../protocol/mysql/events/heartbeat.ts';
import { decodeIncident } from '../../protocol/mysql/events/incident.ts';
import { decodeMariadbGtid, mariadbGtidFlag } from '../../protocol/mysql/events/mariadb-gtid.ts';
import { PartialRows } from '../../protocol/mysql/events/partial-row-data.ts';
import { decodePreviousGtids } from '../../protocol/mysql/events/previous-gtids.ts';
import { decodeQuery, isBegin, isCommit, type Query } from '../../protocol/mysql/events/query.ts';
import { decodeRotate } from '../../protocol/mysql/events/rotate.ts';
import { decodeRowsEvent, endOfStatementTableId } from '../../protocol/mysql/events/rows-event.ts';
import { decodeTableMap } from '../../protocol/mysql/events/table-map.ts';
import { decodeTransactionPayload, type TransactionPayload } from '../../protocol/mysql/events/transaction-payload.ts';
import { decodeXaPrepare, xaIdText } from '../../protocol/mysql/events/xa-prepare.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { MariadbGtidPosition } from '../../protocol/mysql/gtid/mariadb-gtid-position.ts';
import { inflateAtOnceBytes, readSmallPayload } from '../../protocol/mysql/payload-framer.ts';
import { skipIgnorable } from '../../protocol/mysql/unknown-event.ts';
import {
  BinlogOrigin,
  type GroupStart,
  type GtidSource,
  type QuotedStatement,
  TransactionOrigin,
} from './binlog-origin.ts';
import type { BinlogPlace, Gtids } from './binlog-place.ts';
import type { BinlogPosition } from './binlog-position.ts';
import { FileIdentity } from './file-identity.ts';
import type { ForeignRows } from './foreign-rows.ts';
import { GroupedChanges } from './grouped-changes.ts';
import { LogOffset } from './log-offset.ts';
import { type MappedTable, mapsPositions } from './mapped-table.ts';
import { MappedTables } from './mapped-tables.ts';
import { PreparedTransactions } from './prepared-transactions.ts';
import { ReadPlace } from './read-place.ts';
import { statementHead } from './statement-verb.ts';
import type { StreamBatch } from './stream-batch.ts';
import type { TableCatalogue } from './table-catalogue.ts';
import { readXa, rollbackTarget, savepointName } from './transaction-statement.ts';

export interface TransactionReaderOptions {
  /** From where the log is read. `file` '' and offset 0: the server finds the place by GTIDs. */
  readonly start: BinlogPosition;
  readonly gtids: Gtids | null;
  readonly flavor: Flavor;
  /** The server's address, for messages. */
  readonly address: string;
  /** Positions may name GTIDs, because a dump can start by them on this server. */
  readonly hasGtids: boolean;
  readonly catalogue: TableCatalogue;
  /** Bytes of row events beyond which a transaction leaves in parts. */
  readonly partBytes: number;
  /** Groups to leave out: they are held already, or lie before where the user wants to begin. null: none. */
  readonly skip: ((group: GroupStart) => boolean) | null;
  /** Leave out what a millrace sink wrote: transactions that begin with the sink's table of positions. */
  readonly skipOwnWrites?: boolean;
  /** Counts rows of tables that the other side owns; left out: there are none. */
  readonly foreign?: ForeignRows | null;
}

/** Prepared transactions may hold in memory this many times what a transaction may before it leaves in parts. */
const preparedParts = 16;

/**
 * Puts the events of a binlog together to transactions, without any I/O. Feed it every event in order with `event`, and `take` what
 * became whole. A table map is decoded once per file, events of other tables cost a look-up, and rows nothing until they are read.
 */
export class TransactionReader {
  readonly #catalogue: TableCatalogue;
  readonly #partBytes: number;
  /** The file that reading was in, until the log has shown that it is still the same file. */
  #expected: FileIdentity | null;
  readonly #hasGtids: boolean;
  readonly #skip: ((group: GroupStart) => boolean) | null;
  readonly #skipOwnWrites: boolean;
  readonly #foreign: ForeignRows | null;
  readonly #gtidReader = new GtidReader();
  readonly #prepared: PreparedTransactions;
  readonly #sources = new Map<string, GtidSource>();

  #flavor: Flavor;
  /** After the last whole group. */
  readonly #place: ReadPlace;
  /** Where the next event starts. */
  readonly #log: LogOffset;
  /** Where the running event starts. */
  #at = 0;
  /** When the current file was begun, in seconds. */
  #fileTime: number;

  readonly #tables = new MappedTables();

  /** The group under way; null: between groups. */
  #group: TransactionOrigin | null = null;
  #groupStart = 0;
  /** The group ends with a commit of its own, not with its first statement. */
  #open = false;
  #skipping = false;
  #source: GtidSource | null = null;
  #groupBytes = 0;
  #partIndex = 0;
  #statement: QuotedStatement | null = null;
  /** The XA transaction whose rows the group brings. */
  #xid: string | null = null;
  readonly #partialRows = new PartialRows();
  #payload: TransactionPayload | null = null;
  /** Events that came after `#payload`. */
  readonly #waiting: EventFrame[] = [];

  readonly #changes = new GroupedChanges();
  readonly #ready: StreamBatch[] = [];

  constructor(options: TransactionReaderOptions) {
    const { start } = options;
    this.#catalogue = options.catalogue;
    this.#partBytes = options.partBytes;
    const readsAgain = start.prepared.some(({ empty }) => !empty);
    this.#expected = start.fileTime === 0 || readsAgain ? null : new FileIdentity(start, options.address);
    this.#hasGtids = options.hasGtids;
    this.#skip = options.skip;
    this.#skipOwnWrites = options.skipOwnWrites ?? false;
    this.#foreign = options.foreign ?? null;
    this.#flavor = options.flavor;
    this.#place = new ReadPlace(start, options.gtids);
    this.#log = new LogOffset(start.file, start.offset);
    this.#fileTime = start.fileTime;
    this.#prepared = new PreparedTransactions(start.prepared, options.partBytes * preparedParts);
  }

  /** When the current file was begun, in seconds since 1970; 0: not known. */
  get fileTime(): number {
    return this.#fileTime;
  }

  /** After the last whole transaction. Its GTID set goes on changing. */
  get place(): BinlogPlace {
    return this.#place.at(this.#place.gtids);
  }

  /** The place moved on since the last `take` or `heartbeat` that gave something. */
  get moved(): boolean {
    return this.#place.moved;
  }

  /** Parts of a transaction have left and its end has not. */
  get insideParts(): boolean {
    return this.#partIndex > 0;
  }

  /** What became whole, oldest first; null: nothing. Call until it answers null. */
  take(): StreamBatch | null {
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    if (!this.#changes.hasWhole) return null;
    return this.#batch(this.#changes.takeWhole(), null, this.#place.gtids);
  }

  /** An empty batch that only moves the position. */
  heartbeat(): StreamBatch {
    assert(
      this.#ready.length === 0 && !this.#changes.hasWhole && this.#partIndex === 0,
      'changes come before heartbeats',
    );
    return this.#batch([], null, this.#place.gtids);
  }

  /** The place as it is, for a batch that came from elsewhere (a snapshot) and leaves here. */
  stepBeside(): { readonly position: Position; readonly version: string } {
    assert(this.#partIndex === 0, 'nothing comes between the parts of a transaction');
    this.#place.step();
    return { position: this.#position(this.#place.gtids), version: this.#place.version };
  }

  /** The next event is the first one of `file`: for files, which do not say their own name. */
  beginFile(file: string): void {
    this.#tables.clear();
    // The events come behind the four bytes of magic.
    this.#log.moveTo(file, 4);
  }

  /** Takes the log's next event. Throws when it cannot be told what it means for captured tables. */
  event(frame: EventFrame): void {
    if (this.#payload !== null) {
      this.#waiting.push(keepFrame(frame));
      return;
    }
    const heartbeat = frame.type === eventType.HEARTBEAT || frame.type === eventType.HEARTBEAT_V2;
    if (!heartbeat) this.#at = this.#log.advance(frame);
    this.#read(frame);
  }

  #read(frame: EventFrame): void {
    if (this.#partialRows.unfinished && frame.type !== eventType.PARTIAL_ROW_DATA) {
      throw this.#unexpected(frame, 'it comes between the pieces of a rows event');
    }
    switch (frame.type) {
      case eventType.WRITE_ROWS:
      case eventType.UPDATE_ROWS:
      case eventType.DELETE_ROWS:
      case eventType.WRITE_ROWS_V1:
      case eventType.UPDATE_ROWS_V1:
      case eventType.DELETE_ROWS_V1:
      case eventType.PARTIAL_UPDATE_ROWS:
      case eventType.WRITE_ROWS_COMPRESSED_V1:
      case eventType.UPDATE_ROWS_COMPRESSED_V1:
      case eventType.DELETE_ROWS_COMPRESSED_V1:
      case eventType.WRITE_ROWS_COMPRESSED:
      case eventType.UPDATE_ROWS_COMPRESSED:
      case eventType.DELETE_ROWS_COMPRESSED:
        this.#rows(frame);
        return;
      case eventType.TABLE_MAP:
        this.#tableMap(frame);
        return;
      case eventType.GTID:
      case eventType.GTID_TAGGED:
      case eventType.ANONYMOUS_GTID:
        this.#mysqlGtid(frame);
        return;
      case eventType.MARIADB_GTID:
        this.#mariadbGtid(frame);
        return;
      case eventType.XID:
        this.#commit();
        return;
      case eventType.QUERY:
      case eventType.QUERY_COMPRESSED:
        this.#query(frame);
        return;
      case eventType.ROWS_QUERY:
        // Its first byte is the text's length, cut to 8 bits.
        this.#statement = { bytes: frame.bytes, start: frame.body + 1, end: frame.end };
        return;
      case eventType.ANNOTATE_ROWS:
        this.#statement = { bytes: frame.bytes, start: frame.body, end: frame.end };
        return;
      case eventType.TRANSACTION_PAYLOAD:
        this.#transactionPayload(frame);
        return;
      case eventType.PARTIAL_ROW_DATA: {
        const whole = this.#partialRows.add(frame);
        if (whole !== null) this.#rows(whole);
        return;
      }
      case eventType.XA_PREPARE:
        this.#xaPrepare(frame);
        return;
      case eventType.ROTATE:
        this.#rotate(frame);
        return;
      case eventType.FORMAT_DESCRIPTION:
        this.#formatDescription(frame);
        return;
      case eventType.PREVIOUS_GTIDS:
        if (this.#place.gtids === null && this.#hasGtids) this.#place.gtids = decodePreviousGtids(frame);
        return;
      case eventType.GTID_LIST:
        this.#gtidList(frame);
        return;
      case eventType.HEARTBEAT:
      case eventType.HEARTBEAT_V2:
        this.#heartbeat(frame);
        return;
      case eventType.INCIDENT: {
        const { number, message } = decodeIncident(frame);
        throw new MillraceError('MYSQL_INCIDENT', { ...this.#here(), reason: message || `incident ${number}` });
      }
      case eventType.BEGIN_LOAD_QUERY:
      case eventType.EXECUTE_LOAD_QUERY:
        if (this.#skipping) return;
        throw new MillraceError('MYSQL_STATEMENT_FORMAT', { ...this.#here(), verb: 'LOAD DATA' });
      case eventType.STOP:
      case eventType.INTVAR:
      case eventType.RAND:
      case eventType.USER_VAR:
      case eventType.APPEND_BLOCK:
      case eventType.DELETE_FILE:
      case eventType.IGNORABLE:
      case eventType.TRANSACTION_CONTEXT:
      case eventType.VIEW_CHANGE:
      case eventType.BINLOG_CHECKPOINT:
      case eventType.START_ENCRYPTION:
        // They say nothing about rows: values for statements, group replication's notes, what only the server needs.
        return;
      default:
        skipIgnorable(frame);
    }
  }

  /**
   * A compressed transaction too large to be inflated here and now. Whoever feeds the reader inflates it, gives its events to
   * `inner`, then calls `endPayload`. Until then all events of the log wait.
   */
  get payload(): TransactionPayload | null {
    return this.#payload;
  }

  /** Whether a group has begun and not ended. */
  get insideGroup(): boolean {
    return this.#group !== null;
  }

  /** Takes the next event from inside `payload`. It stands where the payload stands. */
  inner(frame: EventFrame): void {
    this.#read(frame);
  }

  endPayload(): void {
    this.#payload = null;
    for (const frame of this.#waiting.splice(0)) this.event(frame);
  }

  #rows(frame: EventFrame): void {
    if (this.#skipping) return;
    const group = this.#group;
    if (group === null) throw this.#unexpected(frame, 'outside of a transaction');
    const { bytes, body } = frame;
    const tableId = u48At(bytes, body);
    const table = this.#tables.find(tableId);
    if (table === undefined) {
      if (tableId === endOfStatementTableId) return;
      throw this.#unexpected(frame, `no table map for table id ${tableId}`);
    }
    const { reader } = table;
    if (reader === null) {
      // A sink touches its position before any row; a program that touches it among its own rows is no sink.
      if (table.marksOwn && this.#groupBytes === 0 && this.#partIndex === 0) this.#skipping = true;
      if (table.foreign) this.#foreign!.add(table.foreign(frame));
      return;
    }
    const event = decodeRowsEvent(frame);
    if (event.start === event.end) return;
    // Rows of an XA transaction may wait for long, and it is not known yet whether they will.
    const waits = this.#xid !== null;
    this.#changes.push({
      kind: 'rows',
      op: event.op,
      table: reader.table,
      rows: waits ? this.#prepared.keep(event, reader) : reader.images(event),
      origin: new BinlogOrigin(group, this.#at, waits ? null : this.#statement),
    });
    if (waits) return;
    this.#groupBytes += event.end - event.start;
    // Once it is known to be huge, smaller parts keep less in memory.
    if (this.#groupBytes > (this.#partIndex === 0 ? this.#partBytes : this.#partBytes / 4)) this.#splitOff();
  }

  #transactionPayload(frame: EventFrame): void {
    const payload = decodeTransactionPayload(frame);
    if (this.#skipping) this.#commit();
    else if (payload.inflatedBytes <= inflateAtOnceBytes) readSmallPayload(payload, (inner) => this.#read(inner));
    else this.#payload = payload;
  }

  #tableMap(frame: EventFrame): void {
    if (this.#skipping) return;
    const { bytes, body } = frame;
    const tableId = u48At(bytes, body);
    if (!this.#tables.knows(tableId, frame.size)) this.#tables.set(tableId, this.#mapTable(frame));
  }

  #mapTable(frame: EventFrame): MappedTable {
    const { bytes, body, size } = frame;
    const databaseEnd = body + 9 + bytes[body + 8]!;
    const database = bytes.utf8Slice(body + 9, databaseEnd);
    const name = bytes.utf8Slice(databaseEnd + 2, databaseEnd + 2 + bytes[databaseEnd + 1]!);
    if (this.#skipOwnWrites && mapsPositions(name)) return { size, reader: null, marksOwn: true };
    const foreign = this.#foreign?.counter(database, name, frame, this.#flavor) ?? null;
    if (!this.#catalogue.reads(database, name)) return { size, reader: null, marksOwn: false, foreign };
    // What came before it must leave with the definitions as they were.
    this.#cutCommitted();
    const { reader, change } = this.#catalogue.reader(decodeTableMap(frame, this.#flavor), this.#here());
    if (change !== null) {
      // The definition changed although no statement said so: sinks learn of it before its rows.
      this.#emit([{ kind: 'schema', ...change, statement: '', origin: this.#originHere(frame) }], null);
    }
    return { size, reader, marksOwn: false };
  }

  #mysqlGtid(frame: EventFrame): void {
    const { fields } = this.#gtidReader.read(frame);
    const micros = fields.originalCommitMicros || frame.timestamp * 1_000_000;
    if (frame.type === eventType.ANONYMOUS_GTID) {
      // From here on, GTIDs do not say what has been read.
      this.#place.gtids = null;
      this.#begin(frame, null, 0, micros);
    } else {
      this.#begin(frame, this.#sourceOf(fields.uuid, fields.tag), fields.gno, micros);
    }
    this.#open = false;
  }

  #mariadbGtid(frame: EventFrame): void {
    const { domain, server, sequence, flags, xa, thread, alter } = decodeMariadbGtid(frame);
    this.#begin(frame, this.#sourceOf(`${domain}-${server}`, ''), sequence, frame.timestamp * 1_000_000);
    this.#group!.thread = thread;
    if (alter === 'start' || alter === 'rollback') this.#skipping = true;
    this.#open = (flags & mariadbGtidFlag.STANDALONE) === 0;
    if (xa !== null && (flags & mariadbGtidFlag.PREPARED_XA) !== 0) this.#xid = xaIdText(xa);
  }

  #sourceOf(name: string, tag: string): GtidSource {
    const last = this.#source;
    if (last !== null && last.name === name && last.tag === tag) return last;
    const prefix = this.#flavor === 'mariadb' ? `${name}-` : tag === '' ? `${name}:` : `${name}:${tag}:`;
    let source = this.#sources.get(prefix);
    if (source === undefined) {
      source = { name, tag, prefix };
      this.#sources.set(prefix, source);
    }
    this.#source = source;
    return source;
  }

  #begin(frame: EventFrame, source: GtidSource | null, number: number | bigint, commitMicros: number): void {
    if (this.#group !== null) throw this.#unexpected(frame, 'the transaction before it has no end');
    const file = this.#log.file;
    this.#group = new TransactionOrigin(this.#flavor, frame.serverId, source, number, file, this.#at, commitMicros);
    this.#groupStart = this.#at;
    this.#skipping = this.#skip?.({ source, number, file, offset: this.#at, timestamp: frame.timestamp }) ?? false;
  }

  #query(frame: EventFrame): void {
    if (isBegin(frame)) {
      // Servers before 5.7 log no GTID event when GTIDs are off: the transaction begins here.
      if (this.#group === null) this.#begin(frame, null, 0, frame.timestamp * 1_000_000);
      this.#group!.thread ??= u32At(frame.bytes, frame.body);
      this.#group!.beginOffset = this.#at;
      this.#open = true;
      return;
    }
    if (isCommit(frame)) {
      this.#commit();
      return;
    }
    this.#otherQuery(frame, decodeQuery(frame));
  }

  #otherQuery(frame: EventFrame, query: Query): void {
    const head = statementHead(query.sql, this.#flavor);
    const { verb } = head;
    if (this.#group === null) this.#begin(frame, null, 0, frame.timestamp * 1_000_000);
    this.#group!.thread ??= query.thread;
    switch (verb) {
      case 'ROLLBACK':
        this.#rollback(query.sql);
        return;
      case 'SAVEPOINT':
        this.#changes.savepoint(savepointName(query.sql));
        return;
      case 'RELEASE':
        return;
      case 'XA':
        this.#xa(query.sql);
        return;
    }
    // What stands between BEGIN and COMMIT ends with the transaction; anything else is a group of its own.
    const ends = !this.#open;
    const skipping = this.#skipping;
    const before = this.#originHere(frame);
    if (skipping) {
      if (ends) this.#commit();
      return;
    }
    if (head.changesRows) {
      if (this.#catalogue.mayTouch(query, head))
        throw new MillraceError('MYSQL_STATEMENT_FORMAT', { ...this.#here(), verb });
      if (ends) this.#commit();
      return;
    }
    // What came before it must leave with the definitions as they were.
    this.#cutCommitted();
    const outcome = this.#catalogue.apply(query, before);
    if (ends) this.#commit();
    // Definitions may have changed without a change for sinks, and old table ids mean nothing any more.
    this.#tables.clear();
    if (outcome.length > 0) this.#emit(outcome, null);
  }

  /** `ROLLBACK` ends the group; `ROLLBACK TO` takes back what came since the savepoint. */
  #rollback(sql: string): void {
    const savepoint = rollbackTarget(sql);
    if (savepoint === null) {
      this.#foreign?.forget();
      this.#changes.rollBack();
      if (this.#partIndex > 0) {
        // Parts have left already: index 0 makes sinks discard them, and this one brings nothing instead.
        const transaction = this.#transactionName();
        this.#end();
        this.#emit([], { transaction, index: 0, last: true });
        return;
      }
      this.#end();
      return;
    }
    if (!this.#changes.hasSavepoint(savepoint)) return;
    if (this.#partIndex > 0) {
      throw new MillraceError('MYSQL_UNEXPECTED_EVENT', {
        event: 'QUERY',
        ...this.#here(),
        reason: 'it rolls a transaction back in part whose rows have left in parts',
      });
    }
    this.#changes.rollBackTo(savepoint);
  }

  #xa(sql: string): void {
    const { verb, xid } = readXa(sql);
    switch (verb) {
      case 'START':
      case 'BEGIN':
        this.#xid = xid;
        this.#open = true;
        return;
      case 'END':
        return;
      case 'COMMIT':
        // ONE PHASE commits the rows that this group brought; otherwise they came with the group that prepared them.
        if (!this.#skipping && this.#xid !== null) {
          this.#pushInParts(this.#changes.takeOpen());
        } else if (!this.#skipping) {
          const origin = new BinlogOrigin(this.#group!, this.#at, null);
          const rows = this.#prepared.rowsOf(xid, this.#here());
          this.#pushInParts(rows.map((change) => ({ ...change, origin })));
          this.#prepared.forget(xid);
        }
        this.#commit();
        return;
      case 'ROLLBACK':
        this.#prepared.forget(xid);
        this.#changes.rollBack();
        this.#end();
        return;
      default:
        this.#commit();
    }
  }

  #xaPrepare(frame: EventFrame): void {
    const { onePhase, xa } = decodeXaPrepare(frame);
    if (!this.#skipping) {
      const changes = this.#changes.takeOpen();
      const { file } = this.#log;
      const gtid = this.#group?.gtid ?? null;
      if (onePhase) this.#pushInParts(changes);
      else this.#prepared.add({ xid: xaIdText(xa), gtid, file, offset: this.#groupStart }, changes);
    }
    this.#commit();
  }

  /** Gives the group changes that waited until it was known that they count. More than a batch may hold leave in parts. */
  #pushInParts(changes: readonly Change[]): void {
    const sizeOf = (change: Change): number => (change.kind === 'rows' ? change.rows.byteLength : 0);
    const whole = changes.reduce((sum, change) => sum + sizeOf(change), 0) <= this.#partBytes;
    for (const change of changes) {
      if (!whole && this.#groupBytes > this.#partBytes / 4) this.#splitOff();
      this.#changes.push(change);
      this.#groupBytes += sizeOf(change);
    }
  }

  #commit(): void {
    if (this.#partIndex > 0) {
      const part = { transaction: this.#transactionName(), index: this.#partIndex, last: true };
      const changes = this.#changes.takeOpen();
      this.#end();
      this.#emit(changes, part);
      return;
    }
    this.#end();
    this.#changes.commit();
  }

  /** The group is over: the position moves behind it. */
  #end(): void {
    const group = this.#group;
    if (group !== null && group.source !== null) this.#place.addGtid(group.source, group.number);
    this.#foreign?.end();
    this.#group = null;
    this.#open = false;
    this.#skipping = false;
    this.#groupBytes = 0;
    this.#partIndex = 0;
    this.#statement = null;
    if (this.#xid !== null) this.#prepared.endOfRows();
    this.#xid = null;
    this.#changes.forgetSavepoints();
    this.#place.moveTo(this.#log.file, this.#log.next, this.#fileTime);
  }

  #rotate(frame: EventFrame): void {
    const { file, position } = decodeRotate(frame);
    const artificial = (frame.flags & eventFlag.ARTIFICIAL) !== 0;
    // The dump repeats the name of the file it goes on with; only another file starts the table ids afresh.
    if (artificial && file === this.#log.file && position !== 4) return;
    this.#tables.clear();
    this.#log.moveTo(file, position);
    if (!artificial && this.#group === null) this.#place.moveTo(file, position, 0);
  }

  #formatDescription(frame: EventFrame): void {
    this.#flavor = decodeFormatDescription(frame).flavor;
    this.#fileTime = frame.timestamp;
    this.#place.fileBegun(this.#log.file, this.#fileTime);
    this.#expected?.check(this.#log.file, this.#fileTime);
    this.#expected = null;
    this.#tables.clear();
    if (this.#group === null) return;
    // The server stopped while it wrote the transaction: what there was of it never committed.
    this.#foreign?.forget();
    this.#changes.rollBack();
    this.#end();
  }

  /** At the start of a file, MariaDB lists what all files before it hold. */
  #gtidList(frame: EventFrame): void {
    if (this.#place.gtids !== null || !this.#hasGtids) return;
    this.#place.gtids = MariadbGtidPosition.fromList(decodeGtidList(frame).gtids);
  }

  #heartbeat(frame: EventFrame): void {
    const { file, position } = frame.type === eventType.HEARTBEAT ? decodeHeartbeat(frame) : decodeHeartbeatV2(frame);
    if (this.#group !== null || file !== this.#log.file || position <= this.#log.next) return;
    this.#log.moveTo(file, position);
    this.#place.skipTo(file, position);
  }

  /** The group has grown past its limit: what it has so far leaves as a part. */
  #splitOff(): void {
    this.#cutCommitted();
    this.#emit(this.#changes.takeOpen(), { transaction: this.#transactionName(), index: this.#partIndex, last: false });
    this.#partIndex += 1;
    this.#groupBytes = 0;
  }

  /** Makes a batch of the whole groups at hand, so that something may come behind them. */
  #cutCommitted(): void {
    if (this.#changes.hasWhole) this.#emit(this.#changes.takeWhole(), null);
  }

  /** Queues a batch. More will be read before it leaves, so it gets GTIDs of its own. */
  #emit(changes: readonly Change[], part: Part | null): void {
    this.#ready.push(this.#batch(changes, part, this.#place.gtids?.clone() ?? null));
  }

  #batch(changes: readonly Change[], part: Part | null, gtids: Gtids | null): StreamBatch {
    this.#place.moved = false;
    const position = this.#position(gtids);
    const open = part !== null && !part.last;
    return {
      changes,
      place: this.#place.at(gtids),
      position,
      version: open ? this.#place.versionAt(this.#log.file, this.#log.next, part.index) : this.#place.version,
      part,
      // An open transaction leaves all lanes where they were, but a first position must come with its definitions.
      schema: open && this.#catalogue.given ? null : this.#catalogue.takeChanged(position),
    };
  }

  #position(gtids: Gtids | null): Position {
    return this.#place.position(gtids, this.#flavor, this.#prepared.places());
  }

  #transactionName(): string {
    return this.#group?.gtid ?? `${this.#log.file}:${this.#groupStart}`;
  }

  #originHere(frame: EventFrame): BinlogOrigin {
    const group =
      this.#group ??
      new TransactionOrigin(
        this.#flavor,
        frame.serverId,
        null,
        0,
        this.#log.file,
        this.#at,
        frame.timestamp * 1_000_000,
      );
    return new BinlogOrigin(group, this.#at, this.#statement);
  }

  #here(): { readonly file: string; readonly offset: number } {
    return { file: this.#log.file, offset: this.#at };
  }

  #unexpected(frame: EventFrame, reason: string): MillraceError {
    return new MillraceError('MYSQL_UNEXPECTED_EVENT', { event: eventTypeName(frame.type), ...this.#here(), reason });
  }
}
