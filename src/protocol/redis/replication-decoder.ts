import { MillraceError } from '../../core/errors.ts';

/** Is told what a server sends that was asked to `PSYNC`. */
export interface ReplicationVisitor {
  /** A snapshot of everything follows, as of this place. */
  full(replicationId: string, offset: number): void;
  /** The stream goes on where it was asked to. After a failover it has another name from now on; null: the same. */
  continued(replicationId: string | null): void;
  /** The next bytes of the snapshot, an RDB file. Valid during the call. */
  snapshot(piece: Buffer): void;
  /** The snapshot is whole; the stream of commands follows. */
  snapshotEnd(): void;
  /** The next bytes of the stream, for a CommandDecoder. They last. */
  stream(piece: Buffer): void;
  /** The server will not: the refusal without its `-`. */
  refused(reason: string): void;
}

/** A server's answer, an RDB file's length, or its end mark, ends within this. */
const maxLineBytes = 1024;
const markLength = 40;
const LF = 10;

/**
 * Reads one link of replication, from the answer to `PSYNC` on, without any I/O:
 *
 *     +FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 9472␍␊
 *     $1731␍␊<1731 bytes of RDB>            from a file, or
 *     $EOF:<40 bytes>␍␊<RDB><40 bytes>      as the server writes it, ended by the same 40 bytes
 *     *3␍␊$3␍␊SET␍␊ …                       the stream: commands, whose bytes are counted from the offset on
 *
 * Before an answer there may be line feeds, which only say that the server lives. However the bytes are cut, what is told is the same.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/replication/
 */
export class ReplicationDecoder {
  readonly #visitor: ReplicationVisitor;
  /** What comes next. */
  #state: 'answer' | 'length' | 'sized' | 'marked' | 'stream' | 'refused' = 'answer';
  /** What arrived of a line, or of what may be an end mark. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the snapshot that are still to come. */
  #left = 0;
  #mark: Buffer = Buffer.alloc(0);

  constructor(visitor: ReplicationVisitor) {
    this.#visitor = visitor;
  }

  /** Takes the next bytes, which the decoder keeps. Throws REDIS_REPLICATION_LINK. */
  write(piece: Buffer): void {
    let bytes = piece;
    while (bytes.length > 0 && this.#state !== 'refused') {
      switch (this.#state) {
        case 'answer':
        case 'length':
          bytes = this.#line(bytes);
          break;
        case 'sized':
          bytes = this.#sized(bytes);
          break;
        case 'marked':
          bytes = this.#marked(bytes);
          break;
        case 'stream':
          this.#visitor.stream(bytes);
          return;
      }
    }
  }

  #line(bytes: Buffer): Buffer {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = held.indexOf(LF);
    if (end < 0) {
      if (held.length > maxLineBytes) throw linkError('an answer without an end');
      this.#held = held;
      return held.subarray(held.length);
    }
    this.#held = Buffer.alloc(0);
    const line = held.latin1Slice(0, end).trimEnd();
    if (line !== '') {
      if (this.#state === 'answer') this.#answer(line);
      else this.#length(line);
    }
    return held.subarray(end + 1);
  }

  #answer(line: string): void {
    const [, word, id, offset] = /^\+(FULLRESYNC|CONTINUE)(?: ([\da-f]{40}))?(?: (\d+))?$/.exec(line) ?? [];
    if (word === 'FULLRESYNC' && id !== undefined && offset !== undefined) {
      this.#state = 'length';
      this.#visitor.full(id, Number(offset));
    } else if (word === 'CONTINUE') {
      this.#state = 'stream';
      this.#visitor.continued(id ?? null);
    } else if (line.startsWith('-')) {
      this.#state = 'refused';
      this.#visitor.refused(line.slice(1));
    } else throw linkError('an answer to PSYNC that is neither FULLRESYNC nor CONTINUE');
  }

  #length(line: string): void {
    const mark = /^\$EOF:(.{40})$/s.exec(line)?.[1];
    if (mark !== undefined) {
      this.#mark = Buffer.from(mark, 'latin1');
      this.#state = 'marked';
      return;
    }
    const length = /^\$(\d{1,15})$/.exec(line)?.[1];
    if (length === undefined) throw linkError('a snapshot without its length or mark');
    this.#left = Number(length);
    this.#state = 'sized';
    if (this.#left === 0) this.#snapshotEnd();
  }

  #sized(bytes: Buffer): Buffer {
    const count = Math.min(bytes.length, this.#left);
    this.#left -= count;
    this.#visitor.snapshot(bytes.subarray(0, count));
    if (this.#left === 0) this.#snapshotEnd();
    return bytes.subarray(count);
  }

  /** The last forty bytes are held back until it is known that they are not the mark. */
  #marked(bytes: Buffer): Buffer {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const at = held.indexOf(this.#mark);
    const end = at < 0 ? Math.max(0, held.length - markLength + 1) : at;
    if (end > 0) this.#visitor.snapshot(held.subarray(0, end));
    if (at < 0) {
      this.#held = held.subarray(end);
      return held.subarray(held.length);
    }
    this.#held = Buffer.alloc(0);
    this.#snapshotEnd();
    return held.subarray(at + markLength);
  }

  #snapshotEnd(): void {
    this.#state = 'stream';
    this.#visitor.snapshotEnd();
  }
}

const linkError = (reason: string): MillraceError => new MillraceError('REDIS_REPLICATION_LINK', { reason });
