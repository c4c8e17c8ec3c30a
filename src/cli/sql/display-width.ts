import { stripVTControlCharacters } from 'node:util';

/** Characters that take two cells of a terminal: those of East Asia, and pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** Those that stand upon the one before. */
const none = /\p{Mn}|\u200d|\ufe0f/u;

/** How many cells of a terminal a text takes. */
export const displayWidth = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text))
    width += none.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
};

/** The text within so many cells; what is cut off shows as three dots. */
export const fitted = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += displayWidth(character);
    if (used > width - 3) break;
    kept += character;
  }
  return `${kept}...`.slice(0, Math.max(width, 0));
};
