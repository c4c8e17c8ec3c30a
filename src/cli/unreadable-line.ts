import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { UnreadableMessage } from '../core/unreadable-message.ts';

/** A message that a source could not read, as its line of the dead letter file holds it: bytes in base64. */
export interface UnreadableLine {
  /** Made of everything but the time: a letter that comes twice after a crash is one letter. */
  readonly id: string;
  readonly time: string;
  /** The place of the source in the pipeline's file, from 0. */
  readonly source: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly code: string;
  readonly message: string;
  /** `shop.orders-0@42`. */
  readonly position: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
}

export const unreadableLine = (
  { topic, partition, offset, timestampMs, key, value, headers, code, message }: UnreadableMessage,
  source: number,
  time: string,
): UnreadableLine => {
  const position = `${topic}-${partition}@${offset}`;
  const line = {
    source,
    topic,
    partition,
    offset,
    timestampMs,
    code,
    message,
    position,
    key: base64(key),
    value: base64(value),
    headers: headers.map(([name, bytes]) => [name, base64(bytes)!] as const),
  };
  const id = createHash('sha256').update(JSON.stringify(line)).digest('hex').slice(0, 12);
  return { id, time, ...line };
};

/** The message that the letter's line was made of. */
export const messageOf = (line: UnreadableLine): UnreadableMessage => {
  const { topic, partition, offset, timestampMs, code, message, key, value, headers } = line;
  return {
    topic,
    partition,
    offset,
    timestampMs,
    code,
    message,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(([name, bytes]) => [name, bytesOf(bytes)!] as const),
  };
};

const base64 = (bytes: Uint8Array | null): string | null =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const bytesOf = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text, 'base64'));
