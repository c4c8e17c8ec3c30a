import { Buffer, isUtf8 } from 'node:buffer';
import type { ConnectField } from './connect-schema.ts';
import { expectEnd, ObjectCursor, OPEN_BRACE, skipBlanks, skipValue, unreadable } from './json-scanner.ts';
import type { Message } from './message.ts';
import { keyFieldsOf, tableIdentifier } from './message-key.ts';
import { payloadOf, rowOf } from './payload.ts';

/** How messages of rows use their keys. */
export interface KeyUse {
  /** `raw`: a key is a text as it stands, without quotes. */
  readonly form: 'json' | 'raw';
  /** The columns that come from the key, whatever the row says; null: those that a row lacks. */
  readonly fields: readonly string[] | null;
}

/** A row and what describes it, in one piece of memory. */
export interface KeyedRow {
  readonly bytes: Uint8Array;
  /** The row begins at 0 and ends here; what describes it stands behind it. */
  readonly end: number;
  /** The columns of key and value together; null: the value has no schema, so that they go by their look. For new schemas only. */
  readonly struct: (() => ConnectField) | null;
}

/** Makes one row of a message's key and value: `{"id":7}` and `{"status":"paid"}` are `{"id":7,"status":"paid"}`. */
export class RowKey {
  readonly #form: KeyUse['form'];
  readonly #fields: readonly string[] | null;
  readonly #cursor = new ObjectCursor();

  constructor({ form, fields }: KeyUse) {
    this.#form = form;
    this.#fields = fields;
  }

  /** Whether all rows are read together with their keys. */
  get isAlwaysRead(): boolean {
    return this.#fields !== null;
  }

  /** Whether keys have fields at all. */
  get canBeRow(): boolean {
    return this.#form === 'json' || this.#fields !== null;
  }

  /** The columns that name a row, as the key says. */
  namesOf(message: Message): readonly string[] {
    return this.#fields ?? (this.#form === 'raw' ? [] : keyFieldsOf(message.key));
  }

  /** The key as a row of its own. */
  row(message: Message): KeyedRow {
    const { text } = this.#object(message);
    return { bytes: text, end: text.length, struct: null };
  }

  /** The row of key and value. */
  joinedRow(message: Message, value: Uint8Array): KeyedRow {
    const { text, schema } = this.#object(message);
    const apart = message.schema ?? null;
    const payload = apart === null ? rowOf(value, value.length) : { start: 0, schema: apart };
    const start = skipBlanks(value, payload.start, value.length);
    if (value[start] !== OPEN_BRACE) unreadable('it is no object');
    const end = skipValue(value, start, value.length);
    const row = value.subarray(start, end);
    // Of two fields with one name the later counts.
    const order = this.#fields === null ? [text, row] : [row, text];
    const { schema: described } = payload;
    if (described === null) return joined(order, [], null);
    return joined(order, schema === null ? [described] : [schema, described], () => {
      const fields = structOf(described).fields ?? [];
      const keys = fieldsOf(text, schema && structOf(schema));
      const [weak, strong] = this.#fields === null ? [keys, fields] : [fields, keys];
      const names = new Set(strong.map(({ field }) => field));
      const others = weak.filter(({ field }) => !names.has(field));
      return { type: 'struct', fields: this.#fields === null ? [...others, ...strong] : [...strong, ...others] };
    });
  }

  /** The fields of the key that are taken, as an object. */
  #object(message: Message): { readonly text: Uint8Array; readonly schema: Uint8Array | null } {
    const { key } = message;
    const names = this.#fields;
    if (key === null || key.length === 0) return unreadable('it has no key, from which columns are to come');
    if (this.#form === 'raw') {
      if (!isUtf8(key)) return unreadable('its key is no text in UTF-8');
      const text = JSON.stringify(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString());
      return { text: objectOf(names![0]!, Buffer.from(text)), schema: null };
    }
    const apart = message.keySchema ?? null;
    const isObject = key[skipBlanks(key, 0, key.length)] === OPEN_BRACE;
    const payload = isObject && apart === null ? payloadOf(key, key.length) : { start: 0, schema: apart };
    const start = skipBlanks(key, payload.start, key.length);
    const { schema } = payload;
    if (key[start] !== OPEN_BRACE) {
      if (names?.length !== 1) return unreadable('its key is no object with fields that could be columns');
      const end = skipValue(key, start, key.length);
      if (!isObject) expectEnd(key, end, key.length);
      return { text: objectOf(names[0]!, key.subarray(start, end)), schema };
    }
    return { text: this.#chosen(key, start), schema };
  }

  #chosen(key: Uint8Array, start: number): Uint8Array {
    const names = this.#fields;
    const cursor = this.#cursor;
    const parts: Uint8Array[] = [];
    let found = 0;
    cursor.open(key, start, key.length);
    while (cursor.next()) {
      const end = cursor.pass();
      const name: string = JSON.parse(Buffer.from(key.subarray(cursor.keyStart, cursor.keyEnd)).toString());
      if (names === null ? name === tableIdentifier : !names.includes(name)) continue;
      found += 1;
      parts.push(parts.length === 0 ? openBrace : comma, key.subarray(cursor.keyStart, end));
    }
    if (names !== null && found < names.length) {
      return unreadable(`its key has ${found} of the ${names.length} fields that key.fields names`);
    }
    return parts.length === 0 ? emptyObject : Buffer.concat([...parts, closeBrace]);
  }
}

const objectOf = (name: string, value: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`{${JSON.stringify(name)}:`), value, closeBrace]);

/** Objects as one, and schemas behind it. */
const joined = (
  objects: readonly Uint8Array[],
  schemas: readonly Uint8Array[],
  struct: KeyedRow['struct'],
): KeyedRow => {
  const inners = objects
    .map((object) => object.subarray(skipBlanks(object, 1, object.length), object.length - 1))
    .filter((inner) => inner.length > 0);
  const row = inners.flatMap((inner, index) => [index === 0 ? openBrace : comma, inner]);
  if (row.length === 0) row.push(openBrace);
  row.push(closeBrace);
  const end = row.reduce((sum, part) => sum + part.length, 0);
  return { bytes: Buffer.concat([...row, ...schemas]), end, struct };
};

const structOf = (schema: Uint8Array): ConnectField => JSON.parse(Buffer.from(schema).toString('utf8'));

/** The columns of a key: by its schema, or else by the look of its values. */
const fieldsOf = (object: Uint8Array, struct: ConnectField | null): readonly ConnectField[] => {
  const values = Object.entries(JSON.parse(Buffer.from(object).toString('utf8')) as Readonly<Record<string, unknown>>);
  // The schema of a key that is a plain value has no fields: it is its one column's.
  if (struct !== null && struct.fields === undefined) return values.map(([field]) => ({ ...struct, field }));
  const known = new Map(struct?.fields?.map((field) => [field.field, field]));
  return values.map(([field, value]) => known.get(field) ?? { field, type: lookOf(value), optional: false });
};

const lookOf = (value: unknown): string => {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'double';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    default:
      return 'struct';
  }
};

const openBrace = Buffer.from('{');
const closeBrace = Buffer.from('}');
const comma = Buffer.from(',');
const emptyObject = Buffer.from('{}');
