import { Buffer } from 'node:buffer';
import type { Clock } from '../../../../core/clock.ts';
import { MillraceError } from '../../../../core/errors.ts';
import { CommandWriter, encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { eachCommand } from '../../../../protocol/redis/placed-commands.ts';
import type { Reply, ReplyError } from '../../../../protocol/redis/reply.ts';
import { addressText, type ServerAddress } from '../../cluster/cluster-map.ts';
import { isElsewhere, redirectedTo } from '../../cluster/redis-cluster.ts';
import type { RedisConnection } from '../../connection.ts';
import type { KeyReader } from '../key-reader.ts';

/** How often a key is looked for where nodes send us, and the pause in between once it has gone around. */
const mostRedirections = 32;
const pauseMs = 25;

interface Options {
  /** The node that is asked first: the one that said that the keys have changed. */
  readonly own: RedisConnection;
  /** A connection to another node. */
  readonly at: (address: ServerAddress) => Promise<RedisConnection>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Asks the node that named the keys. Where it no longer has one, its slot has moved or is on its way, and the node says where to: all
 * that is asked about this key is then asked there.
 */
export class RedirectedKeys implements KeyReader {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Throws REDIS_NOT_READY where a key is sent around without end. */
  async ask(count: number, write: (commands: CommandWriter, index: number) => void): Promise<readonly Reply[]> {
    const { own } = this.#options;
    const commands = new CommandWriter(count * 64);
    const ends = new Uint32Array(count);
    for (let index = 0; index < count; index += 1) {
      write(commands, index);
      ends[index] = commands.commands;
    }
    const replies = await own.send(commands.view(), commands.commands);
    if (!replies.some(isElsewhere)) return replies;
    const answers = Array.from(ends, (end, index) => replies.slice(index === 0 ? 0 : ends[index - 1], end));
    await this.#askWhereTheyAre(answers, write);
    return answers.flat();
  }

  failure(reply: ReplyError, command: string): MillraceError {
    return this.#options.own.failure(reply, command);
  }

  /** `answers`: by key; those that lead elsewhere are replaced. */
  async #askWhereTheyAre(
    answers: (readonly Reply[])[],
    write: (commands: CommandWriter, index: number) => void,
  ): Promise<void> {
    const { own, at, clock, signal } = this.#options;
    let keys = [...answers.keys()];
    const asked = new Map<number, RedisConnection>();
    for (let hop = 0; hop < mostRedirections; hop += 1) {
      const groups = new Map<string, Redirected>();
      for (const index of keys) {
        const refusal = answers[index]!.find(isElsewhere) as ReplyError | undefined;
        if (refusal === undefined) continue;
        const to = redirection(refusal, asked.get(index) ?? own);
        const name = `${to.isAsking} ${addressText(to.address)}`;
        const group = groups.get(name);
        if (group === undefined) groups.set(name, { ...to, indexes: [index] });
        else group.indexes.push(index);
      }
      if (groups.size === 0) return;
      if (hop > 1) await clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
      keys = [];
      for (const { address, isAsking, indexes } of groups.values()) {
        const connection = await at(address);
        const found = await askThere(connection, indexes, isAsking, write);
        for (const [i, index] of indexes.entries()) {
          answers[index] = found[i]!;
          asked.set(index, connection);
          keys.push(index);
        }
      }
    }
    const reason = `${keys.length} keys are sent from node to node`;
    throw new MillraceError('REDIS_NOT_READY', { server: own.address, reason });
  }
}

interface Redirection {
  readonly address: ServerAddress;
  /** The slot is on its way, and the node answers who says so before each command. */
  readonly isAsking: boolean;
}

interface Redirected extends Redirection {
  readonly indexes: number[];
}

/** `MOVED 3999 127.0.0.1:6381`, `ASK 3999 127.0.0.1:6381`, and `TRYAGAIN`, upon which the same node is asked again. */
const redirection = ({ code, message }: ReplyError, from: RedisConnection): Redirection => {
  const to = code === 'TRYAGAIN' ? from.address : (message.split(' ')[2] ?? '');
  return { address: redirectedTo(to, from), isAsking: code === 'ASK' };
};

/** The answers about each of some keys. */
const askThere = async (
  connection: RedisConnection,
  indexes: readonly number[],
  isAsking: boolean,
  write: (commands: CommandWriter, index: number) => void,
): Promise<readonly (readonly Reply[])[]> => {
  const pieces: Buffer[] = [];
  const counts: number[] = [];
  for (const index of indexes) {
    const commands = new CommandWriter();
    write(commands, index);
    counts.push(commands.commands);
    const bytes = commands.view();
    if (isAsking) eachCommand(bytes, ({ start, end }) => void pieces.push(askingCommand, bytes.subarray(start, end)));
    else pieces.push(bytes);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const replies = await connection.send(Buffer.concat(pieces), isAsking ? 2 * total : total);
  const answers = isAsking ? replies.filter((_, i) => i % 2 === 1) : replies;
  let at = 0;
  return counts.map((count) => {
    at += count;
    return answers.slice(at - count, at);
  });
};

const askingCommand = encodeCommand('ASKING');
