import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import type { ValueWriter } from '../../core/row-images.ts';
import { qualifiedName } from '../../core/table.ts';
import { form, type TablePlan } from '../debezium-json/column-plan.ts';
import { putDocument } from '../debezium-json/json-document.ts';
import type { DebeziumOptions } from '../debezium-json/options.ts';
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
} from '../debezium-json/temporal.ts';
import { UnscaledBytes } from '../debezium-json/unscaled-bytes.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import { putBigLong, putLong, putMicrosLong } from './avro-bytes.ts';

/**
 * Writes one row image as an Avro record's fields, straight from what the row reader hands over, by the plan that the JSON envelopes
 * have too. A column that can be NULL is a union, whose branch comes first. Texts are written behind room for their length.
 */
export class AvroRowWriter implements ValueWriter {
  readonly target = 'debezium-avro';
  /** Where each column started in the last image written, and where the last one ended. */
  marks: Int32Array = new Int32Array(0);
  readonly #out: OutputBuffer;
  readonly #plan: TablePlan;
  /** BINARY and BLOB as they are, not as text. */
  readonly #rawBinaries: boolean;
  /** By column: -1 no union, else the number of the branch that is not null, as its byte. */
  readonly #branches: Int8Array;
  readonly #unscaled = new UnscaledBytes();
  readonly #scratch = Buffer.alloc(64);

  /** `withDefault`: which columns have a default in their schema. */
  constructor(out: OutputBuffer, plan: TablePlan, options: DebeziumOptions, withDefault: readonly boolean[]) {
    this.#out = out;
    this.#plan = plan;
    this.#rawBinaries = (options.binaries ?? 'bytes') === 'bytes';
    this.#branches = Int8Array.from(plan.table.columns, ({ nullable }, i) =>
      nullable ? (withDefault[i] ? 0 : 2) : -1,
    );
  }

  /** `marks` must have room for a place more than the table has columns. */
  begin(marks: Int32Array): void {
    this.marks = marks;
  }

  end(): void {
    this.marks[this.#branches.length] = this.#out.length;
  }

  absent(column: number): never {
    throw this.#impossible(column, 'the server did not log it');
  }

  null(column: number): void {
    const branch = this.#branches[column]!;
    if (branch < 0) throw this.#impossible(column, 'it is NOT NULL, and its value has no equal in Java');
    this.#start(column, 0);
    this.#byte(branch === 0 ? 2 : 0);
  }

  integer(column: number, value: number): void {
    this.#value(column, 32);
    switch (this.#plan.forms[column]) {
      case form.boolean:
        this.#byte(value === 0 ? 0 : 1);
        return;
      case form.bits:
        this.#bits(column, BigInt(value));
        return;
      case form.unscaled:
        this.#unscaled.fromNumber(value);
        this.#putUnscaled();
        return;
      default:
        this.#out.length = putLong(this.#out.bytes, this.#out.length, value);
    }
  }

  bigint(column: number, value: bigint): void {
    this.#value(column, 32);
    switch (this.#plan.forms[column]) {
      case form.bits:
        this.#bits(column, value);
        return;
      case form.unscaled:
        this.#unscaled.fromBigint(value);
        this.#putUnscaled();
        return;
      default:
        this.#out.length = putBigLong(this.#out.bytes, this.#out.length, BigInt.asIntN(64, value));
    }
  }

  float(column: number, value: number): void {
    this.#value(column, 4);
    this.#out.length = this.#out.bytes.writeFloatLE(value, this.#out.length);
  }

  double(column: number, value: number): void {
    this.#value(column, 8);
    this.#double(value);
  }

  takesUnscaled(column: number): boolean {
    return this.#plan.forms[column] === form.unscaled;
  }

  decimal(column: number, source: Uint8Array, start: number, end: number): void {
    switch (this.#plan.forms[column]) {
      case form.text:
        this.text(column, source, start, end);
        return;
      case form.double:
        this.#value(column, 8);
        this.#double(Number(Buffer.from(source.subarray(start, end)).toString('latin1')) + 0);
        return;
      default:
        this.#value(column, 50);
        this.#unscaled.fromDigits(source, start, end);
        this.#putUnscaled();
    }
  }

  text(column: number, source: Uint8Array, start: number, end: number): void {
    this.#value(column, end - start + 5);
    this.#piece(source, start, end);
  }

  binary(column: number, source: Uint8Array, start: number, end: number): void {
    if (this.#rawBinaries) {
      this.text(column, source, start, end);
      return;
    }
    const how = this.#plan.forms[column];
    const view = Buffer.from(source.buffer, source.byteOffset + start, end - start);
    if (how === form.hex) this.#latin1(column, view.toString('hex'));
    else if (how === form.base64) this.#latin1(column, view.toString('base64'));
    // Java's URL-safe encoder keeps the padding, Node's does not.
    else this.#latin1(column, view.toString('base64').replaceAll('+', '-').replaceAll('/', '_'));
  }

  json(column: number, source: Uint8Array, start: number, end: number): void {
    if (this.#plan.forms[column] === form.text) {
      this.text(column, source, start, end);
      return;
    }
    // The document as a JSON string is what the JSON envelope has; here it stands without the escapes.
    let quoted = Buffer.allocUnsafe((end - start) * 6 + 16);
    const behind = putDocument(quoted, 0, source, start, end, (at, extra) => {
      const larger = Buffer.allocUnsafe(at + extra + 16);
      quoted.copy(larger, 0, 0, at);
      quoted = larger;
      return larger;
    });
    const bytes = Buffer.from(JSON.parse(quoted.utf8Slice(0, behind)) as string);
    this.text(column, bytes, 0, bytes.length);
  }

  /** SRID, then WKB. SRID 0 is Debezium's null. */
  geometry(column: number, source: Uint8Array, start: number, end: number): void {
    if (end - start < 9) {
      this.null(column);
      return;
    }
    const isPoint = this.#plan.forms[column] === form.point && end - start === 25;
    this.#value(column, end - start + 40);
    const out = this.#out;
    const view = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    if (isPoint) {
      this.#double(view.readDoubleLE(start + 9));
      this.#double(view.readDoubleLE(start + 17));
      this.#byte(2);
    }
    this.#piece(source, start + 4, end);
    const srid = view.readUInt32LE(start);
    this.#byte(srid === 0 ? 0 : 2);
    if (srid !== 0) out.length = putLong(out.bytes, out.length, srid);
  }

  vector(column: number, source: Uint8Array, start: number, end: number): void {
    this.#value(column, end - start + 12);
    const out = this.#out;
    const count = (end - start) >> 2;
    if (count > 0) {
      out.length = putLong(out.bytes, out.length, count);
      out.bytes.set(source.subarray(start, start + count * 4), out.length);
      out.length += count * 4;
    }
    this.#byte(0);
  }

  date(column: number, year: number, month: number, day: number): void {
    if (month === 0 || day === 0) {
      this.#zero(column);
      return;
    }
    const adjusted = adjustedYear(year);
    if (this.#plan.forms[column] === form.iso) {
      this.#zulu(column, putDateText(this.#scratch, 0, adjusted, month, day));
    } else {
      this.#value(column, 10);
      this.#long(epochDay(adjusted, month, day));
    }
  }

  time(column: number, negative: boolean, hours: number, minutes: number, seconds: number, micros: number): void {
    const how = this.#plan.forms[column];
    if (
      how !== form.micros &&
      how !== form.nanos &&
      (hours > 23 || (negative && hours + minutes + seconds + micros > 0))
    ) {
      this.null(column);
      return;
    }
    const whole = hours * 3_600 + minutes * 60 + seconds;
    if (how === form.iso) {
      const behind = putClockText(this.#scratch, 0, hours, minutes, seconds);
      this.#zulu(column, putFraction(this.#scratch, behind, micros, fractionWidth(micros)));
      return;
    }
    this.#value(column, 10);
    const total = whole * 1_000_000 + micros;
    if (how === form.nanos) {
      this.#out.length = putBigLong(this.#out.bytes, this.#out.length, BigInt(negative ? -total : total) * 1_000n);
    } else this.#long(how === form.millis ? Math.floor(total / 1_000) : negative ? -total : total);
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
      this.#zero(column);
      return;
    }
    const adjusted = adjustedYear(year);
    const how = this.#plan.forms[column];
    if (how === form.iso) {
      const bytes = this.#scratch;
      const behind = putDateText(bytes, 0, adjusted, month, day);
      bytes[behind] = LETTER_T;
      const clock = putClockText(bytes, behind + 1, hours, minutes, seconds);
      this.#zulu(column, putFraction(bytes, clock, micros, fractionWidth(micros)));
      return;
    }
    const days = epochDay(adjusted, month, day);
    if (how === form.nanos && !hasNanos(days, (hours * 60 + minutes) * 60 + seconds, micros)) {
      this.null(column);
      return;
    }
    this.#value(column, 10);
    const whole = epochSecond(days, hours, minutes, seconds);
    if (how === form.millis) this.#long(whole * 1_000 + Math.floor(micros / 1_000));
    else if (how === form.nanos) {
      const nanos = (BigInt(whole) * 1_000_000n + BigInt(micros)) * 1_000n;
      this.#out.length = putBigLong(this.#out.bytes, this.#out.length, nanos);
    } else this.#out.length = putMicrosLong(this.#out.bytes, this.#out.length, whole, micros);
  }

  timestamp(column: number, seconds: number, micros: number): void {
    if (seconds === 0 && micros === 0) {
      this.#zero(column);
      return;
    }
    const behind = putInstantText(this.#scratch, 0, seconds);
    this.#zulu(column, putFraction(this.#scratch, behind, micros, this.#plan.sizes[column]!));
  }

  enum(column: number, ordinal: number): void {
    const { type } = this.#plan.table.columns[column]!;
    const member = Buffer.from(('values' in type ? type.values[ordinal - 1] : undefined) ?? '');
    this.text(column, member, 0, member.length);
  }

  set(column: number, low: number, high: number): void {
    const { type } = this.#plan.table.columns[column]!;
    const values = 'values' in type ? type.values : [];
    const chosen = values.filter((_, i) => ((i < 32 ? low >>> i : high >>> (i - 32)) & 1) === 1);
    const text = Buffer.from(chosen.join(','));
    this.text(column, text, 0, text.length);
  }

  /** What the JSON envelope has for a zero date: `null`, a number, or a text in quotes. */
  #zero(column: number): void {
    const text = this.#plan.zeros[column]!.toString();
    if (text === 'null') this.null(column);
    else if (text.startsWith('"')) this.#latin1(column, text.slice(1, -1));
    else {
      this.#value(column, 10);
      this.#out.length = putBigLong(this.#out.bytes, this.#out.length, BigInt(text));
    }
  }

  #start(column: number, room: number): void {
    this.#out.reserve(room + 16);
    this.marks[column] = this.#out.length;
  }

  /** Begins a value that is not null and takes at most `room` bytes. */
  #value(column: number, room: number): void {
    this.#start(column, room);
    const branch = this.#branches[column]!;
    if (branch >= 0) this.#byte(branch);
  }

  #byte(value: number): void {
    this.#out.bytes[this.#out.length] = value;
    this.#out.length += 1;
  }

  #long(value: number): void {
    this.#out.length = putLong(this.#out.bytes, this.#out.length, value);
  }

  #double(value: number): void {
    this.#out.length = this.#out.bytes.writeDoubleLE(value, this.#out.length);
  }

  #piece(source: Uint8Array, start: number, end: number): void {
    const { bytes } = this.#out;
    let at = putLong(bytes, this.#out.length, end - start);
    if (end - start > shortCopy) {
      bytes.set(source.subarray(start, end), at);
      this.#out.length = at + end - start;
      return;
    }
    for (let i = start; i < end; i += 1) {
      bytes[at] = source[i]!;
      at += 1;
    }
    this.#out.length = at;
  }

  #latin1(column: number, text: string): void {
    this.#value(column, text.length + 5);
    const out = this.#out;
    const at = putLong(out.bytes, out.length, text.length);
    out.length = at + out.bytes.write(text, at, 'latin1');
  }

  #bits(column: number, value: bigint): void {
    const bytes = this.#unscaled.bytes;
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 0);
    this.#piece(bytes, 0, this.#plan.sizes[column]!);
  }

  #putUnscaled(): void {
    const { bytes, start, end } = this.#unscaled;
    this.#piece(bytes, start, end);
  }

  /** The text in the scratch, and `Z` behind it. */
  #zulu(column: number, end: number): void {
    this.#scratch[end] = LETTER_Z;
    this.text(column, this.#scratch, 0, end + 1);
  }

  #impossible(column: number, reason: string): MillraceError {
    const { table } = this.#plan;
    return new MillraceError('FORMAT_NO_AVRO_VALUE', {
      table: qualifiedName(table),
      column: table.columns[column]!.name,
      reason,
    });
  }
}

/** A call into the runtime costs more than copying this many bytes by hand. */
const shortCopy = 48;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
