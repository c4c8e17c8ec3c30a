/**
 * A packet: what every message between client and server is cut into.
 *
 *   length u3 | sequence u1 | payload; a payload of ffffff bytes goes on in the next packet, an empty one when nothing is left
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */

const fullPacket = 0xffffff;

/** The packets that carry `payload`, numbered from `sequence` on. */
export const encodePacket = (payload: Uint8Array, sequence: number): Buffer => {
  const packets = Math.floor(payload.length / fullPacket) + 1;
  const bytes = Buffer.allocUnsafe(payload.length + 4 * packets);
  for (let i = 0; i < packets; i += 1) {
    const from = i * fullPacket;
    const length = Math.min(payload.length - from, fullPacket);
    const at = from + i * 4;
    bytes.writeUIntLE(length, at, 3);
    bytes[at + 3] = (sequence + i) & 0xff;
    bytes.set(payload.subarray(from, from + length), at + 4);
  }
  return bytes;
};
