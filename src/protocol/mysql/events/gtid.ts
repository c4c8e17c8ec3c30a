/**
 * GTID (33), ANONYMOUS_GTID (34) and GTID_TAGGED (42): the first event of every MySQL transaction.
 *
 *   33, 34:  flags u1 | uuid 16 | gno u8 | 02 | last_committed u8 | sequence_number u8
 *            | immediate_commit u7: 55 bits µs, top bit: [original_commit u7] | transaction_length lenenc
 *            | immediate_server_version u4: 31 bits, top bit: [original_server_version u4] | [commit_group_ticket u8]
 *            5.6 ends after gno, 5.7 after sequence_number, and so on: fields are there while bytes remain.
 *   42:      version (1) | size of the body | last field that must be understood | { field | value }*      all serialized integers
 *            0 flags · 1 uuid, 16 integers · 2 gno, signed · 3 tag: length, bytes · 4 last_committed, signed
 *            5 sequence_number, signed · 6 immediate_commit µs · 7 original_commit µs · 8 transaction_length
 *            9 immediate_server_version · 10 original_server_version · 11 commit_group_ticket
 *            Fields ascend; one that is absent has its default (original = immediate).
 *
 * MySQL libs/mysql/binlog/event/control_events.h (Gtid_event).
 */

import { type ByteReader, u32At, u64At } from '../../../bytes/byte-reader.ts';
import { bodyReader, type EventFrame } from '../event-frame.ts';
import { eventType } from '../event-type.ts';
import type { Gno } from '../gtid/gno.ts';
import { uuidText } from '../gtid/uuid.ts';
import { readSigned, readSize, readUnsigned } from './serialized-integer.ts';

/** The head of a transaction. Times and lengths are 0 where the server is too old to log them. */
export interface Gtid {
  /** Bit 0: the transaction may hold statements instead of rows (set for DDL). */
  readonly flags: number;
  /** Of the server that first committed it; zeros for ANONYMOUS_GTID. */
  readonly uuid: string;
  /** '' without one (always before MySQL 8.3). */
  readonly tag: string;
  readonly gno: Gno;
  /** It does not depend on transactions of this file numbered above `lastCommitted`. */
  readonly lastCommitted: number;
  readonly sequenceNumber: number;
  /** When the server that sends it committed it, in microseconds since 1970. */
  readonly immediateCommitMicros: number;
  /** When the server that first had it committed it. */
  readonly originalCommitMicros: number;
  /** Bytes of the whole transaction in the file, this event included: the next one starts at this one's start plus this. */
  readonly transactionLength: number;
  /** As 90704 for 9.7.4. */
  readonly immediateServerVersion: number;
  readonly originalServerVersion: number;
}

/** Decodes events of types 33, 34 and 42. */
export const decodeGtid = (frame: EventFrame): Gtid => ({ ...new GtidReader().read(frame).fields });

/** Whether events of this type start a transaction of MySQL. */
export const isGtidEvent = (type: number): boolean =>
  type === eventType.GTID || type === eventType.ANONYMOUS_GTID || type === eventType.GTID_TAGGED;

/**
 * Decodes GTID events without allocating: one object, overwritten by every `read`; the uuid and tag texts are made anew only when
 * they change, which is almost never. For streams of single-row transactions.
 */
export class GtidReader {
  readonly fields: { -readonly [Key in keyof Gtid]: Gtid[Key] } = {
    flags: 0,
    uuid: uuidText(Buffer.alloc(16), 0),
    tag: '',
    gno: 0,
    lastCommitted: 0,
    sequenceNumber: 0,
    immediateCommitMicros: 0,
    originalCommitMicros: 0,
    transactionLength: 0,
    immediateServerVersion: 0,
    originalServerVersion: 0,
  };
  /** The bytes behind `fields.uuid`. */
  readonly #uuid: Buffer = Buffer.alloc(16);
  readonly #unpacked: Buffer = Buffer.alloc(16);

  /** Takes an event of type 33, 34 or 42. */
  read(frame: EventFrame): this {
    const fields = this.fields;
    fields.tag = '';
    fields.lastCommitted = 0;
    fields.sequenceNumber = 0;
    fields.immediateCommitMicros = 0;
    fields.originalCommitMicros = 0;
    fields.transactionLength = 0;
    fields.immediateServerVersion = 0;
    fields.originalServerVersion = 0;
    if (frame.type === eventType.GTID_TAGGED) this.#readTagged(bodyReader(frame));
    else this.#readFixed(frame);
    return this;
  }

  #readFixed(frame: EventFrame): void {
    const fields = this.fields;
    const { bytes, body } = frame;
    const r = bodyReader(frame);
    // Looked at once for all: flags, uuid, gno; then the fields of 5.7.
    r.skip(25);
    fields.flags = bytes[body]!;
    this.#setUuid(bytes, body + 1);
    fields.gno = u64At(bytes, body + 17);
    if (r.left < 17 || bytes[r.offset] !== logicalTimestampType) return;
    r.skip(1);
    fields.lastCommitted = r.size64();
    fields.sequenceNumber = r.size64();
    if (r.left < 7) return;
    let at = r.advance(7);
    fields.immediateCommitMicros = micros(bytes, at);
    fields.originalCommitMicros = fields.immediateCommitMicros;
    if (bytes[at + 6]! & 0x80) {
      at = r.advance(7);
      fields.originalCommitMicros = micros(bytes, at);
    }
    if (r.left === 0) return;
    fields.transactionLength = r.lenenc();
    if (r.left < 4) return;
    const version = r.u32();
    fields.immediateServerVersion = version & 0x7fffffff;
    fields.originalServerVersion = version >= 0x80000000 ? r.u32() & 0x7fffffff : fields.immediateServerVersion;
  }

  #readTagged(r: ByteReader): void {
    const fields = this.fields;
    const start = r.offset;
    const version = readSize(r);
    if (version !== 1) throw r.malformed(`serialization version ${version}`);
    const size = readSize(r);
    if (size !== r.end - start) throw r.malformed(`it says ${size} bytes and has ${r.end - start}`);
    const mustKnow = readSize(r);
    let originalCommitMicros: number | null = null;
    let originalServerVersion: number | null = null;
    let seen = -1;
    while (r.left > 0) {
      const field = readSize(r);
      if (field <= seen) throw r.malformed(`field ${field} after field ${seen}`);
      seen = field;
      if (field > 11) {
        // Fields do not say their length, so nothing behind an unknown one can be read.
        if (field <= mustKnow) throw r.malformed(`field ${field} must be understood`);
        break;
      }
      switch (field) {
        case 0:
          fields.flags = readSize(r);
          break;
        case 1:
          for (let i = 0; i < 16; i += 1) this.#unpacked[i] = readSize(r);
          this.#setUuid(this.#unpacked, 0);
          break;
        case 2:
          fields.gno = readSigned(r);
          break;
        case 3:
          fields.tag = r.latin1(readSize(r));
          break;
        case 4:
          fields.lastCommitted = Number(readSigned(r));
          break;
        case 5:
          fields.sequenceNumber = Number(readSigned(r));
          break;
        case 6:
          fields.immediateCommitMicros = readSize(r);
          break;
        case 7:
          originalCommitMicros = readSize(r);
          break;
        case 8:
          fields.transactionLength = readSize(r);
          break;
        case 9:
          fields.immediateServerVersion = readSize(r);
          break;
        case 10:
          originalServerVersion = readSize(r);
          break;
        case 11:
          // commit_group_ticket: orders group commit inside the server.
          readUnsigned(r);
          break;
      }
    }
    fields.originalCommitMicros = originalCommitMicros ?? fields.immediateCommitMicros;
    fields.originalServerVersion = originalServerVersion ?? fields.immediateServerVersion;
  }

  #setUuid(bytes: Buffer, at: number): void {
    for (let i = 0; i < 16; i += 1) {
      if (bytes[at + i] !== this.#uuid[i]) {
        bytes.copy(this.#uuid, 0, at, at + 16);
        this.fields.uuid = uuidText(bytes, at);
        return;
      }
    }
  }
}

const logicalTimestampType = 2;

/** 55 bits; the years until 2255 fit a number exactly. */
const micros = (bytes: Buffer, at: number): number =>
  (u32At(bytes, at + 3) & 0x7fffffff) * 0x1000000 + (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
