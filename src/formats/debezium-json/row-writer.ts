import { Buffer } from 'node:buffer';
import { doubleText, floatText } from '../../core/java-number.ts';
import type { ValueWriter } from '../../core/row-images.ts';
import { putFixed, putInteger } from '../ascii-digits.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import { base64Length, putBase64, standardAlphabet, urlSafeAlphabet } from './base64.ts';
import { form, type TablePlan } from './column-plan.ts';
import { putDocument } from './json-document.ts';
import { characterLength, maxEscape, needsEscape, putEscape } from './json-string.ts';
import {
  adjustedYear,
  epochDay,
  epochSecond,
  fractionWidth,
  hasNanos,
  putClockText,
  putDateText,
  putFraction,
  putInstantText,
  putMicros,
  putMillis,
  putNanos,
} from './temporal.ts';
import { UnscaledBytes } from './unscaled-bytes.ts';

/**
 * Writes one row image as a JSON object, straight from what the row reader hands over. Between calls of `begin` and `end` the place
 * reached is held here, and `OutputBuffer.length` is behind.
 *
 * Every field starts with its prefix `,"name":`; the first one's comma becomes the opening brace at the end.
 */
export class RowWriter implements ValueWriter {
  readonly target = 'debezium-json';
  /** Where each column's prefix started in the last image written, and where the last value ended. */
  marks: Int32Array = new Int32Array(0);
  readonly #out: OutputBuffer;
  #plan: TablePlan;
  #forms: Uint8Array;
  #prefixWords: Int32Array;
  #prefixStarts: Int32Array;
  #prefixLengths: Int32Array;
  #bytes: Buffer;
  /** The same memory as `#bytes`, for writing whole words at any place. */
  #view: DataView;
  #at = 0;
  #start = 0;
  /** The bytes that the last text came from; the second text from the same bytes makes a view of them, which costs more than one text. */
  #textSource: Uint8Array | null = null;
  #textView: DataView | null = null;
  readonly #unscaled = new UnscaledBytes();
  /** The date of the last DATETIME, and its days since 1970: rows that come together are often of one day, if not of one moment. */
  #lastDate = -1;
  #lastDay = 0;
  readonly #lastTime = new LastTime();

  constructor(out: OutputBuffer, plan: TablePlan) {
    this.#out = out;
    this.#bytes = out.bytes;
    this.#view = viewOf(out.bytes);
    this.#plan = plan;
    this.#forms = plan.forms;
    this.#prefixWords = plan.prefixWords;
    this.#prefixStarts = plan.prefixStarts;
    this.#prefixLengths = plan.prefixLengths;
  }

  /** Goes on with rows of another table version. */
  use(plan: TablePlan): void {
    this.#plan = plan;
    this.#forms = plan.forms;
    this.#prefixWords = plan.prefixWords;
    this.#prefixStarts = plan.prefixStarts;
    this.#prefixLengths = plan.prefixLengths;
  }

  /** Opens an object at the output's end. `marks` must have room for a place more than the table has columns. */
  begin(marks: Int32Array): void {
    const out = this.#out;
    out.reserve(this.#plan.rowReserve);
    this.marks = marks;
    if (this.#bytes !== out.bytes) this.#use(out.bytes);
    this.#at = out.length;
    this.#start = out.length;
  }

  /** Closes the object and hands the place reached back to the output. */
  end(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    this.marks[this.#prefixLengths.length] = at;
    // No field at all: there is no comma to turn into a brace.
    if (at === this.#start) at += 1;
    bytes[this.#start] = OPEN_BRACE;
    bytes[at] = CLOSE_BRACE;
    this.#out.length = at + 1;
  }

  absent(column: number): void {
    const unavailable = this.#plan.unavailable[column]!;
    if (unavailable === null) this.marks[column] = this.#at;
    else this.#put(column, unavailable);
  }

  null(column: number): void {
    const at = this.#prefix(column);
    this.#bytes[at] = 0x6e;
    this.#bytes[at + 1] = 0x75;
    this.#bytes[at + 2] = 0x6c;
    this.#bytes[at + 3] = 0x6c;
    this.#at = at + 4;
  }

  integer(column: number, value: number): void {
    const at = this.#prefix(column);
    switch (this.#forms[column]) {
      case form.boolean:
        this.#at = at;
        this.#append(value === 0 ? falseBytes : trueBytes);
        return;
      case form.bits:
        this.#bits(at, column, BigInt(value));
        return;
      case form.unscaled:
        this.#unscaled.fromNumber(value);
        this.#putUnscaled(at);
        return;
      default:
        this.#at = putInteger(this.#bytes, at, value);
    }
  }

  bigint(column: number, value: bigint): void {
    const at = this.#prefix(column);
    switch (this.#forms[column]) {
      case form.bits:
        this.#bits(at, column, value);
        return;
      case form.unscaled:
        this.#unscaled.fromBigint(value);
        this.#putUnscaled(at);
        return;
      default:
        this.#ascii(at, String(BigInt.asIntN(64, value)));
    }
  }

  float(column: number, value: number): void {
    this.#ascii(this.#prefix(column), floatText(value));
  }

  double(column: number, value: number): void {
    this.#ascii(this.#prefix(column), doubleText(value));
  }

  takesUnscaled(column: number): boolean {
    return this.#forms[column] === form.unscaled;
  }

  decimal(column: number, source: Uint8Array, start: number, end: number): void {
    const at = this.#prefix(column);
    switch (this.#forms[column]) {
      case form.text: {
        const bytes = this.#bytes;
        bytes[at] = QUOTE;
        let place = at + 1;
        for (let i = start; i < end; i += 1) {
          bytes[place] = source[i]!;
          place += 1;
        }
        bytes[place] = QUOTE;
        this.#at = place + 1;
        return;
      }
      case form.double:
        this.#ascii(at, doubleText(Number(Buffer.from(source.subarray(start, end)).toString('latin1')) + 0));
        return;
      default:
        this.#unscaled.fromDigits(source, start, end);
        this.#putUnscaled(at);
    }
  }

  text(column: number, source: Uint8Array, start: number, end: number): void {
    let at = this.#prefix(column);
    const needed = at + (end - start) + this.#plan.rowReserve;
    if (needed > this.#bytes.length) this.#grow(at, end - start + this.#plan.rowReserve);
    const bytes = this.#bytes;
    bytes[at] = QUOTE;
    at += 1;
    let from = start;
    if (source === this.#textSource) {
      // Plain ASCII, four bytes a step.
      this.#textView ??= viewOf(source);
      const texts = this.#textView;
      const view = this.#view;
      for (; from + 4 <= end; from += 4) {
        const word = texts.getInt32(from, true);
        if (!isPlainAscii(word)) break;
        view.setInt32(at, word, true);
        at += 4;
      }
    } else {
      this.#textSource = source;
      this.#textView = null;
    }
    for (; from < end; from += 1) {
      const byte = source[from]!;
      if (needsEscape[byte] !== 0) break;
      bytes[at] = byte;
      at += 1;
    }
    if (from < end) at = this.#escaped(at, source, from, end);
    this.#bytes[at] = QUOTE;
    this.#at = at + 1;
  }

  binary(column: number, source: Uint8Array, start: number, end: number): void {
    const at = this.#prefix(column);
    switch (this.#forms[column]) {
      case form.hex:
        this.#hex(at, source, start, end);
        return;
      case form.base64Url:
        this.#at = this.#base64(at, source, start, end, urlSafeAlphabet);
        return;
      default:
        this.#at = this.#base64(at, source, start, end, standardAlphabet);
    }
  }

  json(column: number, source: Uint8Array, start: number, end: number): void {
    if (this.#forms[column] === form.text) {
      this.text(column, source, start, end);
      return;
    }
    const at = this.#prefix(column);
    const room = (end - start) * maxEscape + this.#plan.rowReserve;
    if (at + room > this.#bytes.length) this.#grow(at, room);
    this.#at = putDocument(this.#bytes, at, source, start, end, (place, extra) => {
      this.#grow(place, extra + this.#plan.rowReserve);
      return this.#bytes;
    });
  }

  /** SRID, then WKB: byte order, type, and for a point its two coordinates. SRID 0 is Debezium's null. */
  geometry(column: number, source: Uint8Array, start: number, end: number): void {
    if (end - start < 9) {
      this.null(column);
      return;
    }
    let at = this.#prefix(column);
    const room = base64Length(end - start) + 128 + this.#plan.rowReserve;
    if (at + room > this.#bytes.length) this.#grow(at, room);
    const view = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    this.#at = at;
    if (this.#forms[column] === form.point && end - start === 25) {
      this.#append(xBytes);
      this.#ascii(this.#at, doubleText(view.readDoubleLE(start + 9)));
      this.#append(yBytes);
      this.#ascii(this.#at, doubleText(view.readDoubleLE(start + 17)));
      this.#append(thenWkbBytes);
    } else this.#append(wkbBytes);
    at = this.#base64(this.#at, source, start + 4, end, standardAlphabet);
    this.#at = at;
    this.#append(sridBytes);
    const srid = view.readUInt32LE(start);
    if (srid === 0) this.#append(nullBytes);
    else this.#at = putInteger(this.#bytes, this.#at, srid);
    this.#bytes[this.#at] = CLOSE_BRACE;
    this.#at += 1;
  }

  vector(column: number, source: Uint8Array, start: number, end: number): void {
    const at = this.#prefix(column);
    // A float takes at most 15 characters and a comma.
    const room = (end - start) * 4 + 2 + this.#plan.rowReserve;
    if (at + room > this.#bytes.length) this.#grow(at, room);
    const view = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    this.#bytes[at] = OPEN_BRACKET;
    this.#at = at + 1;
    for (let i = start; i + 3 < end; i += 4) {
      if (i > start) {
        this.#bytes[this.#at] = COMMA;
        this.#at += 1;
      }
      this.#ascii(this.#at, floatText(view.readFloatLE(i)));
    }
    this.#bytes[this.#at] = CLOSE_BRACKET;
    this.#at += 1;
  }

  date(column: number, year: number, month: number, day: number): void {
    if (month === 0 || day === 0) {
      this.#put(column, this.#plan.zeros[column]!);
      return;
    }
    const at = this.#prefix(column);
    const adjusted = adjustedYear(year);
    if (this.#forms[column] === form.iso) {
      this.#bytes[at] = QUOTE;
      this.#zulu(putDateText(this.#bytes, at + 1, adjusted, month, day));
    } else this.#at = putInteger(this.#bytes, at, epochDay(adjusted, month, day));
  }

  /** Numbers of microseconds and nanoseconds know times outside a day; the other forms have null for them. */
  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    const how = this.#forms[column];
    if (
      how !== form.micros &&
      how !== form.nanos &&
      (hours > 23 || (negative && hours + minutes + seconds + micros > 0))
    ) {
      this.null(column);
      return;
    }
    const at = this.#prefix(column);
    const whole = hours * 3_600 + minutes * 60 + seconds;
    if (how === form.micros || how === form.nanos) {
      const total = whole * 1_000_000 + micros;
      const behind = putInteger(this.#bytes, at, negative ? -total : total);
      this.#at = how === form.micros || total === 0 ? behind : putFixed(this.#bytes, behind, 0, 3);
    } else if (how === form.millis) this.#at = putMillis(this.#bytes, at, whole, micros);
    else {
      this.#bytes[at] = QUOTE;
      const behind = putClockText(this.#bytes, at + 1, hours, minutes, seconds);
      this.#zulu(putFraction(this.#bytes, behind, micros, fractionWidth(micros)));
    }
  }

  datetime(
    column: number,
    year: number,
    month: number,
    day: number,
    hours: number,
    minutes: number,
    seconds: number,
    micros: number,
  ): void {
    if (month === 0 || day === 0) {
      this.#put(column, this.#plan.zeros[column]!);
      return;
    }
    const adjusted = adjustedYear(year);
    const how = this.#forms[column];
    if (
      how === form.nanos &&
      !hasNanos(epochDay(adjusted, month, day), (hours * 60 + minutes) * 60 + seconds, micros)
    ) {
      this.null(column);
      return;
    }
    const at = this.#prefix(column);
    if (how === form.iso) {
      this.#bytes[at] = QUOTE;
      const behind = putDateText(this.#bytes, at + 1, adjusted, month, day);
      this.#bytes[behind] = LETTER_T;
      const clock = putClockText(this.#bytes, behind + 1, hours, minutes, seconds);
      this.#zulu(putFraction(this.#bytes, clock, micros, fractionWidth(micros)));
      return;
    }
    const date = (adjusted * 16 + month) * 32 + day;
    const clock = (hours * 60 + minutes) * 60 + seconds;
    const last = this.#lastTime;
    if (date === this.#lastDate && clock === last.clock && micros === last.micros && how === last.how) {
      this.#at = last.put(this.#view, at);
      return;
    }
    if (date !== this.#lastDate) {
      this.#lastDate = date;
      this.#lastDay = epochDay(adjusted, month, day);
    }
    const whole = epochSecond(this.#lastDay, hours, minutes, seconds);
    if (how === form.millis) this.#at = putMillis(this.#bytes, at, whole, micros);
    else this.#at = (how === form.micros ? putMicros : putNanos)(this.#bytes, at, whole, micros);
    last.keep(clock, micros, how!, this.#view, at, this.#at);
  }

  timestamp(column: number, seconds: number, micros: number): void {
    if (seconds === 0 && micros === 0) {
      this.#put(column, this.#plan.zeros[column]!);
      return;
    }
    const at = this.#prefix(column);
    this.#bytes[at] = QUOTE;
    const behind = putInstantText(this.#bytes, at + 1, seconds);
    this.#zulu(putFraction(this.#bytes, behind, micros, this.#plan.sizes[column]!));
  }

  enum(column: number, ordinal: number): void {
    const member = this.#plan.members[column]![ordinal - 1] ?? emptyString;
    const at = this.#prefix(column);
    if (at + member.length + this.#plan.rowReserve > this.#bytes.length) {
      this.#grow(at, member.length + this.#plan.rowReserve);
    }
    this.#at = at;
    this.#append(member);
  }

  set(column: number, low: number, high: number): void {
    const members = this.#plan.members[column]!;
    let at = this.#prefix(column);
    let room = this.#plan.rowReserve;
    for (const member of members) room += member.length;
    if (at + room > this.#bytes.length) this.#grow(at, room);
    const bytes = this.#bytes;
    bytes[at] = QUOTE;
    at += 1;
    let first = true;
    members.forEach((member, index) => {
      const chosen = index < 32 ? (low >>> index) & 1 : (high >>> (index - 32)) & 1;
      if (chosen === 0) return;
      if (!first) {
        bytes[at] = COMMA;
        at += 1;
      }
      first = false;
      for (let i = 1; i < member.length - 1; i += 1) {
        bytes[at] = member[i]!;
        at += 1;
      }
    });
    bytes[at] = QUOTE;
    this.#at = at + 1;
  }

  /** Writes the column's prefix and gives the place behind it. Its last word reaches into where the value comes. */
  #prefix(column: number): number {
    const start = this.#at;
    this.marks[column] = start;
    const end = start + this.#prefixLengths[column]!;
    const view = this.#view;
    const words = this.#prefixWords;
    let word = this.#prefixStarts[column]!;
    for (let at = start; at < end; at += 4) {
      view.setInt32(at, words[word]!, true);
      word += 1;
    }
    return end;
  }

  #put(column: number, value: Uint8Array): void {
    this.#at = this.#prefix(column);
    this.#append(value);
  }

  /** A short constant, for which room is reserved. */
  #append(value: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < value.length; i += 1) {
      bytes[at] = value[i]!;
      at += 1;
    }
    this.#at = at;
  }

  #ascii(place: number, text: string): void {
    const bytes = this.#bytes;
    let at = place;
    for (let i = 0; i < text.length; i += 1) {
      bytes[at] = text.charCodeAt(i);
      at += 1;
    }
    this.#at = at;
  }

  /** The rest of a text from its first character that is not written as it is. */
  #escaped(place: number, source: Uint8Array, start: number, end: number): number {
    let at = place;
    this.#grow(at, (end - start) * maxEscape + this.#plan.rowReserve);
    const bytes = this.#bytes;
    let from = start;
    while (from < end) {
      const byte = source[from]!;
      if (needsEscape[byte] === 0) {
        bytes[at] = byte;
        at += 1;
        from += 1;
      } else {
        at = putEscape(bytes, at, source, from);
        from += characterLength(byte);
      }
    }
    return at;
  }

  #bits(place: number, column: number, value: bigint): void {
    const bytes = this.#unscaled.bytes;
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 0);
    this.#at = this.#base64(place, bytes, 0, this.#plan.sizes[column]!, standardAlphabet);
  }

  #putUnscaled(place: number): void {
    const { bytes, start, end } = this.#unscaled;
    const out = this.#bytes;
    out[place] = QUOTE;
    const at = putBase64(out, place + 1, bytes, start, end, standardAlphabet);
    out[at] = QUOTE;
    this.#at = at + 1;
  }

  #base64(place: number, source: Uint8Array, start: number, end: number, alphabet: Uint8Array): number {
    const room = base64Length(end - start) + this.#plan.rowReserve;
    if (place + room > this.#bytes.length) this.#grow(place, room);
    this.#bytes[place] = QUOTE;
    const at = putBase64(this.#bytes, place + 1, source, start, end, alphabet);
    this.#bytes[at] = QUOTE;
    return at + 1;
  }

  #hex(place: number, source: Uint8Array, start: number, end: number): void {
    const room = (end - start) * 2 + this.#plan.rowReserve;
    if (place + room > this.#bytes.length) this.#grow(place, room);
    const bytes = this.#bytes;
    let at = place;
    bytes[at] = QUOTE;
    at += 1;
    for (let i = start; i < end; i += 1) {
      const byte = source[i]!;
      bytes[at] = hexDigits[byte >> 4]!;
      bytes[at + 1] = hexDigits[byte & 15]!;
      at += 2;
    }
    bytes[at] = QUOTE;
    this.#at = at + 1;
  }

  /** `Z` and the closing quote. */
  #zulu(at: number): void {
    this.#bytes[at] = LETTER_Z;
    this.#bytes[at + 1] = QUOTE;
    this.#at = at + 2;
  }

  #grow(at: number, extra: number): void {
    this.#out.length = at;
    this.#out.reserve(extra);
    this.#use(this.#out.bytes);
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

/** Whether four bytes are characters of ASCII that JSON needs no escape for: none below blank, no quote, no backslash. */
const isPlainAscii = (word: number): boolean =>
  ((word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101)) &
    0x80808080) ===
  0;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

const QUOTE = 0x22;
const COMMA = 0x2c;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const trueBytes = Buffer.from('true');
const falseBytes = Buffer.from('false');
const nullBytes = Buffer.from('null');
const emptyString = Buffer.from('""');
const hexDigits = Buffer.from('0123456789abcdef');
const xBytes = Buffer.from('{"x":');
const yBytes = Buffer.from(',"y":');
const thenWkbBytes = Buffer.from(',"wkb":');
const wkbBytes = Buffer.from('{"wkb":');
const sridBytes = Buffer.from(',"srid":');

/** The last DATETIME of the last date as its number's digits: all rows of a statement often have one, its NOW(). */
class LastTime {
  /** Second of the day; -1: none is kept. */
  clock = -1;
  micros = 0;
  how = 0;
  #length = 0;
  readonly #words = new Int32Array(lastTimeWords);

  keep(clock: number, micros: number, how: number, view: DataView, start: number, end: number): void {
    this.#length = end - start;
    this.clock = this.#length <= lastTimeWords * 4 ? clock : -1;
    this.micros = micros;
    this.how = how;
    for (let i = 0; i < lastTimeWords; i += 1) this.#words[i] = view.getInt32(start + i * 4, true);
  }

  /** Writes it, and whatever stood behind it, and gives the place behind it. */
  put(view: DataView, at: number): number {
    for (let i = 0; i < lastTimeWords; i += 1) view.setInt32(at + i * 4, this.#words[i]!, true);
    return at + this.#length;
  }
}

const lastTimeWords = 4;
