/**
 * MariaDB's compressed part of an event (log_bin_compress).
 *
 *   header u1: 0x80 | algorithm << 4 | n | original length, n bytes big-endian, n = 1..4 | zlib stream to the end
 *
 * Algorithm 0 (zlib) is the only one. MariaDB sql/log_event.cc (binlog_buf_uncompress).
 */

import { inflateSync } from 'node:zlib';
import type { ByteReader } from '../../bytes/byte-reader.ts';
import { MillraceError } from '../../core/errors.ts';
import { maxEventBytes } from './event-size.ts';

/** Inflates the record that fills the rest of `r`. Never makes more bytes than the record says, or than an event may have. */
export const inflateRecord = (r: ByteReader): Buffer => {
  const header = r.u8();
  const lengthBytes = header & 0x07;
  if ((header & 0x80) === 0 || (header & 0x70) !== 0 || lengthBytes < 1 || lengthBytes > 4) {
    throw r.malformed(`0x${header.toString(16)} starts no compressed record`);
  }
  const length = r.bytes.readUIntBE(r.advance(lengthBytes), lengthBytes);
  if (length > maxEventBytes) {
    throw new MillraceError('BINLOG_EVENT_TOO_LARGE', {
      what: `inflated ${r.what}`,
      sizeBytes: length,
      limitBytes: maxEventBytes,
    });
  }
  const deflated = r.view(r.left);
  let inflated: Buffer;
  try {
    // zlib refuses a limit of 0; one byte more than announced would be refused below.
    inflated = inflateSync(deflated, { maxOutputLength: Math.max(length, 1) });
  } catch (error) {
    throw new MillraceError(
      'BYTES_MALFORMED',
      { what: r.what, reason: 'its zlib stream does not inflate to the length it states' },
      { cause: error },
    );
  }
  if (inflated.length !== length) throw r.malformed(`inflates to ${inflated.length} bytes instead of ${length}`);
  return inflated;
};
