/**
 * START_ENCRYPTION (164), MariaDB: in the file, everything after it is encrypted; servers send it decrypted.
 *
 *   scheme u1 (1) | key_version u4 | nonce 12
 *
 * MariaDB sql/log_event.h (Start_encryption_log_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface StartEncryption {
  readonly scheme: number;
  readonly keyVersion: number;
}

export const decodeStartEncryption = (frame: EventFrame): StartEncryption => {
  const r = bodyReader(frame);
  const scheme = r.u8();
  return { scheme, keyVersion: r.u32() };
};
