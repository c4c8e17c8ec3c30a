/**
 * A client's answer to the greeting.
 *
 *   capabilities u4 | largest packet u4 | collation u1 | 00 × 23 | user, NUL | proof: lenenc or u1 length, bytes
 *   | [database, NUL] | [plugin, NUL] | [attributes]
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 */

import { ByteReader } from '../../../bytes/byte-reader.ts';
import { capability } from './capability.ts';

export interface LoginRequest {
  readonly user: string;
  /** That the client knows the password; empty for none. */
  readonly proof: Buffer;
  /** The plugin the proof was made for; null where the client names none. */
  readonly plugin: string | null;
}

/** Throws BYTES_MALFORMED for clients from before 4.1, and for those that want TLS, which the greeting did not offer. */
export const decodeLoginRequest = (payload: Buffer): LoginRequest => {
  const r = new ByteReader(payload, 0, payload.length, 'login request');
  const capabilities = r.u32();
  if ((capabilities & capability.PROTOCOL_41) === 0) throw r.malformed('a protocol older than 4.1');
  r.skip(4 + 1 + 23);
  if (r.left === 0) throw r.malformed('it asks for TLS');
  const user = nulTerminated(r);
  const length = (capabilities & capability.PLUGIN_AUTH_LENENC) !== 0 ? r.lenenc() : r.u8();
  const proof = Buffer.from(r.view(length));
  if ((capabilities & capability.CONNECT_WITH_DB) !== 0) nulTerminated(r);
  const plugin = (capabilities & capability.PLUGIN_AUTH) !== 0 ? nulTerminated(r) : null;
  return { user, proof, plugin };
};

/** Clients leave the last NUL out when nothing follows. */
const nulTerminated = (r: ByteReader): string => {
  const nul = r.bytes.indexOf(0, r.offset);
  const end = nul === -1 ? r.end : nul;
  const text = r.utf8(end - r.offset);
  if (nul !== -1) r.skip(1);
  return text;
};
