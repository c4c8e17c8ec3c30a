/** Offsets by partition; null: the text has another form. */
export const parseSpecificOffsets = (text: string): ReadonlyMap<number, number> | null => {
  const offsets = new Map<number, number>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const match = /^\s*partition:(\d{1,9}),\s*offset:(\d{1,15})\s*$/.exec(part);
    if (match === null) return null;
    offsets.set(Number(match[1]), Number(match[2]));
  }
  return offsets.size === 0 ? null : offsets;
};
