/**
 * The hash that Kafka's own partitioner takes of a record's key: `Utils.murmur2` of kafka-clients, as a signed 32-bit number. Records
 * with equal keys then come into the same partition, whichever client wrote them.
 */
export const murmur2 = (bytes: Uint8Array, start = 0, end: number = bytes.length): number => {
  const length = end - start;
  let hash = seed ^ length;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, mixer);
    word ^= word >>> 24;
    hash = Math.imul(hash, mixer) ^ Math.imul(word, mixer);
  }
  const rest = end - at;
  if (rest > 0) {
    if (rest === 3) hash ^= bytes[at + 2]! << 16;
    if (rest >= 2) hash ^= bytes[at + 1]! << 8;
    hash = Math.imul(hash ^ bytes[at]!, mixer);
  }
  hash = Math.imul(hash ^ (hash >>> 13), mixer);
  return hash ^ (hash >>> 15);
};

/** The partition that Kafka's default partitioner gives a key. */
export const partitionOfKey = (bytes: Uint8Array, start: number, end: number, partitions: number): number =>
  partitions === 1 ? 0 : (murmur2(bytes, start, end) & 0x7fffffff) % partitions;

const seed = 0x9747b28c;
const mixer = 0x5bd1e995;
