import { MillraceError } from '../../core/errors.ts';

/** Redis takes no longer text, and no client may send more arguments. */
const maxTextBytes = 512 * 1024 * 1024;
const maxArguments = 1024 * 1024;
/** `*1048576`, `$536870912` and notes such as `#TS:1700000000` are far shorter. */
const maxLineBytes = 1024;

const LF = 10;
const CR = 13;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

/** A command as it stands in the bytes that were written. It is the same object each time: what is kept of it is copied. */
export class Command {
  bytes: Buffer = Buffer.alloc(0);
  /** How many texts it has, its name the first. */
  length = 0;
  /** Where it stands in `bytes`. */
  start = 0;
  /** Where it begins, counted from the first byte written. */
  offset = 0;
  /** Where the next one begins. */
  end = 0;
  #bounds = new Int32Array(64);

  /** A view of a text, which lasts as long as the bytes do. */
  bytesOf(index: number): Buffer {
    return this.bytes.subarray(this.#bounds[index * 2]!, this.#bounds[index * 2 + 1]!);
  }

  textOf(index: number): string {
    return this.bytes.latin1Slice(this.#bounds[index * 2]!, this.#bounds[index * 2 + 1]!);
  }

  byteLengthOf(index: number): number {
    return this.#bounds[index * 2 + 1]! - this.#bounds[index * 2]!;
  }

  /** Whether a text is this word, written in capitals, in capital or small letters. */
  is(index: number, word: string): boolean {
    const start = this.#bounds[index * 2]!;
    if (this.#bounds[index * 2 + 1]! - start !== word.length) return false;
    for (let i = 0; i < word.length; i += 1) {
      const byte = this.bytes[start + i]!;
      const capital = byte >= 97 && byte <= 122 ? byte - 32 : byte;
      if (capital !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  /** For the decoder: notes where a text stands. */
  place(index: number, start: number, end: number): void {
    if (index * 2 + 2 > this.#bounds.length) {
      const larger = new Int32Array(this.#bounds.length * 2);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[index * 2] = start;
    this.#bounds[index * 2 + 1] = end;
  }
}

export interface CommandVisitor {
  command(command: Command): void;
  /** A line of its own that begins with `#`, without that. An append-only file tells the time so: `TS:1700000000`. */
  note(text: string): void;
}

/**
 * Cuts commands out of a replication stream or an append-only file: `*2␍␊$3␍␊DEL␍␊$1␍␊k␍␊`. However the bytes are cut, the commands are
 * the same. What it holds is what arrived of the command under way: nothing is set aside on the word of a length.
 */
export class CommandDecoder {
  readonly #visitor: CommandVisitor;
  readonly #command = new Command();
  readonly #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Bytes that are needed before it is worth reading on. */
  #wanted = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes before `#bytes`. */
  #before: number;
  #stopped = false;

  /** `offset`: where in the file or the stream the first byte is. */
  constructor(visitor: CommandVisitor, offset = 0) {
    this.#visitor = visitor;
    this.#before = offset;
  }

  /** Where the next command begins. */
  get offset(): number {
    return this.#before + this.#at;
  }

  /** Bytes of a command that has not arrived whole. */
  get pending(): number {
    return this.#bytes.length - this.#at + this.#pieceBytes;
  }

  /** A visitor calls this to be told of nothing more: what was written after the command or note at hand counts as not read. */
  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next bytes, which the decoder keeps. Throws REDIS_COMMANDS_DAMAGED, after which it is of no more use. */
  write(piece: Buffer): void {
    if (this.#stopped) return;
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    const left = this.#bytes.length - this.#at;
    // A long text arrives in many pieces, which are put together once.
    if (left + this.#pieceBytes < this.#wanted) return;
    this.#before += this.#at;
    this.#bytes =
      left === 0 && this.#pieces.length === 1
        ? piece
        : Buffer.concat([this.#bytes.subarray(this.#at), ...this.#pieces], left + this.#pieceBytes);
    this.#at = 0;
    this.#pieces.length = 0;
    this.#pieceBytes = 0;
    this.#wanted = 0;
    while (!this.#stopped && this.#at < this.#bytes.length) {
      const end = this.#next();
      if (end < 0) return;
    }
  }

  /** Reads one command or note. Answers where it ends, -1 where it is not whole. */
  #next(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    switch (bytes[start]) {
      case STAR:
        return this.#array(start);
      case HASH: {
        const end = this.#lineEnd(start);
        if (end < 0) return -1;
        this.#at = end + 2;
        this.#visitor.note(bytes.latin1Slice(start + 1, end));
        return this.#at;
      }
      case LF:
        // A server that makes a snapshot sends these to show that it lives.
        this.#at = start + 1;
        return this.#at;
      default:
        throw this.#damaged(start, `a command begins with "*", not with byte 0x${bytes[start]!.toString(16)}`);
    }
  }

  #array(start: number): number {
    const command = this.#command;
    let at = this.#lineEnd(start);
    if (at < 0) return -1;
    const length = this.#number(start + 1, at);
    if (length < 1 || length > maxArguments) throw this.#damaged(start, `a command of ${length} texts`);
    at += 2;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i += 1) {
      if (at >= bytes.length) return -1;
      if (bytes[at] !== DOLLAR) throw this.#damaged(start, `text ${i + 1} of ${length} does not begin with "$"`);
      const header = this.#lineEnd(at);
      if (header < 0) return -1;
      const size = this.#number(at + 1, header);
      if (size > maxTextBytes) throw this.#damaged(start, `a text of ${size} bytes`);
      const end = header + 2 + size;
      if (end + 2 > bytes.length) {
        this.#wanted = end + 2 - this.#at;
        return -1;
      }
      if (bytes[end] !== CR || bytes[end + 1] !== LF)
        throw this.#damaged(start, `text ${i + 1} of ${length} is longer than the ${size} bytes it says`);
      command.place(i, header + 2, end);
      at = end + 2;
    }
    command.bytes = bytes;
    command.length = length;
    command.start = start;
    command.offset = this.#before + start;
    command.end = this.#before + at;
    this.#at = at;
    this.#visitor.command(command);
    return at;
  }

  /** Where the carriage return of the line is; -1: it has not arrived. */
  #lineEnd(start: number): number {
    const bytes = this.#bytes;
    const limit = Math.min(bytes.length - 1, start + maxLineBytes);
    for (let at = start; at < limit; at += 1) if (bytes[at] === CR && bytes[at + 1] === LF) return at;
    if (limit === start + maxLineBytes) throw this.#damaged(start, 'a line without an end');
    return -1;
  }

  #number(start: number, end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    // Ten digits hold every length that is allowed.
    if (end === start || end - start > 10) throw this.#damaged(start, 'a length that is no number');
    for (let at = start; at < end; at += 1) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) throw this.#damaged(start, 'a length that is no number');
      value = value * 10 + digit;
    }
    return value;
  }

  #damaged(at: number, reason: string): MillraceError {
    return new MillraceError('REDIS_COMMANDS_DAMAGED', { offset: this.#before + at, reason });
  }
}
