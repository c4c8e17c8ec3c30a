/**
 * ROTATE (4): the log goes on in another file. Servers also make one up at the start of a dump and of each further file
 * (timestamp 0, flag ARTIFICIAL).
 *
 *   position u8 | file name to the end, no NUL
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface Rotate {
  readonly file: string;
  readonly position: number;
}

export const decodeRotate = (frame: EventFrame): Rotate => {
  const r = bodyReader(frame);
  const position = r.size64();
  return { position, file: r.utf8(r.left) };
};

/** The body of such an event. */
export const encodeRotate = (rotate: Rotate): Buffer => {
  const position = Buffer.alloc(8);
  position.writeBigUInt64LE(BigInt(rotate.position));
  return Buffer.concat([position, Buffer.from(rotate.file)]);
};
