import type { ScalarNode } from './config-node.ts';
import type { Place } from './source-text.ts';

/**
 * Where a range of a scalar's text stands in the file: behind its quotes, over the line ends and indentation that YAML folds, and
 * past backslashes. A scalar filled in from elsewhere is meant as a whole.
 */
export const placeInScalar = (
  { text, interpolated, place }: ScalarNode,
  { start, end }: { readonly start: number; readonly end: number },
): Place => {
  if (interpolated) return place;
  const { source } = place;
  const written = source.text.slice(place.start, place.end);
  const offsets = new Int32Array(text.length + 1);
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    const isBlank = /\s/.test(text[index]!);
    while (at < written.length && written[at] !== text[index] && !(isBlank && /\s/.test(written[at]!))) at += 1;
    offsets[index] = at;
    at += 1;
    // A line end with its indentation is one blank.
    if (isBlank && /[\r\n]/.test(written[at - 1]!))
      while (/[ \t]/.test(written[at] ?? '') && !/\s/.test(text[index + 1] ?? '')) at += 1;
  }
  offsets[text.length] = Math.min(at, written.length);
  const from = place.start + offsets[Math.min(start, text.length)]!;
  const to = end > start ? place.start + offsets[Math.min(end, text.length) - 1]! + 1 : from + 1;
  return { source, start: from, end: Math.max(to, from + 1) };
};
