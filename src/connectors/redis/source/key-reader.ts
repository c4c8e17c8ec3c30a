import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import type { Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';

/** Asks about keys, wherever they are by now. */
export interface KeyReader {
  /** `write` adds the commands about each of `count` keys; all answers in that order, refusals among them as values. */
  ask(count: number, write: (commands: CommandWriter, index: number) => void): Promise<readonly Reply[]>;
  /** What a refusal means for a pipeline. `command` is its name. */
  failure(reply: ReplyError, command: string): Error;
}

/** Of a server that has all keys. */
export const keyReaderOf = (connection: RedisConnection): KeyReader => ({
  async ask(count, write) {
    const commands = new CommandWriter(count * 64);
    for (let index = 0; index < count; index += 1) write(commands, index);
    return await connection.send(commands.view(), commands.commands);
  },
  failure: (reply, command) => connection.failure(reply, command),
});
