/** The 16 bytes at `at` as MySQL prints a server_uuid: lower case, 8-4-4-4-12. The caller has checked that they are there. */
export const uuidText = (bytes: Buffer, at: number): string => {
  const hex = bytes.hexSlice(at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Writes the 16 bytes of a uuid in text form. */
export const writeUuid = (uuid: string, into: Buffer, at: number): void => {
  into.write(uuid.replaceAll('-', ''), at, 16, 'hex');
};
