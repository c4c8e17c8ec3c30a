/**
 * MySQL's packets, the layer under every message in both directions.
 *
 *   length u3 | sequence u1 | payload
 *
 * A payload of ffffff bytes or more goes on in the next packet, in an empty one when nothing is left.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */

const fullPacket = 0xffffff;

/** Puts `payload` into as many packets as it takes, the first numbered `sequence`. */
export const framePackets = (payload: Buffer, sequence: number): readonly Buffer[] => {
  const parts: Buffer[] = [];
  for (let at = 0, number = sequence; ; at += fullPacket, number += 1) {
    const end = Math.min(at + fullPacket, payload.length);
    const header = Buffer.alloc(4);
    header.writeUIntLE(end - at, 0, 3);
    header[3] = number & 0xff;
    parts.push(header, payload.subarray(at, end));
    if (end - at < fullPacket) return parts;
  }
};

/** How many packets `framePackets` makes of a payload of this length. */
export const packetCount = (payloadLength: number): number => Math.floor(payloadLength / fullPacket) + 1;

/** Gathers a client's packets from chunks cut anywhere. */
export class PacketSplitter {
  #pending: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  /** Takes the next bytes; calls `onPayload` for each payload they complete, with the number of its last packet. */
  push(chunk: Buffer, onPayload: (payload: Buffer, sequence: number) => void): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readUIntLE(0, 3);
      if (bytes.length < 4 + length) break;
      const sequence = bytes[3]!;
      this.#parts.push(bytes.subarray(4, 4 + length));
      bytes = bytes.subarray(4 + length);
      if (length === fullPacket) continue;
      const payload = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [];
      onPayload(payload, sequence);
    }
    this.#pending = bytes;
  }
}
