import { Buffer } from 'node:buffer';

export const standardAlphabet = Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  'latin1',
);
export const urlSafeAlphabet = Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  'latin1',
);

/** Writes bytes as base64 with padding; gives the place behind. Takes `base64Length` bytes. */
export const putBase64 = (
  out: Uint8Array,
  place: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  alphabet: Uint8Array,
): number => {
  let at = place;
  let from = start;
  for (; from + 2 < end; from += 3) {
    const group = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!;
    out[at] = alphabet[group >> 18]!;
    out[at + 1] = alphabet[(group >> 12) & 63]!;
    out[at + 2] = alphabet[(group >> 6) & 63]!;
    out[at + 3] = alphabet[group & 63]!;
    at += 4;
  }
  if (from === end) return at;
  const second = from + 1 < end ? bytes[from + 1]! : 0;
  const group = (bytes[from]! << 16) | (second << 8);
  out[at] = alphabet[group >> 18]!;
  out[at + 1] = alphabet[(group >> 12) & 63]!;
  out[at + 2] = from + 1 < end ? alphabet[(group >> 6) & 63]! : PADDING;
  out[at + 3] = PADDING;
  return at + 4;
};

export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;

const PADDING = 0x3d;
