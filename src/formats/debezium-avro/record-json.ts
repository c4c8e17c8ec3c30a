import { Buffer, isUtf8 } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { base64Length, putBase64, standardAlphabet } from '../debezium-json/base64.ts';
import { maxEscape, needsEscape, putEscape } from '../debezium-json/json-string.ts';
import { unreadable } from '../json-rows/json-scanner.ts';
import { OutputBuffer } from '../output-buffer.ts';

/** A Connect schema, with what a reader of rows asks of it. */
interface ConnectSchema {
  readonly type: string;
  readonly name?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly optional?: boolean;
  readonly field?: string;
  readonly fields?: readonly ConnectSchema[];
}

interface AvroObject {
  readonly type?: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly symbols?: readonly string[];
  readonly size?: number;
  readonly scale?: number;
  readonly precision?: number;
  readonly logicalType?: string;
  readonly 'connect.name'?: string;
  readonly 'connect.type'?: string;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}

/** Takes one value from `input` and writes it as JSON. */
type Copy = (input: AvroInput, out: OutputBuffer) => void;

interface Form {
  readonly connect: ConnectSchema;
  readonly copy: Copy;
}

/**
 * Reads records of one Avro schema as JsonConverter writes them: bytes as base64, whole numbers with all their digits, and beside
 * them the Connect schema that Confluent's AvroConverter makes of the Avro one.
 */
export class AvroRecordJson {
  /** The Connect schema as JSON. */
  readonly connectSchema: Buffer;
  readonly #copy: Copy;
  readonly #input = new AvroInput();
  readonly #out = new OutputBuffer(4_096);

  /** `id`: the schema's in its registry, for errors. Throws FORMAT_SCHEMA_UNUSABLE. */
  constructor(id: number, schema: string) {
    const unusable = (reason: string): never => {
      throw new MillraceError('FORMAT_SCHEMA_UNUSABLE', { id, reason });
    };
    let parsed: unknown;
    try {
      parsed = JSON.parse(schema);
    } catch {
      unusable('it is no JSON');
    }
    const { connect, copy } = new Forms(unusable).formOf(parsed, '');
    this.connectSchema = Buffer.from(JSON.stringify(connect));
    this.#copy = copy;
  }

  /** The record at `start`, which must end at the end of `bytes`, in memory of its own. Throws FORMAT_MESSAGE_UNREADABLE. */
  json(bytes: Uint8Array, start: number): Buffer {
    const input = this.#input;
    const out = this.#out;
    out.clear();
    input.open(bytes, start);
    this.#copy(input, out);
    if (input.at !== bytes.length) unreadable(`its Avro record ends at byte ${input.at} of ${bytes.length}`);
    return Buffer.from(out.view());
  }
}

/** The forms of a schema's types; named ones may be told once and named again. */
class Forms {
  readonly #unusable: (reason: string) => never;
  /** null: it is being read, and would hold itself. */
  readonly #named = new Map<string, Form | null>();

  constructor(unusable: (reason: string) => never) {
    this.#unusable = unusable;
  }

  formOf(schema: unknown, namespace: string): Form {
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (typeof schema === 'string') return plainForms[schema] ?? this.#told(schema, namespace);
    if (typeof schema !== 'object' || schema === null) return this.#unusable('a type of it is no type');
    const object = schema as AvroObject;
    switch (object.type) {
      case 'record':
        return this.#record(object, namespace);
      case 'enum':
        return this.#name(object, namespace, enumForm(object.symbols ?? []));
      case 'fixed':
        return this.#name(object, namespace, withProperties(fixedForm(object.size ?? 0), object));
      case 'array':
        return withProperties(listForm(this.formOf(object.items, namespace)), object);
      case 'map':
        return mapForm(this.formOf(object.values, namespace));
      default:
        return withProperties(this.formOf(object.type, namespace), object);
    }
  }

  #told(name: string, namespace: string): Form {
    const form = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name);
    if (form === null) return this.#unusable(`the record ${name} holds itself`);
    return form ?? this.#unusable(`it does not say what ${name} is`);
  }

  #name(object: AvroObject, namespace: string, form: Form): Form {
    this.#named.set(fullName(object.name ?? '', object.namespace ?? namespace), form);
    return form;
  }

  #record(object: AvroObject, namespace: string): Form {
    const full = fullName(object.name ?? '', object.namespace ?? namespace);
    const own = full.slice(0, Math.max(full.lastIndexOf('.'), 0));
    this.#named.set(full, null);
    const fields = (object.fields ?? []).map(({ name, type }) => ({ name, form: this.formOf(type, own) }));
    const connect = {
      type: 'struct',
      name: object['connect.name'] ?? full,
      fields: fields.map(({ name, form }) => ({
        ...form.connect,
        optional: form.connect.optional ?? false,
        field: name,
      })),
    };
    const copies = fields.map(({ form }) => form.copy);
    const heads = fields.map(({ name }, at) => Buffer.from(`${at === 0 ? '{' : ','}${JSON.stringify(name)}:`));
    const end = Buffer.from(fields.length === 0 ? '{}' : '}');
    const form: Form = {
      connect,
      copy: (input, out) => {
        for (let field = 0; field < copies.length; field += 1) {
          out.append(heads[field]!);
          copies[field]!(input, out);
        }
        out.append(end);
      },
    };
    this.#named.set(full, form);
    return form;
  }

  /** A value that may be null. Connect has no form for other unions. */
  #union(branches: readonly unknown[], namespace: string): Form {
    const others = branches.filter((branch) => branch !== 'null');
    if (others.length !== 1 || branches.length > 2)
      return this.#unusable('it has a union of more than null and a type');
    const { connect, copy } = this.formOf(others[0], namespace);
    const nullBranch = branches.indexOf('null');
    return {
      connect: nullBranch < 0 ? connect : { ...connect, optional: true },
      copy: (input, out) => {
        const branch = input.int();
        if (branch < 0 || branch >= branches.length) unreadable(`a union of its Avro record has no branch ${branch}`);
        if (branch === nullBranch) out.append(nullText);
        else copy(input, out);
      },
    };
  }
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;

/** What a type's properties say beyond it: its name in Connect, or Avro's logical type where there is none. */
const withProperties = ({ connect, copy }: Form, object: AvroObject): Form => {
  const { 'connect.name': name, 'connect.type': type, 'connect.parameters': parameters, logicalType = '' } = object;
  const isDecimal = logicalType === 'decimal' && connect.type === 'bytes';
  const sizes = isDecimal
    ? { scale: String(object.scale ?? 0), 'connect.decimal.precision': String(object.precision ?? 65) }
    : {};
  const meaning = name ?? logicalNames[`${connect.type} ${logicalType}`];
  const all = { ...sizes, ...parameters };
  return {
    copy,
    connect: {
      ...connect,
      ...(type === 'int8' || type === 'int16' ? { type } : {}),
      ...(meaning === undefined ? {} : { name: meaning }),
      ...(Object.keys(all).length === 0 ? {} : { parameters: all }),
    },
  };
};

const logicalNames: Readonly<Record<string, string>> = {
  'bytes decimal': 'org.apache.kafka.connect.data.Decimal',
  'int32 date': 'org.apache.kafka.connect.data.Date',
  'int32 time-millis': 'org.apache.kafka.connect.data.Time',
  'int64 time-micros': 'io.debezium.time.MicroTime',
  'int64 timestamp-millis': 'org.apache.kafka.connect.data.Timestamp',
  'int64 timestamp-micros': 'io.debezium.time.MicroTimestamp',
  'int64 local-timestamp-millis': 'org.apache.kafka.connect.data.Timestamp',
  'int64 local-timestamp-micros': 'io.debezium.time.MicroTimestamp',
};

/** Avro's binary encoding, read byte by byte. Throws FORMAT_MESSAGE_UNREADABLE where it ends too early. */
class AvroInput {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;

  open(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  /** Passes `count` bytes; gives the place where they begin. */
  pass(count: number): number {
    const start = this.at;
    if (count < 0 || count > this.bytes.length - start) {
      unreadable(`its Avro record asks for ${count} bytes at byte ${start} of ${this.bytes.length}`);
    }
    this.at = start + count;
    return start;
  }

  /** A whole number of up to 64 bits: a bigint where a number would not hold it. */
  long(): number | bigint {
    let value = 0;
    let scale = 1;
    for (let size = 1; size <= 7; size += 1) {
      const byte = this.bytes[this.pass(1)]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.pass(1)]!;
      wide |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (wide >= 1n << 64n) break;
      return (wide >> 1n) ^ -(wide & 1n);
    }
    return unreadable(`a number of its Avro record ends beyond 64 bits at byte ${this.at}`);
  }

  /** A number of 32 bits. */
  int(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value !== (value | 0))
      return unreadable(`a number of its Avro record ends beyond 32 bits at byte ${this.at}`);
    return value;
  }

  /** The count of a block of items; 0: there are no more. */
  block(): number {
    const count = this.int();
    if (count < 0) this.long();
    const items = Math.abs(count);
    // Each takes a byte at least; what says otherwise would have a few bytes stand for any amount of work.
    if (items > this.bytes.length - this.at)
      unreadable(`a list of its Avro record says ${items} items at byte ${this.at}`);
    return items;
  }
}

const putText: Copy = (input, out) => {
  const length = input.int();
  const start = input.pass(length);
  const { bytes } = input;
  out.reserve(length * maxEscape + 2);
  const target = out.bytes;
  let at = out.length;
  let isAscii = true;
  target[at] = QUOTE;
  at += 1;
  for (let from = start; from < start + length; from += 1) {
    const byte = bytes[from]!;
    if (byte >= 0x80) isAscii = false;
    if (byte < 0x80 && needsEscape[byte] === 1) at = putEscape(target, at, bytes, from);
    else {
      target[at] = byte;
      at += 1;
    }
  }
  if (!isAscii && !isUtf8(bytes.subarray(start, start + length))) unreadable('a text of its Avro record is no UTF-8');
  target[at] = QUOTE;
  out.length = at + 1;
};

const putPiece = (input: AvroInput, out: OutputBuffer, length: number): void => {
  const start = input.pass(length);
  out.reserve(base64Length(length) + 2);
  out.bytes[out.length] = QUOTE;
  const end = putBase64(out.bytes, out.length + 1, input.bytes, start, start + length, standardAlphabet);
  out.bytes[end] = QUOTE;
  out.length = end + 1;
};

const putLatin1 = (out: OutputBuffer, text: string): void => {
  out.reserve(text.length);
  out.length += out.bytes.write(text, out.length, 'latin1');
};

/** A float as the shortest digits that are this float, as Java prints it. */
const putNumber = (out: OutputBuffer, value: number, isSingle: boolean): void => {
  if (!Number.isFinite(value)) unreadable('a number of its Avro record is not finite');
  let shortest = value;
  for (let digits = 6; isSingle && digits < 10; digits += 1) {
    shortest = Number(value.toPrecision(digits));
    if (Math.fround(shortest) === value) break;
  }
  const text = Object.is(value, -0) ? '-0' : String(shortest);
  putLatin1(out, /^-?\d+$/.test(text) ? `${text}.0` : text);
};

const plainForms: Readonly<Record<string, Form>> = {
  null: { connect: { type: 'string', optional: true }, copy: (_, out) => out.append(nullText) },
  boolean: {
    connect: { type: 'boolean' },
    copy: (input, out) => {
      const byte = input.bytes[input.pass(1)]!;
      if (byte > 1) unreadable(`a boolean of its Avro record is ${byte}`);
      out.append(byte === 1 ? trueText : falseText);
    },
  },
  int: { connect: { type: 'int32' }, copy: (input, out) => putLatin1(out, String(input.int())) },
  long: { connect: { type: 'int64' }, copy: (input, out) => putLatin1(out, String(input.long())) },
  float: {
    connect: { type: 'float' },
    copy: (input, out) => putNumber(out, input.view.getFloat32(input.pass(4), true), true),
  },
  double: {
    connect: { type: 'double' },
    copy: (input, out) => putNumber(out, input.view.getFloat64(input.pass(8), true), false),
  },
  string: { connect: { type: 'string' }, copy: putText },
  bytes: { connect: { type: 'bytes' }, copy: (input, out) => putPiece(input, out, input.int()) },
};

const fixedForm = (size: number): Form => ({
  connect: { type: 'bytes' },
  copy: (input, out) => putPiece(input, out, size),
});

const enumForm = (symbols: readonly string[]): Form => {
  const texts = symbols.map((symbol) => Buffer.from(JSON.stringify(symbol)));
  return {
    connect: { type: 'string', name: 'io.debezium.data.Enum', parameters: { allowed: symbols.join(',') } },
    copy: (input, out) => {
      const at = input.int();
      out.append(texts[at] ?? unreadable(`an enum of its Avro record has no symbol ${at}`));
    },
  };
};

const listForm = ({ copy }: Form): Form => ({
  connect: { type: 'array' },
  copy: (input, out) => {
    let separator = '[';
    for (let items = input.block(); items > 0; items = input.block()) {
      for (let item = 0; item < items; item += 1) {
        putLatin1(out, separator);
        separator = ',';
        copy(input, out);
      }
    }
    putLatin1(out, separator === '[' ? '[]' : ']');
  },
});

const mapForm = ({ copy }: Form): Form => ({
  connect: { type: 'map' },
  copy: (input, out) => {
    let separator = '{';
    for (let items = input.block(); items > 0; items = input.block()) {
      for (let item = 0; item < items; item += 1) {
        putLatin1(out, separator);
        separator = ',';
        putText(input, out);
        putLatin1(out, ':');
        copy(input, out);
      }
    }
    putLatin1(out, separator === '{' ? '{}' : '}');
  },
});

const nullText = Buffer.from('null');
const trueText = Buffer.from('true');
const falseText = Buffer.from('false');
const QUOTE = 0x22;
