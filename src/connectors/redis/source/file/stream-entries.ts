/** A stream's id as 16 bytes, which sort as ids do. */
export const streamName = (id: string): Buffer => {
  const [ms, sequence] = id.split('-');
  const name = Buffer.alloc(16);
  name.writeBigUInt64BE(BigInt(ms!), 0);
  name.writeBigUInt64BE(BigInt(sequence ?? 0), 8);
  return name;
};

export const streamId = (name: Uint8Array): string => {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  return `${bytes.readBigUInt64BE(0)}-${bytes.readBigUInt64BE(8)}`;
};

/** An entry's names and values as one value: each with its length before it. */
export const packedEntry = (pairs: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    pairs.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return [length, text];
    }),
  );

export const entryPairs = (packed: Uint8Array): readonly Buffer[] => {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const pairs: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    pairs.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return pairs;
};
