import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import type { Image, RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Row } from '../../core/value.ts';
import type { RowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import type { RowReader } from '../../protocol/mysql/values/binlog-row-images.ts';

/** Rows that wait outside of memory. Those of one transaction go into one spill, and take its space until none of them is used any more. */
export interface RowSpill {
  /** The event's rows, which may be read from now on as often as wanted, though best one event after the other. */
  keep(event: RowsEvent, reader: RowReader): RowImages;
}

/** Throws MYSQL_XA_NO_ROOM when the system has no place for a temporary file. */
export const openSpillFile = (): RowSpill => {
  try {
    return new SpillFile();
  } catch (cause) {
    throw noRoom(cause);
  }
};

/** Nobody says when the last of some rows has been written to the last sink, so the file is closed when no rows are left. */
const forgotten = new FinalizationRegistry<number>((file) => closeSync(file));

/** A file that has lost its name already, so that nothing is left of it however the process ends. */
class SpillFile implements RowSpill {
  readonly #file: number;
  #size = 0;
  /** The event that was read last: whoever reads one row of it mostly wants the next. */
  #loaded: { readonly offset: number; readonly images: RowImages } | null = null;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-xa-'));
    try {
      this.#file = openSync(join(folder, 'rows'), 'wx+', 0o600);
      forgotten.register(this, this.#file);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  keep(event: RowsEvent, reader: RowReader): RowImages {
    const { length, byteLength } = reader.images(event);
    const offset = this.#size;
    const size = event.end - event.start;
    try {
      for (let at = 0; at < size; ) at += writeSync(this.#file, event.bytes, event.start + at, size - at, offset + at);
    } catch (cause) {
      throw noRoom(cause);
    }
    this.#size += size;
    const held = ownEvent(event, null);
    return new SpilledRows(length, byteLength, () => this.#load(held, offset, size, reader));
  }

  #load(event: RowsEvent, offset: number, size: number, reader: RowReader): RowImages {
    if (this.#loaded?.offset === offset) return this.#loaded.images;
    const bytes = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; ) {
      const read = readSync(this.#file, bytes, at, size - at, offset + at);
      if (read === 0) throw noRoom(new Error('it is shorter than what was written'));
      at += read;
    }
    const images = reader.images({ ...event, bytes, start: 0, end: size });
    this.#loaded = { offset, images };
    return images;
  }
}

/** The event without the bytes of the chunk that it came in; `bytes`: its rows alone, null where they are elsewhere. */
export const ownEvent = (event: RowsEvent, bytes: Buffer | null): RowsEvent => ({
  ...event,
  presentBefore: event.presentBefore && Uint8Array.from(event.presentBefore),
  presentAfter: event.presentAfter && Uint8Array.from(event.presentAfter),
  bytes: bytes ?? Buffer.alloc(0),
  start: 0,
  end: bytes?.length ?? 0,
});

const noRoom = (cause: unknown): MillraceError =>
  new MillraceError('MYSQL_XA_NO_ROOM', { folder: tmpdir(), reason: (cause as Error).message }, { cause });

class SpilledRows implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #load: () => RowImages;

  constructor(length: number, byteLength: number, load: () => RowImages) {
    this.length = length;
    this.byteLength = byteLength;
    this.#load = load;
  }

  has(index: number, image: Image, column: number): boolean {
    return this.#load().has(index, image, column);
  }

  before(index: number): Row | null {
    return this.#load().before(index);
  }

  after(index: number): Row | null {
    return this.#load().after(index);
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    this.#load().write(index, image, writer);
  }
}
