import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { hasKeyFacts, keyFactsCode, keyFactsModules, keyFactsName } from './key-facts.ts';
import { moduleName, skipModulePart } from './module-value.ts';
import { Intset, Listpack, type PackedElements, Ziplist, Zipmap } from './packed.ts';
import { incomplete, RdbCursor } from './rdb-cursor.ts';
import { newestVersion, type RdbDialect, type RdbType, rdbType } from './rdb-types.ts';
import type { RdbKey, RdbVisitor } from './rdb-visitor.ts';
import { readStreamNode, StreamTail } from './stream-value.ts';

const opcode = {
  KEY_FACTS: keyFactsCode,
  SLOT_INFO: 244,
  LIBRARY: 245,
  MODULE_FACTS: 247,
  IDLE: 248,
  FREQUENCY: 249,
  FACT: 250,
  SIZES: 251,
  EXPIRES_MS: 252,
  EXPIRES_SECONDS: 253,
  DATABASE: 254,
  END: 255,
} as const;

/** Types that come with new releases have these codes. Any other is damage, and what follows it may be anything. */
const isNewType = (code: number): boolean => code > 21 && code < 64;
/** A name of so many bytes is shown where its key cannot be read. */
const mostShownBytes = 256;

/**
 * Reads an RDB file of Redis or Valkey without any I/O: `write` it the file in pieces of any size, then `end` it. Memory holds one unit at a
 * time (a string, or a small collection that is packed into one), so a hash of millions of fields streams through. What cannot be read
 * throws, with the byte where it begins.
 */
export class RdbReader {
  readonly #visitor: RdbVisitor;
  readonly #cursor = new RdbCursor();
  /** Reads the next unit. */
  #step: () => void = () => this.#header();
  #done = false;
  #dialect: RdbDialect = 'redis';
  #version = 0;
  #database = 0;
  #expiresAtMs: number | null = null;
  /** Where the key under way begins in the file; -1: between keys. */
  #keyOffset = -1;
  #key: RdbKey | null = null;
  /** Units that the key still has. */
  #left = 0;
  /** The earliest expiry of a hash's fields, which theirs are counted from. */
  #earliestMs = 0;

  constructor(visitor: RdbVisitor) {
    this.#visitor = visitor;
  }

  /** How many bytes of the file have been read. */
  get offset(): number {
    return this.#cursor.offset;
  }

  /** The end mark has been read, and the checksum behind it was right. */
  get done(): boolean {
    return this.#done;
  }

  get format(): { readonly dialect: RdbDialect; readonly version: number } {
    return { dialect: this.#dialect, version: this.#version };
  }

  /** Takes the next bytes of the file; they may not change before the next call. Answers what lies behind the file's end, null before that. */
  write(piece: Buffer): Buffer | null {
    const cursor = this.#cursor;
    cursor.append(piece);
    while (!this.#done && cursor.at < cursor.bytes.length && cursor.bytes.length >= cursor.wanted) {
      const start = cursor.at;
      try {
        this.#step();
      } catch (error) {
        cursor.at = start;
        if (error !== incomplete) throw this.#placed(error);
      }
    }
    return this.#done ? cursor.bytes.subarray(cursor.at) : null;
  }

  /** No bytes come any more. Throws REDIS_RDB_CUT where the file is not whole. */
  end(): void {
    if (!this.#done) throw new MillraceError('REDIS_RDB_CUT', { offset: this.#cursor.received });
  }

  /** Packed collections do not know where in the file they are. */
  #placed(error: unknown): unknown {
    if (!isMillraceError(error, 'BYTES_TRUNCATED') && !isMillraceError(error, 'BYTES_MALFORMED')) return error;
    return new MillraceError('REDIS_RDB_DAMAGED', { offset: this.offset, reason: error.message }, { cause: error });
  }

  #header(): void {
    const match = /^(REDIS(?=\d{4})|VALKEY(?=\d{3}))(\d+)$/.exec(this.#cursor.view(9).toString('latin1'));
    if (match === null) throw new MillraceError('REDIS_RDB_NOT_A_FILE', { bytes: 9 });
    this.#dialect = match[1] === 'VALKEY' ? 'valkey' : 'redis';
    this.#version = Number(match[2]);
    const newest = newestVersion[this.#dialect];
    if (this.#version < 1 || this.#version > newest) {
      throw new MillraceError('REDIS_RDB_UNKNOWN_VERSION', { dialect: this.#dialect, version: match[2]!, newest });
    }
    this.#step = this.#nextKey;
  }

  readonly #nextKey = (): void => {
    const cursor = this.#cursor;
    const start = cursor.offset;
    const code = cursor.u8();
    switch (code) {
      case opcode.END:
        // Files before version 5 have no checksum.
        if (this.#version < 5) this.#done = true;
        else this.#step = () => this.#checksum();
        return;
      case opcode.DATABASE:
        this.#database = cursor.length();
        return;
      case opcode.SIZES:
        cursor.length();
        cursor.length();
        return;
      case opcode.SLOT_INFO:
        for (let i = 0; i < 3; i += 1) cursor.length();
        return;
      case opcode.FACT: {
        const name = cursor.string();
        this.#visitor.fact(name.toString('latin1'), cursor.string().toString('utf8'));
        return;
      }
      case opcode.LIBRARY:
        this.#visitor.library(cursor.string());
        return;
      case opcode.MODULE_FACTS: {
        const name = moduleName(cursor.bigLength());
        // A part of its own that says before or after which keys the facts were written.
        cursor.length();
        cursor.length();
        this.#visitor.module(name);
        this.#step = () => {
          if (!skipModulePart(cursor)) this.#step = this.#nextKey;
        };
        return;
      }
      case opcode.KEY_FACTS:
        if (!hasKeyFacts(this.#dialect, this.#version)) throw this.#unknown(code, start);
        this.#step = this.#keyFactsStep(keyFactsModules(cursor));
        break;
      case opcode.EXPIRES_SECONDS:
        this.#expiresAtMs = cursor.view(4).readInt32LE(0) * 1000;
        break;
      case opcode.EXPIRES_MS:
        this.#expiresAtMs = Number(cursor.view(8).readBigInt64LE(0));
        break;
      case opcode.FREQUENCY:
        cursor.u8();
        break;
      case opcode.IDLE:
        cursor.length();
        break;
      default:
        this.#begin(code, start);
        return;
    }
    // It says something of the key that follows, which so begins here.
    if (this.#keyOffset < 0) this.#keyOffset = start;
  };

  #begin(code: number, start: number): void {
    const cursor = this.#cursor;
    const type = rdbType(this.#dialect, this.#version, code);
    if (type === null) throw this.#unknown(code, start);
    const name = cursor.string();
    const { encoding, layout } = type;
    if (layout === 'fields-expiring' || encoding === 'listpack-ex') {
      this.#earliestMs = Number(cursor.view(8).readBigInt64LE(0));
    }
    const counted = layout !== 'text' && layout !== 'packed' && layout !== 'module';
    const left = counted ? cursor.length() : 1;
    if (layout === 'indexed') this.#nextIndex(left);
    const module = layout === 'module' ? moduleName(cursor.bigLength()) : null;
    // Read as a whole: from here on nothing has to be read again.
    this.#left = left;
    if (this.#keyOffset < 0) this.#keyOffset = start;
    this.#key = {
      name,
      kind: type.kind,
      encoding,
      database: this.#database,
      expiresAtMs: this.#expiresAtMs,
      offset: this.#keyOffset,
    };
    this.#visitor.begin(this.#key);
    if (module !== null) this.#visitor.module(module);
    this.#step = layout === 'stream' ? this.#streamStep(code) : this.#valueStep(type);
    if (counted && left === 0 && layout !== 'stream') this.#endKey();
  }

  /** What follows how many elements an array has: whether one was put behind the last, and where. */
  #nextIndex(elements: number): void {
    const cursor = this.#cursor;
    if (elements === 0) throw cursor.damaged('an array of no elements');
    const isKnown = cursor.length();
    if (isKnown > 1) throw cursor.damaged(`${isKnown} does not say whether an array has a next index`);
    if (isKnown === 1) cursor.bigLength();
  }

  /** Every type is followed by its key's name. */
  #unknown(code: number, start: number): MillraceError {
    const cursor = this.#cursor;
    let key = 'not readable';
    if (isNewType(code)) {
      try {
        const name = cursor.string();
        if (name.length <= mostShownBytes) key = JSON.stringify(name.toString());
      } catch (error) {
        if (error === incomplete && cursor.wanted - cursor.at < mostShownBytes) throw error;
      }
    }
    return new MillraceError('REDIS_RDB_UNKNOWN_TYPE', { code, offset: start, version: this.#version, key });
  }

  /** Passes over what modules keep of the key that follows: each their name, then parts as in a value. */
  #keyFactsStep(modules: number): () => void {
    const cursor = this.#cursor;
    let left = modules;
    let isInside = false;
    return () => {
      if (isInside) isInside = skipModulePart(cursor);
      else if (left > 0) {
        this.#visitor.module(keyFactsName(cursor));
        left -= 1;
        isInside = true;
      } else {
        this.#step = this.#nextKey;
        this.#nextKey();
      }
    };
  }

  #endKey(): void {
    const key = this.#key!;
    this.#visitor.end(key, this.offset - this.#keyOffset);
    this.#key = null;
    this.#keyOffset = -1;
    this.#expiresAtMs = null;
    this.#step = this.#nextKey;
  }

  #valueStep(type: RdbType): () => void {
    const cursor = this.#cursor;
    if (type.layout === 'module') {
      return () => {
        if (!skipModulePart(cursor)) this.#endKey();
      };
    }
    const unit = this.#unit(type);
    return () => {
      unit();
      this.#left -= 1;
      if (this.#left === 0) this.#endKey();
    };
  }

  /** Reads one unit of a value: an element, or a string of packed ones. */
  #unit(type: RdbType): () => void {
    const cursor = this.#cursor;
    const visitor = this.#visitor;
    switch (type.layout) {
      case 'text':
        return () => visitor.text(cursor.string());
      case 'elements':
        return () => visitor.element(cursor.string());
      case 'scored-text':
        return () => {
          const member = cursor.string();
          visitor.scored(member, scoreText(cursor));
        };
      case 'scored-binary':
        return () => {
          const member = cursor.string();
          visitor.scored(member, cursor.view(8).readDoubleLE(0));
        };
      case 'fields':
        return () => {
          const name = cursor.string();
          visitor.field(name, cursor.string(), null);
        };
      case 'fields-expiring':
        return () => {
          const after = cursor.length();
          const name = cursor.string();
          // 0: never; else one more than how long after the earliest.
          visitor.field(name, cursor.string(), after === 0 ? null : this.#earliestMs + after - 1);
        };
      case 'fields-expiring-valkey':
        return () => {
          const name = cursor.string();
          const value = cursor.string();
          const expiresAtMs = Number(cursor.view(8).readBigInt64LE(0));
          visitor.field(name, value, expiresAtMs < 0 ? null : expiresAtMs);
        };
      case 'indexed':
        return () => {
          const index = cursor.bigLength();
          visitor.indexed(index, arrayElement(cursor));
        };
      case 'packed-list':
        return () => this.#tellPacked(type, new Ziplist(cursor.string()));
      case 'packed-containers':
        return () => {
          const container = cursor.length();
          const blob = cursor.string();
          if (container === 1) visitor.element(blob);
          else if (container === 2) this.#tellPacked(type, new Listpack(blob));
          else throw cursor.damaged(`a list's node of kind ${container}`);
        };
      default:
        return () => this.#tellPacked(type, packedElements(type, cursor.string()));
    }
  }

  #tellPacked(type: RdbType, elements: PackedElements): void {
    const visitor = this.#visitor;
    for (let element = elements.next(); element !== null; element = elements.next()) {
      if (type.kind === 'list' || type.kind === 'set') {
        visitor.element(element);
        continue;
      }
      const value = elements.next();
      if (value === null) throw this.#cursor.damaged('a name has no value');
      if (type.kind === 'zset') visitor.scored(element, scoreOf(value));
      else visitor.field(element, value, type.encoding === 'listpack-ex' ? this.#fieldExpiry(elements) : null);
    }
  }

  /** In a packed hash the expiry is told in full, 0 where there is none. */
  #fieldExpiry(elements: PackedElements): number | null {
    const text = elements.next();
    if (text === null) throw this.#cursor.damaged('a field has no expiry');
    return Number(text.toString('latin1')) || null;
  }

  #streamStep(code: number): () => void {
    const cursor = this.#cursor;
    const tail = new StreamTail(code);
    return () => {
      if (this.#left > 0) {
        readStreamNode(cursor, this.#visitor);
        this.#left -= 1;
      } else if (!tail.next(cursor, this.#visitor)) this.#endKey();
    };
  }

  #checksum(): void {
    if (!this.#cursor.checksumHolds()) throw this.#cursor.damaged('the checksum of the file does not match its bytes');
    this.#done = true;
  }
}

const packedElements = (type: RdbType, blob: Buffer): PackedElements => {
  switch (type.encoding) {
    case 'zipmap':
      return new Zipmap(blob);
    case 'ziplist':
      return new Ziplist(blob);
    case 'intset':
      return new Intset(blob);
    default:
      return new Listpack(blob);
  }
};

/** An element of an array: of what kind it is, then a text, a whole number or a double. */
const arrayElement = (cursor: RdbCursor): Buffer => {
  const kind = cursor.length();
  switch (kind) {
    case 0:
    case 3:
      return cursor.string();
    case 1:
      return Buffer.from(String(cursor.view(8).readBigInt64LE(0)), 'latin1');
    case 2:
      return Buffer.from(String(cursor.view(8).readDoubleLE(0)), 'latin1');
    default:
      throw cursor.damaged(`an array's element of kind ${kind}`);
  }
};

/** A score before version 8: its length and digits, or 253, 254, 255 for what digits cannot say. */
const scoreText = (cursor: RdbCursor): number => {
  const length = cursor.u8();
  if (length === 253) return Number.NaN;
  if (length === 254) return Number.POSITIVE_INFINITY;
  if (length === 255) return Number.NEGATIVE_INFINITY;
  return scoreOf(cursor.view(length));
};

const scoreOf = (value: Buffer): number => {
  const text = value.toString('latin1');
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
};
