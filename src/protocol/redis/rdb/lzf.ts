/** What one byte can become: a reference of three bytes stands for at most 264. */
const mostPerByte = 264;

/**
 * Unpacks LZF as Redis packs long strings: a byte below 32 is followed by that many bytes and one; else its upper three bits say how
 * long a repetition is (7: one more byte says), the rest and the next byte how far back it starts. null: the bytes are damaged.
 * No memory is taken on the word of a length that so few bytes cannot become.
 */
export const unpackLzf = (packed: Uint8Array, length: number): Buffer | null => {
  if (length > packed.length * mostPerByte) return null;
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  let written = 0;
  while (at < packed.length) {
    const control = packed[at]!;
    at += 1;
    if (control < 32) {
      const run = control + 1;
      if (at + run > packed.length || written + run > length) return null;
      for (let i = 0; i < run; i += 1) out[written + i] = packed[at + i]!;
      at += run;
      written += run;
      continue;
    }
    let run = control >>> 5;
    if (run === 7) {
      if (at >= packed.length) return null;
      run += packed[at]!;
      at += 1;
    }
    run += 2;
    if (at >= packed.length) return null;
    const from = written - 1 - (((control & 31) << 8) | packed[at]!);
    at += 1;
    if (from < 0 || written + run > length) return null;
    // The repetition may run into what it writes, so byte by byte.
    for (let i = 0; i < run; i += 1) out[written + i] = out[from + i]!;
    written += run;
  }
  return written === length ? out : null;
};
