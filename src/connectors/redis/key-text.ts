/** A key as a person reads it: bytes that are no text as `\xff`, a long one cut. */
export const keyText = (name: Buffer): string => {
  const text = name
    .subarray(0, 200)
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]|\\/g, (letter) => {
      return letter === '\\' ? '\\\\' : `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
    });
  return name.length > 200 ? `${text}…` : text;
};

/** What stands for itself in a pattern of SCAN. */
export const globQuoted = (text: Buffer): Buffer =>
  Buffer.from([...text].flatMap((byte) => ('\\*?[]^-'.includes(String.fromCharCode(byte)) ? [0x5c, byte] : [byte])));
