/**
 * The first packet of a connection, from the server (handshake version 10).
 *
 *   0a | server version, NUL | connection id u4 | scramble 8 | 00 | capabilities u2, low | collation u1 | status u2
 *   | capabilities u2, high | scramble length + 1 u1 | 00 × 10 | scramble 12, NUL | authentication plugin, NUL
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */

import { capability } from './capability.ts';
import type { AuthenticationPlugin } from './password-proof.ts';

/** Random bytes a client mixes into the proof that it knows the password. */
export const scrambleLength = 20;

export const encodeGreeting = (greeting: {
  readonly serverVersion: string;
  readonly connectionId: number;
  /** Without NUL bytes: clients take it for a text. */
  readonly scramble: Buffer;
  readonly plugin: AuthenticationPlugin;
}): Buffer => {
  const capabilities = Object.values(capability).reduce((bits, bit) => bits | bit, 0);
  const fixed = Buffer.alloc(4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10);
  fixed.writeUInt32LE(greeting.connectionId, 0);
  greeting.scramble.copy(fixed, 4, 0, 8);
  fixed.writeUInt16LE(capabilities & 0xffff, 13);
  fixed[15] = utf8mb4;
  fixed.writeUInt16LE(autocommit, 16);
  fixed.writeUInt16LE(capabilities >>> 16, 18);
  fixed[20] = scrambleLength + 1;
  return Buffer.concat([
    Buffer.from([10]),
    nulTerminated(greeting.serverVersion),
    fixed,
    greeting.scramble.subarray(8),
    Buffer.from([0]),
    nulTerminated(greeting.plugin),
  ]);
};

/** utf8mb4_0900_ai_ci. */
const utf8mb4 = 255;
/** SERVER_STATUS_AUTOCOMMIT. */
const autocommit = 2;

const nulTerminated = (text: string): Buffer => Buffer.from(`${text}\0`);
