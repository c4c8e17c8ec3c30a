import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import type { Reply } from '../../../protocol/redis/reply.ts';
import { ReplyDecoder } from '../../../protocol/redis/reply-decoder.ts';

/**
 * A connection whose answers are foreseen: what comes is compared with what should come, byte by byte, and is read as replies only
 * where the two part.
 */
export class ForeseenAnswers {
  readonly #stream: ByteStream;

  /** Nothing of an earlier answer may be left in `stream`. */
  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Sends `count` commands. null: they were answered as foreseen; otherwise the answers. Throws NET_CLOSED and NET_TIMEOUT. */
  async ask(commands: Uint8Array, count: number, foreseen: Buffer): Promise<readonly Reply[] | null> {
    this.#stream.write(commands);
    let at = 0;
    while (at < foreseen.length) {
      const chunk = await this.#read();
      const end = Math.min(at + chunk.length, foreseen.length);
      if (chunk.length > end - at || foreseen.compare(chunk, 0, end - at, at, end) !== 0) {
        return await this.#replies(count, Buffer.concat([foreseen.subarray(0, at), chunk]));
      }
      at = end;
    }
    return null;
  }

  async #replies(count: number, arrived: Buffer): Promise<readonly Reply[]> {
    const decoder = new ReplyDecoder();
    decoder.push(arrived);
    const replies: Reply[] = [];
    for (;;) {
      for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) replies.push(reply);
      if (replies.length >= count) return replies;
      decoder.push(await this.#read());
    }
  }

  async #read(): Promise<Buffer> {
    const chunk = await this.#stream.read();
    if (chunk === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
    return chunk;
  }
}
