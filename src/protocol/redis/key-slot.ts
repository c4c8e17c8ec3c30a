/**
 * Which of a cluster's slots a key lies in: CRC16 (XMODEM) of what stands between its first `{` and the `}` behind it, or of all of
 * it where nothing does. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 */
import { Buffer } from 'node:buffer';

/** Slots of a cluster, numbered from 0. */
export const slotCount = 16_384;

const table = new Uint16Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  table[byte] = crc;
}

/** The slot of the key that stands between `start` and `end`. */
export const keySlot = (key: Uint8Array, start = 0, end = key.length): number => {
  let from = start;
  let to = end;
  for (let open = start; open < end; open += 1) {
    if (key[open] !== 0x7b) continue;
    let close = open + 1;
    while (close < end && key[close] !== 0x7d) close += 1;
    // `{}` and a brace that is never closed mean nothing.
    if (close < end && close > open + 1) {
      from = open + 1;
      to = close;
    }
    break;
  }
  let crc = 0;
  for (let at = from; at < to; at += 1) crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ key[at]!]!;
  return crc & (slotCount - 1);
};

const tags: string[] = [];
let tried = 0;

/** A text that lies in a slot, to stand between braces: the least number that does. */
export const slotTag = (slot: number): string => {
  for (; tags[slot] === undefined; tried += 1) tags[keySlot(Buffer.from(String(tried)))] ??= String(tried);
  return tags[slot]!;
};
