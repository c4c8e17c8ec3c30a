import { Buffer } from 'node:buffer';
import { expectEnd, isNull, ObjectCursor, OPEN_BRACE, unreadable } from './json-scanner.ts';

/** What a message's value or key holds, in Kafka Connect's `{"schema":{…},"payload":…}` or without it. */
export interface Payload {
  /** Where it begins. */
  readonly start: number;
  /** Its Connect schema as JSON; null: it has none. */
  readonly schema: Uint8Array | null;
}

/** An object with other fields than these two is the payload itself. Throws FORMAT_MESSAGE_UNREADABLE. */
export const payloadOf = (bytes: Uint8Array, end: number): Payload => {
  let fields = 0;
  let schema = 0;
  let schemaEnd = 0;
  let payload = 0;
  cursor.open(bytes, 0, end);
  while (cursor.next()) {
    const valueEnd = cursor.pass();
    fields += 1;
    if (cursor.keyIs(schemaKey)) {
      schema = cursor.valueStart;
      schemaEnd = valueEnd;
    } else if (cursor.keyIs(payloadKey)) payload = cursor.valueStart;
  }
  expectEnd(bytes, cursor.at, end);
  if (fields !== 2 || schema === 0 || payload === 0) return alone;
  return { start: payload, schema: isNull(bytes, schema) ? null : bytes.subarray(schema, schemaEnd) };
};

/** The same for what must be a row. */
export const rowOf = (bytes: Uint8Array, end: number): Payload => {
  const payload = payloadOf(bytes, end);
  if (payload.start > 0 && bytes[payload.start] !== OPEN_BRACE) unreadable('its payload is no object');
  return payload;
};

const cursor = new ObjectCursor();
const alone: Payload = { start: 0, schema: null };
const schemaKey = Buffer.from('"schema"');
const payloadKey = Buffer.from('"payload"');
