/**
 * Checks what JSON that this program wrote once holds now. Settings have schemas that explain themselves to people; what is kept in a
 * sink needs none, and a process that runs one pipeline is half as large without the library for them.
 */

/** Takes a value that has the shape, and throws a TypeError that says what is wrong with another one. */
export type Shape<Value> = (value: unknown) => Value;

export type ValueOf<Of> = Of extends Shape<infer Value> ? Value : never;

export const text: Shape<string> = (value) => (typeof value === 'string' ? value : refuse('a text', value));

export const flag: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : refuse('true or false', value));

/** A whole number from 0 that a double holds exactly. */
export const count: Shape<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse('a count', value);

export const oneOf =
  <const Texts extends readonly string[]>(texts: Texts): Shape<Texts[number]> =>
  (value) =>
    texts.includes(value as string) ? (value as Texts[number]) : refuse(`one of ${texts.join(', ')}`, value);

export const orNull =
  <Value>(shape: Shape<Value>): Shape<Value | null> =>
  (value) =>
    value === null ? null : shape(value);

export const listOf =
  <Value>(shape: Shape<Value>): Shape<readonly Value[]> =>
  (value) =>
    Array.isArray(value) ? value.map(shape) : refuse('a list', value);

/** An object with these fields, every one of them and no other. */
export const record = <Fields extends Readonly<Record<string, Shape<unknown>>>>(
  fields: Fields,
): Shape<{ readonly [Name in keyof Fields]: ValueOf<Fields[Name]> }> => {
  const shapes = Object.entries(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('an object', value);
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) throw new TypeError(`unknown field ${unknown.slice(0, 50)}`);
    return Object.fromEntries(shapes.map(([name, shape]) => [name, within(name, shape, given[name])])) as never;
  };
};

const within = (name: string, shape: Shape<unknown>, value: unknown): unknown => {
  try {
    return shape(value);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`);
  }
};

const refuse = (wanted: string, value: unknown): never => {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  throw new TypeError(`not ${wanted} but ${found}`);
};
