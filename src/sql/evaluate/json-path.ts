/** A path into a JSON document, read once. */
export interface JsonPath {
  /** A path that leads nowhere finds nothing, instead of failing. Without a word before it, a path is strict, as in Flink. */
  readonly lax: boolean;
  /** The value; undefined: the path leads nowhere. A path with `[*]` gives the array of all it finds. */
  find(document: unknown): unknown;
}

type Step = string | number | '*';

/** `lax $.a[0]['b c'][*]`; null: it is none that is known here. */
export const compileJsonPath = (text: string): JsonPath | null => {
  const match = /^\s*(?:(strict|lax)\s+)?\$(.*)$/is.exec(text);
  if (match === null) return null;
  const steps: Step[] = [];
  let rest = match[2]!.trim();
  while (rest !== '') {
    const step =
      /^(?:\.([\p{L}_$][\p{L}\p{N}_$-]*)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\.\*|\[\*\]|\."([^"]*)")/u.exec(
        rest,
      );
    if (step === null) return null;
    const [whole, plain, single, double, index, quoted] = step;
    // Flink's path library takes the quotes as part of the name.
    const name = plain ?? single ?? double ?? (quoted === undefined ? undefined : `"${quoted}"`);
    steps.push(name ?? (index === undefined ? '*' : Number(index)));
    rest = rest.slice(whole.length);
  }
  return { lax: match[1]?.toLowerCase() === 'lax', find: (document) => follow(document, steps, 0) };
};

const follow = (value: unknown, steps: readonly Step[], at: number): unknown => {
  const step = steps[at];
  if (step === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (step === '*') {
    const items = Array.isArray(value) ? value : Object.values(value);
    return items.map((item) => follow(item, steps, at + 1)).filter((item) => item !== undefined);
  }
  if (typeof step === 'number') {
    if (!Array.isArray(value)) return undefined;
    return follow(value.at(step), steps, at + 1);
  }
  return !Array.isArray(value) && Object.hasOwn(value, step)
    ? follow((value as Record<string, unknown>)[step], steps, at + 1)
    : undefined;
};
