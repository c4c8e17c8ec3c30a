import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import type { Reply } from '../../../protocol/redis/reply.ts';
import { ReplyDecoder } from '../../../protocol/redis/reply-decoder.ts';

/**
 * A connection whose answers are foreseen: what comes is compared with what should come, byte by byte, and is read as replies only
 * where the two part. Commands may be sent before those sent earlier are answered.
 */
export class ForeseenAnswers {
  readonly #stream: ByteStream;
  /** What arrived behind the last answer. */
  #rest: Buffer = Buffer.alloc(0);

  /** Nothing of an earlier answer may be left in `stream`. */
  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  send(commands: Uint8Array): void {
    this.#stream.write(commands);
  }

  /**
   * Waits for the answers to the `count` commands that were sent first of those not answered yet. null: they are as foreseen; otherwise
   * the answers. Throws NET_CLOSED and NET_TIMEOUT.
   */
  async answered(count: number, foreseen: Buffer): Promise<readonly Reply[] | null> {
    let at = 0;
    while (at < foreseen.length) {
      const chunk = await this.#next();
      const end = Math.min(at + chunk.length, foreseen.length);
      if (foreseen.compare(chunk, 0, end - at, at, end) !== 0) {
        return await this.#replies(count, Buffer.concat([foreseen.subarray(0, at), chunk]));
      }
      this.#rest = chunk.subarray(end - at);
      at = end;
    }
    return null;
  }

  async #replies(count: number, arrived: Buffer): Promise<readonly Reply[]> {
    const decoder = new ReplyDecoder();
    decoder.push(arrived);
    const replies: Reply[] = [];
    for (;;) {
      while (replies.length < count) {
        const reply = decoder.next();
        if (reply === undefined) break;
        replies.push(reply);
      }
      if (replies.length === count) {
        this.#rest = decoder.takeRest();
        return replies;
      }
      decoder.push(await this.#next());
    }
  }

  async #next(): Promise<Buffer> {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = Buffer.alloc(0);
      return rest;
    }
    const chunk = await this.#stream.read();
    if (chunk === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
    return chunk;
  }
}
