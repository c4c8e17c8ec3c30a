/** A number as Redis reads a score; NaN: it is none. */
export const scoreOf = (text: Uint8Array): number => {
  const word = Buffer.from(text).toString('latin1').toLowerCase().replace(/^\+/, '');
  if (word === 'inf' || word === '-inf') return word === 'inf' ? Infinity : -Infinity;
  return Number(word);
};
