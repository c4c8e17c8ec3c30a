/**
 * Replies of RESP2 and RESP3, cut out of a stream of bytes. https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 *   +OK␍␊            status           _␍␊             null
 *   -ERR text␍␊      error            #t␍␊            boolean
 *   :42␍␊            integer          ,3.25␍␊         double
 *   $3␍␊abc␍␊        bytes, $-1 null  (349…␍␊         big number
 *   *2␍␊…            array, *-1 null  !21␍␊…␍␊        error as bytes
 *   %1␍␊…            map              =7␍␊txt:abc␍␊   text with a format
 *   ~2␍␊…            set              >2␍␊…           push
 *   |1␍␊…            attribute of what follows
 */
import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import { Push, type Reply, ReplyError, ReplyMap } from './reply.ts';

export interface ReplyLimits {
  /** Of one text. Redis itself takes at most 512 MiB (`proto-max-bulk-len`). */
  readonly maxTextBytes: number;
  /** Of arrays in arrays. */
  readonly maxDepth: number;
}

const usualLimits: ReplyLimits = { maxTextBytes: 512 * 1024 * 1024, maxDepth: 32 };
/** Status words, numbers and headers end within this. An error quotes what it is about, so it is given as much. */
const maxLineBytes = 64 * 1024;

/** Where the texts of an array lie in the bytes that arrived; -1: null. They stand until the next bytes are pushed. */
export interface TextPlaces {
  bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** An array, map or push whose items are still arriving. */
interface Open {
  readonly kind: 'array' | 'map' | 'push' | 'attribute';
  readonly items: Reply[];
  missing: number;
}

/**
 * Give it bytes as they arrive, and take replies until there is none. However the bytes are cut, the replies are the same. What it
 * holds is what arrived: nothing is set aside on the word of a length. Throws REDIS_PROTOCOL for what is no reply, after which it is
 * of no more use.
 */
export class ReplyDecoder {
  readonly #limits: ReplyLimits;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #counted = 0;
  /** Bytes given up to where `#bytes` begins, for error messages. */
  #before = 0;
  readonly #open: Open[] = [];
  /** Pieces of a text that is longer than what has arrived of it. */
  #text: { readonly marker: number; readonly length: number; readonly pieces: Buffer[]; arrived: number } | null = null;

  constructor(limits: Partial<ReplyLimits> = {}) {
    this.#limits = { ...usualLimits, ...limits };
  }

  /** The bytes are kept until what is in them was taken; who reuses them copies first. */
  push(chunk: Buffer): void {
    const left = this.#bytes.length - this.#at;
    this.#before += this.#at;
    this.#bytes = left === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** The next reply, a view of the bytes pushed; undefined: more bytes are needed. */
  next(): Reply | undefined {
    for (;;) {
      const value = this.#text === null ? (this.#frequent() ?? this.#value()) : this.#restOfText();
      if (value === undefined) return undefined;
      const reply = value === opened ? undefined : this.#place(value);
      if (reply !== undefined) return reply;
    }
  }

  /** Reads past answers `QUEUED`, at most so many, and says how many there were: those that a MULTI gives for each command. */
  skipQueued(most: number): number {
    if (this.#text !== null || this.#open.length > 0) return 0;
    const bytes = this.#bytes;
    let at = this.#at;
    let count = 0;
    for (; count < most && at + queued.length <= bytes.length; count += 1) {
      let same = 0;
      while (same < queued.length && bytes[at + same] === queued[same]) same += 1;
      if (same < queued.length) break;
      at += same;
    }
    this.#at = at;
    return count;
  }

  /**
   * Reads the next reply where it is an array of as many texts as `places` has room for, and all of it is there, without making anything
   * of them. false: it is something else, or not all of it has come; nothing was read then, and `next` says what it is.
   */
  texts(places: TextPlaces): boolean {
    if (this.#text !== null || this.#open.length > 0) return false;
    const bytes = this.#bytes;
    const { starts, ends } = places;
    let at = this.#count(this.#at, 0x2a, starts.length);
    for (let i = 0; i < starts.length; i += 1) {
      if (at < 0) return false;
      // `_␍␊`, or `$-1␍␊` of RESP2.
      const line = bytes[at] === 0x5f ? at + 1 : bytes[at + 1] === 0x2d && bytes[at + 2] === 0x31 ? at + 3 : -1;
      if (line > 0) {
        if (bytes[line] !== 0x0d || bytes[line + 1] !== 0x0a) return false;
        starts[i] = -1;
        ends[i] = -1;
        at = line + 2;
        continue;
      }
      at = this.#count(at, 0x24, null);
      if (at < 0) return false;
      const end = at + this.#counted;
      if (bytes[end] !== 0x0d || bytes[end + 1] !== 0x0a) return false;
      starts[i] = at;
      ends[i] = end;
      at = end + 2;
    }
    places.bytes = bytes;
    this.#at = at;
    return true;
  }

  /** Takes the bytes that follow the last reply away: what a replication link sends after its answer is no reply. */
  takeRest(): Buffer {
    const rest = this.#bytes.subarray(this.#at);
    this.#before += this.#bytes.length;
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
    return rest;
  }

  /** Reads a header, `*8␍␊`, of a number that is kept in `#counted`; where it ends, or -1: it is no such header, or counts other than `wanted`. */
  #count(start: number, marker: number, wanted: number | null): number {
    const bytes = this.#bytes;
    if (bytes[start] !== marker) return -1;
    let value = 0;
    let at = start + 1;
    for (; at < start + 10; at += 1) {
      const digit = bytes[at]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === start + 1 || bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) return -1;
    if (wanted !== null && value !== wanted) return -1;
    if (value > this.#limits.maxTextBytes) return -1;
    this.#counted = value;
    return at + 2;
  }

  /** Puts a value where it belongs; the whole reply when it completes one. */
  #place(value: Reply): Reply | undefined {
    let whole = value;
    for (;;) {
      const into = this.#open.at(-1);
      if (into === undefined) return whole;
      into.items.push(whole);
      into.missing -= 1;
      if (into.missing > 0) return undefined;
      this.#open.pop();
      if (into.kind === 'attribute') return undefined;
      whole = closed(into);
    }
  }

  /** The answers that an EXEC has one of for each command, without making a text of them: counts. */
  #frequent(): Reply | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    if (bytes[start] !== 0x3a) return undefined;
    let value = 0;
    let at = start + 1;
    for (; at < start + 10; at += 1) {
      const digit = bytes[at]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === start + 1 || bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) return undefined;
    this.#at = at + 2;
    return value;
  }

  #value(): Reply | typeof opened | undefined {
    const end = this.#lineEnd();
    if (end < 0) return undefined;
    const start = this.#at;
    const marker = this.#bytes[start]!;
    const line = (): string => this.#bytes.latin1Slice(start + 1, end);
    switch (marker) {
      case 0x2b: // +
        this.#at = end + 2;
        return this.#bytes.utf8Slice(start + 1, end);
      case 0x2d: // -
        this.#at = end + 2;
        return new ReplyError(this.#bytes.utf8Slice(start + 1, end));
      case 0x3a: // :
      case 0x28: // (
        return this.#passed(end, this.#integer(line()));
      case 0x2c: // ,
        return this.#passed(end, this.#double(line()));
      case 0x23: // #
        if (line() !== 't' && line() !== 'f') throw this.#wrong('a boolean is t or f');
        return this.#passed(end, line() === 't');
      case 0x5f: // _
        return this.#passed(end, null);
      case 0x24: // $
      case 0x21: // !
      case 0x3d: // =
        return this.#beginText(marker, this.#length(line()), end);
      case 0x2a: // *
      case 0x7e: // ~
        return this.#begin('array', this.#length(line()), end);
      case 0x25: // %
        return this.#begin('map', this.#length(line()) * 2, end);
      case 0x3e: // >
        return this.#begin('push', this.#length(line()), end);
      case 0x7c: // |
        return this.#begin('attribute', this.#length(line()) * 2, end);
      default:
        throw this.#wrong(`0x${marker.toString(16)} begins no reply`);
    }
  }

  #passed<T>(end: number, value: T): T {
    this.#at = end + 2;
    return value;
  }

  /** Where the line ends, before its ␍␊; -1: not yet there. */
  #lineEnd(): number {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) {
      if (this.#bytes.length - this.#at > maxLineBytes) throw this.#wrong(`no line ends within ${maxLineBytes} bytes`);
      return -1;
    }
    if (end - this.#at > maxLineBytes) throw this.#wrong(`a line of ${end - this.#at} bytes`);
    if (end === this.#at || this.#bytes[end - 1] !== 0x0d) throw this.#wrong('a line ends without a carriage return');
    return end - 1;
  }

  #begin(kind: Open['kind'], count: number, end: number): Reply | typeof opened {
    if (count < 0) return this.#passed(end, null);
    if (this.#open.length >= this.#limits.maxDepth) throw this.#wrong(`more than ${this.#limits.maxDepth} levels`);
    const open: Open = { kind, items: [], missing: count };
    this.#at = end + 2;
    if (count === 0) return kind === 'attribute' ? opened : closed(open);
    this.#open.push(open);
    return opened;
  }

  #beginText(marker: number, length: number, end: number): Reply | undefined {
    if (length < 0) return this.#passed(end, null);
    if (length > this.#limits.maxTextBytes) throw this.#wrong(`a text of ${length} bytes`);
    this.#at = end + 2;
    if (this.#bytes.length - this.#at >= length + 2) {
      const text = this.#bytes.subarray(this.#at, this.#at + length);
      this.#at += length;
      this.#lineBreak();
      return textOf(marker, text);
    }
    this.#text = { marker, length, pieces: [], arrived: 0 };
    return this.#restOfText();
  }

  /** Pieces are set aside as they come, so that a long text is not copied again with every chunk. */
  #restOfText(): Reply | undefined {
    const text = this.#text!;
    const take = Math.min(text.length - text.arrived, this.#bytes.length - this.#at);
    if (take > 0) text.pieces.push(this.#bytes.subarray(this.#at, this.#at + take));
    text.arrived += take;
    this.#at += take;
    if (text.arrived < text.length || this.#bytes.length - this.#at < 2) return undefined;
    this.#lineBreak();
    this.#text = null;
    return textOf(text.marker, Buffer.concat(text.pieces));
  }

  #lineBreak(): void {
    if (this.#bytes[this.#at] !== 0x0d || this.#bytes[this.#at + 1] !== 0x0a) throw this.#wrong('a text is not ended');
    this.#at += 2;
  }

  #length(text: string): number {
    const length = Number(text);
    if (!/^-?\d{1,10}$/.test(text) || length < -1) throw this.#wrong('a length is no number');
    return length;
  }

  #integer(text: string): number | bigint {
    if (!/^[+-]?\d{1,400}$/.test(text)) throw this.#wrong('an integer is no number');
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }

  #double(text: string): number {
    if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    if (/^-?nan$/i.test(text)) return Number.NaN;
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw this.#wrong('a double is no number');
    return Number(text);
  }

  #wrong(reason: string): MillraceError {
    return new MillraceError('REDIS_PROTOCOL', { offset: this.#before + this.#at, reason });
  }
}

const queued = Buffer.from('+QUEUED\r\n');

/** An array or its like was begun: no value yet. */
const opened = Symbol('opened');

const closed = ({ kind, items }: Open): Reply => {
  if (kind === 'array') return items;
  if (kind === 'push') return new Push(items);
  const entries: (readonly [Reply, Reply])[] = [];
  for (let i = 0; i < items.length; i += 2) entries.push([items[i]!, items[i + 1]!]);
  return new ReplyMap(entries);
};

const textOf = (marker: number, text: Buffer): Reply => {
  if (marker === 0x21) return new ReplyError(text.toString());
  // `txt:` or `mkd:` before the text itself.
  return marker === 0x3d ? text.subarray(4) : text;
};
