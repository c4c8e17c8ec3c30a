import type { RowKey } from '../row-key.ts';

/** 2^26 bits: of ten million keys that are not there, one in fourteen is looked for in vain. */
const bits = 2 ** 26;

/** Says for certain that a key was never added, without holding keys (a Bloom filter): new keys need not be looked for on disk. */
export class KeyFilter {
  readonly #bits = new Uint32Array(bits / 32);

  add(key: RowKey): void {
    const hash = hashOf(key);
    this.#set(hash);
    this.#set(Math.imul(hash, 0x9e3779b1) ^ (hash >>> 15));
  }

  mayHave(key: RowKey): boolean {
    const hash = hashOf(key);
    return this.#has(hash) && this.#has(Math.imul(hash, 0x9e3779b1) ^ (hash >>> 15));
  }

  #set(hash: number): void {
    const bit = hash & (bits - 1);
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  #has(hash: number): boolean {
    const bit = hash & (bits - 1);
    return ((this.#bits[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }
}

/** 32 bits (murmur3's mixing). */
const hashOf = (key: RowKey): number => {
  if (typeof key === 'number') {
    const low = key | 0;
    if (low === key) return mixed(low);
    return mixed(low ^ mixed((key / 2 ** 32) | 0));
  }
  const text = String(key);
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
};

const mixed = (value: number): number => {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};
