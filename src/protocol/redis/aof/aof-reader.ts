import { MillraceError } from '../../../core/errors.ts';
import { type Command, CommandDecoder } from '../command-decoder.ts';
import { RdbReader } from '../rdb/rdb-reader.ts';
import type { RdbVisitor } from '../rdb/rdb-visitor.ts';

/** Is told what an append-only log holds, in its order. */
export interface AofVisitor {
  /** Keys of a base that was saved as RDB come here. */
  readonly keys: RdbVisitor;
  /** A command on a database. One inside MULTI comes when its EXEC has been read. */
  command(command: Command, database: number): void;
  /** Commands that follow belong together, up to `commit`. */
  begin(): void;
  commit(): void;
  /** The server's clock, in seconds since 1970, before what follows. */
  time(seconds: number): void;
}

export interface AofOptions {
  /** Seconds since 1970: what the log notes as later than this is not read. Default: all. */
  readonly until?: number;
}

/** What a log ended with. */
export interface AofEnd {
  /** Where the part that counts ends in the last file. */
  readonly offset: number;
  /** Bytes behind that: a command that did not arrive whole, or a MULTI without its EXEC. */
  readonly cutBytes: number;
  /** Commands of a MULTI without its EXEC, which count as never written. */
  readonly droppedCommands: number;
}

/**
 * Reads an append-only log without any I/O: `open` each of its files in order, `write` it in pieces of any size, `close` it. A file that
 * begins as RDB files do is one up to that one's end mark, and commands behind it. Only the last file may end inside a command: a
 * server that died leaves that, and leaves it out when it starts again.
 */
export class AofReader {
  readonly #visitor: AofVisitor;
  readonly #until: number;
  #file: OpenFile | null = null;
  #database = 0;
  #done = false;
  /** Copies of the commands since a MULTI; null: none is open. */
  #queued: { readonly bytes: Buffer; readonly database: number }[] | null = null;
  /** Where that MULTI begins. */
  #multiOffset = 0;

  constructor(visitor: AofVisitor, { until = Number.POSITIVE_INFINITY }: AofOptions = {}) {
    this.#visitor = visitor;
    this.#until = until;
  }

  /** A time later than asked for was read, so nothing more will be. */
  get done(): boolean {
    return this.#done;
  }

  open(name: string): void {
    this.#file = { name, head: Buffer.alloc(0), keys: null, decoder: null };
    // Each file says which database it begins with.
    this.#database = 0;
  }

  write(piece: Buffer): void {
    const file = this.#file!;
    if (this.#done || piece.length === 0) return;
    if (file.decoder !== null) this.#decode(file.decoder, piece);
    else if (file.keys !== null) this.#readKeys(file, file.keys, piece);
    else this.#begin(file, piece);
  }

  /**
   * Ends the file. `last`: no other one follows. Throws REDIS_AOF_CUT where another one follows and this one ends inside a command, and
   * REDIS_RDB_CUT where the keys it begins with are not whole.
   */
  close(last: boolean): AofEnd {
    const file = this.#file!;
    this.#file = null;
    if (this.#done) return { offset: file.decoder?.offset ?? 0, cutBytes: 0, droppedCommands: 0 };
    if (file.keys !== null && file.decoder === null) file.keys.end();
    // Less than the mark of a saved file: the head of a command, or of a file that was cut.
    const { offset: read, pending } = file.decoder ?? { offset: 0, pending: file.head.length };
    const offset = this.#queued === null ? read : this.#multiOffset;
    const cutBytes = read + pending - offset;
    const droppedCommands = this.#queued?.length ?? 0;
    this.#queued = null;
    if (!last && cutBytes > 0) throw new MillraceError('REDIS_AOF_CUT', { file: file.name, offset: read + pending });
    return { offset, cutBytes, droppedCommands };
  }

  /** Finds out whether the file begins with saved keys or with a command. */
  #begin(file: OpenFile, piece: Buffer): void {
    file.head = file.head.length === 0 ? piece : Buffer.concat([file.head, piece]);
    if (!couldBeSaved(file.head)) {
      file.decoder = this.#decoder(0);
      this.#decode(file.decoder, file.head);
    } else if (file.head.length >= magicBytes) {
      file.keys = new RdbReader(this.#visitor.keys);
      this.#readKeys(file, file.keys, file.head);
    }
  }

  #readKeys(file: OpenFile, keys: RdbReader, piece: Buffer): void {
    const rest = keys.write(piece);
    if (rest === null) return;
    file.decoder = this.#decoder(keys.offset);
    if (rest.length > 0) this.#decode(file.decoder, rest);
  }

  #decode(decoder: CommandDecoder, piece: Buffer): void {
    decoder.write(piece);
    if (decoder.stopped) this.#done = true;
  }

  #decoder(offset: number): CommandDecoder {
    const decoder: CommandDecoder = new CommandDecoder(
      {
        command: (command) => this.#command(command),
        note: (text) => {
          const seconds = /^TS:(\d+)$/.exec(text)?.[1];
          if (seconds === undefined) return;
          if (Number(seconds) > this.#until) decoder.stop();
          else this.#visitor.time(Number(seconds));
        },
      },
      offset,
    );
    return decoder;
  }

  #command(command: Command): void {
    if (command.length === 1 && command.is(0, 'MULTI')) {
      this.#queued = [];
      this.#multiOffset = command.offset;
    } else if (command.length === 1 && command.is(0, 'EXEC') && this.#queued !== null) {
      this.#execute(this.#queued);
      this.#queued = null;
    } else if (command.length === 2 && command.is(0, 'SELECT')) {
      this.#database = Number(command.textOf(1));
    } else if (this.#queued === null) {
      this.#visitor.command(command, this.#database);
    } else {
      const { bytes, offset, end, start } = command;
      this.#queued.push({ bytes: Buffer.from(bytes.subarray(start, start + end - offset)), database: this.#database });
    }
  }

  #execute(queued: readonly { readonly bytes: Buffer; readonly database: number }[]): void {
    this.#visitor.begin();
    for (const { bytes, database } of queued) {
      new CommandDecoder({
        command: (command) => this.#visitor.command(command, database),
        note: () => {},
      }).write(bytes);
    }
    this.#visitor.commit();
  }
}

interface OpenFile {
  readonly name: string;
  /** What came before it was clear what the file begins with. */
  head: Buffer;
  keys: RdbReader | null;
  decoder: CommandDecoder | null;
}

const marks = ['REDIS', 'VALKEY'].map((mark) => Buffer.from(mark));
const magicBytes = 6;

/** Whether bytes agree with how a saved file begins, as far as there are any. */
const couldBeSaved = (head: Buffer): boolean =>
  marks.some((mark) => {
    const length = Math.min(mark.length, head.length);
    return head.subarray(0, length).equals(mark.subarray(0, length));
  });
