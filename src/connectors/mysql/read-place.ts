import type { Position } from '../../core/batch.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { GtidSource } from './binlog-origin.ts';
import type { BinlogPlace, Gtids } from './binlog-place.ts';
import { type BinlogPosition, encodeBinlogPosition, fileNumber, type PreparedPlace } from './binlog-position.ts';

/** How far the log has been read in whole groups, and how sinks remember that. */
export class ReadPlace {
  /** What has been read in GTIDs; null: the server has none, or not only transactions with them. */
  gtids: Gtids | null;
  /** The place moved since the last batch, though nothing captured changed. */
  moved = false;

  readonly #start: BinlogPosition;
  #file: string;
  #offset: number;
  /** When that file was begun; 0: its FORMAT_DESCRIPTION has not come yet. */
  #fileTime: number;
  /** Snapshot steps that left at this place. */
  #step: number;

  constructor(start: BinlogPosition, gtids: Gtids | null) {
    this.#start = start;
    this.#file = start.file;
    this.#offset = start.offset;
    this.#fileTime = start.fileTime;
    this.#step = start.step;
    this.gtids = gtids;
  }

  /** The place with the GTIDs of now, or with a copy of them, since they go on changing. */
  at(gtids: Gtids | null): BinlogPlace {
    return { file: this.#file, offset: this.#offset, gtids };
  }

  /** A group has ended there, or another file has begun. `fileTime` as in `BinlogPosition`. */
  moveTo(file: string, offset: number, fileTime: number): void {
    this.#file = file;
    this.#offset = offset;
    this.#fileTime = fileTime;
    this.#step = 0;
    this.moved = true;
  }

  /** The server says that up to there nothing follows. Never moves back, nor to another file. */
  skipTo(file: string, offset: number): void {
    if (file === this.#file && offset > this.#offset) this.moveTo(file, offset, this.#fileTime);
  }

  /** Has become known when `file` was begun. */
  fileBegun(file: string, fileTime: number): void {
    if (this.#file === file) this.#fileTime = fileTime;
  }

  /** A batch from elsewhere leaves at this very place. */
  step(): void {
    this.#step += 1;
  }

  addGtid(source: GtidSource, number: number | bigint): void {
    const { gtids } = this;
    if (gtids === null) return;
    if (gtids instanceof MysqlGtidSet) {
      gtids.add(source.name, source.tag, number);
    } else {
      const [domain, server] = source.name.split('-');
      // Groups that are read a second time (prepared transactions) must not move the position back.
      if (!gtids.has(Number(domain), number)) gtids.set(Number(domain), Number(server), number);
    }
  }

  position(gtids: Gtids | null, flavor: BinlogPosition['flavor'], prepared: readonly PreparedPlace[]): Position {
    return encodeBinlogPosition({
      flavor,
      server: this.#start.server,
      epoch: this.#start.epoch,
      file: this.#file,
      offset: this.#offset,
      fileTime: this.#fileTime,
      step: this.#step,
      gtids: gtids === null ? null : gtids.toString(),
      prepared,
    });
  }

  get version(): string {
    return this.versionAt(this.#file, this.#offset, this.#step);
  }

  /** epoch, file number, offset and step, each of fixed width, so that versions grow as texts do. */
  versionAt(file: string, offset: number, step: number): string {
    const { epoch } = this.#start;
    return `${digits(epoch, 4)}-${digits(fileNumber(file), 10)}-${digits(offset, 16)}-${digits(step, 6)}`;
  }
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0');
