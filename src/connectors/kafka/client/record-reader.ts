import { decompress } from './compression.ts';
import { crc32c } from './protocol-library.ts';
import { batchHeaderBytes } from './record-batch.ts';

/** A record as places in `bytes`. The same object is handed out for every record, so keep what you need of it. */
export interface RecordView {
  bytes: Buffer;
  offset: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** `keyStart` -1: it has no key. */
  keyStart: number;
  keyEnd: number;
  /** `valueStart` -1: it has no value, a tombstone. */
  valueStart: number;
  valueEnd: number;
  headerCount: number;
  /** Where the first header stands, for `readHeaders`. */
  headersAt: number;
}

/** Bytes that are no records, or not the ones that were written; the message says what is wrong with them. */
export class DamagedRecords extends Error {}

/** A transaction that was aborted, and where its records begin. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** What a fetch brought of one partition. */
export interface FetchedRecords {
  /** Whole batches, maybe with the beginning of one more. They may begin before the offset that was asked for. */
  readonly bytes: Buffer;
  /** With read_committed, the aborted transactions that these batches may hold records of. */
  readonly aborted: readonly AbortedTransaction[];
}

/**
 * Hands every record from `offset` on to `take`, without those of aborted transactions and the marks between transactions, and
 * gives the offset to go on from: behind the last whole batch, whatever of it was left out. Which batches were aborted is told
 * by each fetch anew, so nothing is carried from one to the next: a producer may abort twice in one, or once over many.
 * Throws DamagedRecords.
 */
export const readRecords = (
  { bytes, aborted }: FetchedRecords,
  offset: number,
  take: (record: RecordView) => void,
): number => {
  const pending = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedProducers = new Set<bigint>();
  let next = offset;
  for (let at = 0; at + batchHeaderBytes <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 8) + 12;
    if (length < batchHeaderBytes) throw new DamagedRecords(`a batch of ${length} bytes`);
    if (at + length > bytes.length) break;
    const batch = bytes.subarray(at, at + length);
    at += length;
    if (batch[16] !== 2) throw new DamagedRecords(`a batch of format ${batch[16]}`);
    if (crc32c(batch.subarray(21)) !== batch.readUInt32BE(17))
      throw new DamagedRecords('the checksum of a batch does not match');
    const baseOffset = Number(batch.readBigInt64BE(0));
    const lastOffset = baseOffset + batch.readInt32BE(23);
    if (lastOffset < next) continue;
    const attributes = batch.readInt16BE(21);
    const producerId = batch.readBigInt64BE(43);
    while (pending.length > 0 && pending[0]!.firstOffset <= lastOffset)
      abortedProducers.add(pending.shift()!.producerId);
    if ((attributes & isControl) !== 0) {
      if (controlType(batch) === abortMark) abortedProducers.delete(producerId);
    } else if ((attributes & isTransactional) === 0 || !abortedProducers.has(producerId)) {
      readBatch(batch, attributes & compressionMask, baseOffset, next, take);
    }
    next = lastOffset + 1;
  }
  return next;
};

/** Hands each header of a record to `take`: the name, and the value's place in `record.bytes`; start -1: it has none. */
export const readHeaders = (
  { bytes, headerCount, headersAt }: RecordView,
  take: (name: string, start: number, end: number) => void,
): void => {
  const cursor = new VarintCursor(bytes, headersAt);
  for (let i = 0; i < headerCount; i += 1) {
    const nameLength = cursor.read();
    const name = bytes.utf8Slice(cursor.at, cursor.at + nameLength);
    cursor.at += nameLength;
    const length = cursor.read();
    if (length < 0) take(name, -1, -1);
    else {
      take(name, cursor.at, cursor.at + length);
      cursor.at += length;
    }
  }
};

const isTransactional = 0x10;
const isControl = 0x20;
const compressionMask = 0x07;
const abortMark = 0;

/** A control record's key: version i16, type i16. */
const controlType = (batch: Buffer): number => {
  const cursor = new VarintCursor(batch, batchHeaderBytes);
  cursor.read();
  cursor.at += 1;
  cursor.read();
  cursor.read();
  const keyLength = cursor.read();
  return keyLength >= 4 ? batch.readInt16BE(cursor.at + 2) : -1;
};

const readBatch = (
  batch: Buffer,
  compression: number,
  baseOffset: number,
  from: number,
  take: (record: RecordView) => void,
): void => {
  const packed = batch.subarray(batchHeaderBytes);
  const bytes = unpack(compression, packed);
  const count = batch.readInt32BE(57);
  const firstTimestamp = Number(batch.readBigInt64BE(27));
  const view: RecordView = {
    bytes,
    offset: 0,
    timestamp: 0,
    keyStart: -1,
    keyEnd: -1,
    valueStart: -1,
    valueEnd: -1,
    headerCount: 0,
    headersAt: 0,
  };
  const cursor = new VarintCursor(bytes, 0);
  for (let i = 0; i < count; i += 1) {
    const length = cursor.read();
    const end = cursor.at + length;
    if (length < 0 || end > bytes.length) throw new DamagedRecords('a record reaches beyond its batch');
    cursor.at += 1;
    view.timestamp = firstTimestamp + cursor.read();
    view.offset = baseOffset + cursor.read();
    const keyLength = cursor.read();
    view.keyStart = keyLength < 0 ? -1 : cursor.at;
    if (keyLength > 0) cursor.at += keyLength;
    view.keyEnd = keyLength < 0 ? -1 : cursor.at;
    const valueLength = cursor.read();
    view.valueStart = valueLength < 0 ? -1 : cursor.at;
    if (valueLength > 0) cursor.at += valueLength;
    view.valueEnd = valueLength < 0 ? -1 : cursor.at;
    view.headerCount = cursor.read();
    view.headersAt = cursor.at;
    if (cursor.at > end) throw new DamagedRecords('a field reaches beyond its record');
    cursor.at = end;
    if (view.offset >= from) take(view);
  }
};

const unpack = (compression: number, packed: Buffer): Buffer => {
  try {
    return decompress(compression, packed);
  } catch (error) {
    throw new DamagedRecords((error as Error).message, { cause: error });
  }
};

/** Reads zigzag varints. */
class VarintCursor {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Timestamps' differences reach beyond 32 bits, and stay below 2^53. */
  read(): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i += 1) {
      if (this.at >= bytes.length) throw new DamagedRecords('the records end within a number');
      const byte = bytes[this.at]!;
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    throw new DamagedRecords('a number of more than eight bytes');
  }
}
