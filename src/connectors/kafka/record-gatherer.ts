import { MillraceError } from '../../core/errors.ts';
import type { BatchBuffers } from './batch-buffers.ts';
import type { Compression } from './client/compression.ts';
import type { TopicPartition } from './client/producer.ts';
import { batchHeaderBytes, type RecordBatch, RecordBatchWriter, type RecordHeader } from './client/record-batch.ts';
import type { TopicFacts } from './topic-directory.ts';

export interface GathererOptions {
  readonly compression: Compression;
  readonly transactional: boolean;
  /** The most bytes in a batch before compression. */
  readonly batchBytes: number;
}

/** A batch on its way to being sent. */
export interface OutgoingBatch {
  readonly place: TopicPartition;
  readonly finished: Promise<RecordBatch>;
  /** Gives its bytes back. Once nobody looks at them any more. */
  release(): void;
}

interface OpenBatch {
  readonly facts: TopicFacts;
  readonly place: TopicPartition;
  block: Buffer;
  writer: RecordBatchWriter;
}

/** Puts the records of one write into batches, one after the other for each partition. */
export class RecordGatherer {
  readonly #buffers: BatchBuffers;
  readonly #options: GathererOptions;
  readonly #nowMillis: number;
  readonly #open = new Map<string, OpenBatch[]>();
  readonly #batches: OutgoingBatch[] = [];

  constructor(buffers: BatchBuffers, options: GathererOptions, nowMillis: number) {
    this.#buffers = buffers;
    this.#options = options;
    this.#nowMillis = nowMillis;
  }

  /** A key or value of null bytes is none. The bytes are copied. `millis`: the record's time; left out: now. */
  add(
    facts: TopicFacts,
    partition: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[],
    millis?: number,
  ): void {
    const size = RecordBatchWriter.sizeOf(keyEnd - keyStart, valueEnd - valueStart, headers);
    let batch = this.#batchFor(facts, partition);
    if (!batch.writer.hasRoomFor(size)) batch = this.#makeRoom(batch, size);
    batch.writer.add(key, keyStart, keyEnd, value, valueStart, valueEnd, headers, millis);
  }

  /** Everything gathered, to be sent in this order. Nothing may be added afterwards. */
  end(): readonly OutgoingBatch[] {
    for (const partitions of this.#open.values()) {
      for (const batch of partitions) if (batch !== undefined) this.#finish(batch);
    }
    this.#open.clear();
    return this.#batches;
  }

  #batchFor(facts: TopicFacts, partition: number): OpenBatch {
    let partitions = this.#open.get(facts.name);
    if (partitions === undefined) {
      partitions = [];
      this.#open.set(facts.name, partitions);
    }
    let batch = partitions[partition];
    if (batch === undefined) {
      const block = this.#buffers.take(0);
      batch = { facts, place: { topic: facts.name, partition }, block, writer: this.#writerFor(block) };
      partitions[partition] = batch;
    }
    return batch;
  }

  /** Goes over to a larger block while the batch may grow, else to another batch. */
  #makeRoom(batch: OpenBatch, size: number): OpenBatch {
    const { facts, place, writer, block } = batch;
    const limit = Math.min(this.#options.batchBytes, facts.maxBatchBytes);
    if (writer.length + size <= limit || writer.records === 0) {
      const wanted = writer.length + size;
      if (this.#options.compression === 'none' && wanted > facts.maxBatchBytes) {
        throw new MillraceError('KAFKA_RECORD_TOO_LARGE', { ...place, bytes: size, limit: facts.maxBatchBytes });
      }
      // Without need, a block is no larger than what may be sent.
      const larger = this.#buffers.take(Math.max(wanted, Math.min(block.length * 4, limit)));
      batch.block = larger;
      batch.writer = writer.moveTo(larger.length > limit ? larger.subarray(0, Math.max(limit, wanted)) : larger);
      this.#buffers.release(block);
      return batch;
    }
    this.#finish(batch);
    const next = this.#buffers.take(Math.min(block.length, Math.max(limit, size + batchHeaderBytes)));
    const fresh = { facts, place, block: next, writer: this.#writerFor(next) };
    this.#open.get(facts.name)![place.partition] = fresh;
    return fresh.writer.hasRoomFor(size) ? fresh : this.#makeRoom(fresh, size);
  }

  #writerFor(block: Buffer): RecordBatchWriter {
    const limit = this.#options.batchBytes;
    return new RecordBatchWriter(block.length > limit ? block.subarray(0, limit) : block, this.#nowMillis);
  }

  #finish({ facts, place, block, writer }: OpenBatch): void {
    const { compression, transactional } = this.#options;
    const buffers = this.#buffers;
    let packed: Buffer | null = null;
    // What is under way is held compressed: the block, the largest there is, goes on with the next records.
    const take = (size: number): Buffer => {
      buffers.release(block);
      packed = buffers.take(size);
      return packed;
    };
    const finished = writer.finish(compression, transactional, take).then((batch) => {
      if (batch.bytes.length <= facts.maxBatchBytes) return batch;
      throw new MillraceError('KAFKA_RECORD_TOO_LARGE', {
        ...place,
        bytes: batch.bytes.length,
        limit: facts.maxBatchBytes,
      });
    });
    // It is awaited when its turn comes; what fails before that has somebody waiting all the same.
    finished.catch(() => {});
    this.#batches.push({ place, finished, release: () => buffers.release(packed ?? block) });
  }
}
