/**
 * Finds the parts of a JSON text (RFC 8259) by their places in its UTF-8 bytes, without making anything of them:
 *
 *     {"op":"c","after":{"id":7}}
 *          ^ valueStart  ^ skipValue gives the place behind the brace
 *
 * Structure, strings and words are checked; a number's digits are checked by whoever reads the number. Bytes outside `end` are
 * never looked at, and nesting costs no stack.
 */
import { MillraceError } from '../../core/errors.ts';

/** Raises the error for a message that is no JSON of the expected form. */
export const unreadable = (reason: string): never => {
  throw new MillraceError('FORMAT_MESSAGE_UNREADABLE', { reason });
};

const unexpected = (bytes: Uint8Array, at: number, end: number, expected: string): never =>
  unreadable(
    at >= end
      ? `it ends at byte ${at}, where ${expected} should be`
      : `byte ${at} is 0x${bytes[at]!.toString(16).padStart(2, '0')}, where ${expected} should be`,
  );

/** The first place from `at` that holds no blank. */
export const skipBlanks = (bytes: Uint8Array, at: number, end: number): number => {
  let place = at;
  while (place < end) {
    const byte = bytes[place]!;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    place += 1;
  }
  return place;
};

/** The place behind the string whose opening quote is at `at`. */
const skipString = (bytes: Uint8Array, at: number, end: number): number => {
  let place = at + 1;
  for (;;) {
    while (place < end && endsPlainText[bytes[place]!] === 0) place += 1;
    if (place >= end) return unexpected(bytes, end, end, 'the end of a string');
    const byte = bytes[place]!;
    if (byte === QUOTE) return place + 1;
    if (byte !== BACKSLASH) return unexpected(bytes, place, end, 'a character of a string');
    place += 2;
  }
};

/** The place behind the value that starts at `at`. */
export const skipValue = (bytes: Uint8Array, at: number, end: number): number => {
  const first = at < end ? bytes[at]! : 0;
  if (first === QUOTE) return skipString(bytes, at, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, at, end);
  return skipWord(bytes, at, end);
};

/** A number, `true`, `false` or `null`. */
const skipWord = (bytes: Uint8Array, at: number, end: number): number => {
  let place = at;
  while (place < end && isWordByte[bytes[place]!] === 1) place += 1;
  if (place === at) return unexpected(bytes, at, end, 'a value');
  const first = bytes[at]!;
  if (first === MINUS || (first >= ZERO && first <= NINE)) return place;
  const word = first === LETTER_N ? nullWord : first === LETTER_T ? trueWord : first === LETTER_F ? falseWord : noWord;
  if (place - at !== word.length) return unexpected(bytes, at, end, 'a value');
  for (let i = 0; i < word.length; i += 1) {
    if (bytes[at + i] !== word[i]) return unexpected(bytes, at, end, 'a value');
  }
  return place;
};

/**
 * An object or array with everything in it. What may follow what is held in one number: the open brackets need no more than their
 * kinds, kept as bits in an array that grows with the depth.
 */
const skipNested = (bytes: Uint8Array, at: number, end: number): number => {
  const objects: boolean[] = [];
  let place = at;
  for (;;) {
    // At a value.
    place = skipBlanks(bytes, place, end);
    const byte = place < end ? bytes[place]! : 0;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      const isObject = byte === OPEN_BRACE;
      place = skipBlanks(bytes, place + 1, end);
      if (place < end && bytes[place] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) place += 1;
      else {
        objects.push(isObject);
        if (isObject) place = skipKey(bytes, place, end);
        continue;
      }
    } else place = byte === QUOTE ? skipString(bytes, place, end) : skipWord(bytes, place, end);
    // Behind a value: close what ends here.
    for (;;) {
      if (objects.length === 0) return place;
      place = skipBlanks(bytes, place, end);
      const next = place < end ? bytes[place]! : 0;
      const isObject = objects[objects.length - 1]!;
      if (next === COMMA) {
        place = skipBlanks(bytes, place + 1, end);
        if (isObject) place = skipKey(bytes, place, end);
        break;
      }
      if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        return unexpected(bytes, place, end, isObject ? 'a comma or a closing brace' : 'a comma or a closing bracket');
      }
      place += 1;
      objects.pop();
    }
  }
};

/** The place behind the key that starts at `at` and its colon. */
const skipKey = (bytes: Uint8Array, at: number, end: number): number => {
  if (at >= end || bytes[at] !== QUOTE) return unexpected(bytes, at, end, 'a key');
  return behindColon(bytes, skipString(bytes, at, end), end);
};

const behindColon = (bytes: Uint8Array, at: number, end: number): number => {
  const place = skipBlanks(bytes, at, end);
  if (place >= end || bytes[place] !== COLON) return unexpected(bytes, place, end, 'a colon');
  return place + 1;
};

/**
 * Walks over the fields of one object: after `open`, each `next` that is true stands at a field, with its key from `keyStart` to
 * `keyEnd` (quotes included) and its value from `valueStart` on; the caller says by `pass` where the value ends.
 */
export class ObjectCursor {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  /** Behind the closing brace, once `next` has answered false. */
  at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #first = true;

  /** Begins at the object whose brace is at `at`. */
  open(bytes: Uint8Array, at: number, end: number): void {
    const start = skipBlanks(bytes, at, end);
    if (start >= end || bytes[start] !== OPEN_BRACE) unexpected(bytes, start, end, 'an object');
    this.#bytes = bytes;
    this.#end = end;
    this.at = start + 1;
    this.#first = true;
  }

  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.at;
    if (at >= end || bytes[at]! <= 0x20) at = skipBlanks(bytes, at, end);
    const byte = at < end ? bytes[at]! : 0;
    if (byte === CLOSE_BRACE) {
      this.at = at + 1;
      return false;
    }
    if (this.#first) this.#first = false;
    else {
      if (byte !== COMMA) return unexpected(bytes, at, end, 'a comma or a closing brace');
      at += 1;
      if (at < end && bytes[at]! <= 0x20) at = skipBlanks(bytes, at, end);
    }
    if (at >= end || bytes[at] !== QUOTE) return unexpected(bytes, at, end, 'a key');
    this.keyStart = at;
    at = skipString(bytes, at, end);
    this.keyEnd = at;
    at = at < end && bytes[at] === COLON ? at + 1 : behindColon(bytes, at, end);
    if (at < end && bytes[at]! <= 0x20) at = skipBlanks(bytes, at, end);
    this.valueStart = at;
    this.at = at;
    return true;
  }

  /** Goes behind the field's value, and gives that place. */
  pass(): number {
    this.at = skipValue(this.#bytes, this.valueStart, this.#end);
    return this.at;
  }

  /** Goes to `at`, where somebody else found the field's value to end. */
  passTo(at: number): void {
    this.at = at;
  }

  /** Whether the key is `name`, given with its quotes. */
  keyIs(name: Uint8Array): boolean {
    const start = this.keyStart;
    if (this.keyEnd - start !== name.length) return false;
    const bytes = this.#bytes;
    for (let i = 1; i < name.length; i += 1) if (bytes[start + i] !== name[i]) return false;
    return true;
  }
}

/** Refuses anything but blanks behind a document that ended at `at`. */
export const expectEnd = (bytes: Uint8Array, at: number, end: number): void => {
  const place = skipBlanks(bytes, at, end);
  if (place < end) unexpected(bytes, place, end, 'the end of the document');
};

/** Whether the value at `at` is `null`; `skipValue` has checked it. */
export const isNull = (bytes: Uint8Array, at: number): boolean => bytes[at] === LETTER_N;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const CLOSE_BRACE = 0x7d;
export const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_F = 0x66;
const nullWord = ascii('null');
const trueWord = ascii('true');
const falseWord = ascii('false');
const noWord = new Uint8Array(0);

/** Quotes, backslashes and controls: all other bytes of a string are what they look like. */
const endsPlainText: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);

/** Digits, signs, points and letters: what numbers and words are made of. */
const isWordByte: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= ZERO && byte <= NINE) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  byte === MINUS ||
  byte === 0x2b ||
  byte === 0x2e
    ? 1
    : 0,
);
