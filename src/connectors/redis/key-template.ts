import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { nameTemplate } from '../../core/name-template.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { keyColumnsOf } from '../../formats/key-columns.ts';

/**
 * Names of rows in Redis, made of a row's key and read back from it: `%{database}:%{table}:%{key}` gives `shop:orders:7`.
 *
 *     key        literal value literal value … literal
 *     value      the column's bytes, where % : { } and the first byte of every literal behind a value are written %XX
 *
 * So no value holds what ends it, unlike rows have unlike keys, and a key says of which row it is. `%{key}` stands for all columns
 * of the table's key with `:` between them, `%{database}` and `%{table}` for the names, anything else for a column. `{` and `}` are
 * written out because Redis Cluster places a key by what stands between them in the template.
 */
export class KeyTemplate {
  /** The columns in the key, in its order. */
  readonly columns: readonly number[];
  /** One more than there are columns. */
  readonly #literals: readonly Buffer[];
  readonly #literalBytes: number;
  readonly #isEscaped: Uint8Array;

  private constructor(columns: readonly number[], literals: readonly Buffer[]) {
    this.columns = columns;
    this.#literals = literals;
    this.#literalBytes = literals.reduce((sum, { length }) => sum + length, 0);
    this.#isEscaped = new Uint8Array(256);
    for (const byte of alwaysEscaped) this.#isEscaped[byte] = 1;
    for (const literal of literals.slice(1)) if (literal.length > 0) this.#isEscaped[literal[0]!] = 1;
  }

  /** Keys that begin with `prefix`, which stands as it is, and go on with the values of columns, `:` between them. */
  static listed(prefix: string, columns: readonly number[]): KeyTemplate {
    const between = columns.map((_, at) => (at === columns.length - 1 ? '' : ':'));
    return new KeyTemplate(
      columns,
      [prefix, ...between].map((piece) => Buffer.from(piece)),
    );
  }

  /** A template of the same `text`, over columns that may have other positions. */
  static restored(text: string, columns: readonly number[]): KeyTemplate {
    return new KeyTemplate(
      columns,
      (JSON.parse(text) as readonly string[]).map((piece) => Buffer.from(piece)),
    );
  }

  /**
   * `rowKey`: the columns that tell keys apart; left out: those that tell rows apart. Throws CONFIG_TEMPLATE where the keys of two rows
   * could be the same, or a key could not be read back.
   */
  static of(text: string, table: Table, rowKey: readonly number[] | null = null): KeyTemplate {
    const refuse = (reason: string): never => {
      throw new MillraceError('CONFIG_TEMPLATE', { text, reason });
    };
    const names = table.columns.map(({ name }) => name);
    const { literals, sequence } = nameTemplate(text, ['database', 'table', 'key', ...names]);
    const named = rowKey ?? keyColumnsOf(table);
    if (rowKey === null && named.length === 0)
      refuse(`${qualifiedName(table)} has no primary key, nor a unique one without NULL`);
    const columns: number[] = [];
    const pieces: string[] = [literals[0]!];
    const column = (at: number): void => {
      if (columns.includes(at)) refuse(`${names[at]} stands in it twice`);
      if (columns.length > 0 && pieces.at(-1) === '')
        refuse(`nothing separates ${names[at]} from what stands before it`);
      columns.push(at);
      pieces.push('');
    };
    const literal = (more: string): void => {
      pieces[pieces.length - 1] += more;
    };
    for (const [index, variable] of sequence.entries()) {
      switch (variable) {
        case 'database':
          literal(table.database);
          break;
        case 'table':
          literal(table.name);
          break;
        case 'key':
          if (named.length === 0) refuse('%{key} stands for no column here; name the columns that rows have in common');
          for (const [part, at] of named.entries()) {
            if (part > 0) literal(':');
            column(at);
          }
          break;
        default:
          column(names.indexOf(variable));
      }
      literal(literals[index + 1]!);
    }
    const missing = named.filter((at) => !columns.includes(at)).map((at) => names[at]);
    if (missing.length > 0)
      refuse(`rows of ${qualifiedName(table)} would share keys: it leaves out ${missing.join(', ')}`);
    // It would read as the beginning of an escaped byte.
    if (pieces.slice(1).some((piece) => piece.startsWith('%'))) refuse('behind a column it goes on with %');
    return new KeyTemplate(
      columns,
      pieces.map((piece) => Buffer.from(piece)),
    );
  }

  /** Equal for templates that make the same keys of the same values, in the order of `columns`. */
  get text(): string {
    return JSON.stringify(this.#literals.map(String));
  }

  /** What every key of the table begins with. */
  get prefix(): Buffer {
    return this.#literals[0]!;
  }

  /** The most bytes that a key takes whose values take `valueBytes` together. */
  longest(valueBytes: number): number {
    return this.#literalBytes + 3 * valueBytes;
  }

  /**
   * Puts a row's key into `to`, which has room for `longest`, and says where it ends. `starts` and `ends` are by column of the
   * table, and say where in `from` its value stands.
   */
  write(to: Buffer, at: number, from: Uint8Array, starts: ArrayLike<number>, ends: ArrayLike<number>): number {
    let end = putBytes(to, at, this.#literals[0]!);
    for (let i = 0; i < this.columns.length; i += 1) {
      const column = this.columns[i]!;
      for (let next = starts[column]!; next < ends[column]!; next += 1) {
        const byte = from[next]!;
        if (this.#isEscaped[byte] === 0) to[end++] = byte;
        else {
          to[end++] = PERCENT;
          to[end++] = hexDigits[byte >> 4]!;
          to[end++] = hexDigits[byte & 15]!;
        }
      }
      end = putBytes(to, end, this.#literals[i + 1]!);
    }
    return end;
  }

  /** The values of a key in the order of `columns`, views of it where nothing is written out; null: it is none of this template's. */
  read(key: Buffer): readonly Buffer[] | null {
    const ends: number[] = [];
    if (!this.#follow(key, ends)) return null;
    let at = this.#literals[0]!.length;
    return ends.map((end, i) => {
      const value = unescaped(key.subarray(at, end));
      at = end + this.#literals[i + 1]!.length;
      return value;
    });
  }

  /** Whether `read` gives values. */
  matches(key: Buffer): boolean {
    return this.#follow(key, null);
  }

  /** Whether there is a key that both templates match, of values without escaped bytes. */
  sharesKeys(other: KeyTemplate): boolean {
    const [ours, theirs] = [this.#steps(), other.#steps()];
    const seen = new Set<number>();
    const open: (readonly [number, number])[] = [[0, 0]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [a, b] = next;
      const id = a * (theirs.length + 1) + b;
      if (seen.has(id)) continue;
      seen.add(id);
      const [left, right] = [ours[a], theirs[b]];
      if (left === undefined && right === undefined) return true;
      // A value may end here, or not have begun.
      if (left === null) open.push([a + 1, b]);
      if (right === null) open.push([a, b + 1]);
      if (left === undefined || right === undefined) continue;
      const bytes = left ?? right;
      if (bytes === null) continue;
      if (left !== null && right !== null && left !== right) continue;
      if (left === null && this.#isEscaped[bytes] === 1) continue;
      if (right === null && other.#isEscaped[bytes] === 1) continue;
      open.push([left === null ? a : a + 1, right === null ? b : b + 1]);
    }
    return false;
  }

  /** Each byte that must stand there; null: any number of bytes of a value. */
  #steps(): readonly (number | null)[] {
    return this.#literals.flatMap((literal, at) => (at === 0 ? [...literal] : [null, ...literal]));
  }

  /** Goes through a key, and notes where each value ends. */
  #follow(key: Buffer, ends: number[] | null): boolean {
    const { length } = key;
    if (!startsWith(key, 0, this.#literals[0]!)) return false;
    let at = this.#literals[0]!.length;
    for (let i = 0; i < this.columns.length; i += 1) {
      for (; at < length; at += 1) {
        const byte = key[at]!;
        if (this.#isEscaped[byte] === 0) continue;
        if (byte !== PERCENT) break;
        // Each value has one way to be written, so that what is read back and written again is the same key.
        if (at + 2 >= length || !isHex(key, at + 1) || this.#isEscaped[escapedByte(key, at)] !== 1) return false;
        at += 2;
      }
      ends?.push(at);
      const literal = this.#literals[i + 1]!;
      if (!startsWith(key, at, literal)) return false;
      at += literal.length;
    }
    return at === length;
  }
}

const PERCENT = 0x25;
const alwaysEscaped = Buffer.from('%:{}');
const hexDigits = Buffer.from('0123456789ABCDEF');

/** What `%XX` at this place stands for. */
const escapedByte = (bytes: Uint8Array, at: number): number =>
  hexDigits.indexOf(bytes[at + 1]!) * 16 + hexDigits.indexOf(bytes[at + 2]!);

const unescaped = (value: Buffer): Buffer => {
  if (!value.includes(PERCENT)) return value;
  const plain = Buffer.allocUnsafe(value.length);
  let length = 0;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at]!;
    plain[length++] = byte === PERCENT ? escapedByte(value, at) : byte;
    if (byte === PERCENT) at += 2;
  }
  return plain.subarray(0, length);
};

const isHex = (bytes: Uint8Array, at: number): boolean =>
  hexDigits.includes(bytes[at]!) && hexDigits.includes(bytes[at + 1]!);

const startsWith = (bytes: Uint8Array, at: number, start: Uint8Array): boolean => {
  if (at + start.length > bytes.length) return false;
  for (let i = 0; i < start.length; i += 1) if (bytes[at + i] !== start[i]) return false;
  return true;
};

const putBytes = (to: Buffer, at: number, bytes: Uint8Array): number => {
  for (let i = 0; i < bytes.length; i += 1) to[at + i] = bytes[i]!;
  return at + bytes.length;
};
