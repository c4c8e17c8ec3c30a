import { Buffer } from 'node:buffer';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { KeyStore } from '../key-store.ts';
import type { KeyTemplate } from '../key-template.ts';
import { globQuoted } from '../key-text.ts';
import type { SinkTransactions } from './transactions.ts';

/** Keys that one SCAN looks at, and that one transaction works on, about. */
const scanCount = 5_000;
const stepCount = 500;

const noPositions = new Map();

export interface KeptHash {
  readonly fields: Map<string, Buffer>;
  /** null: for ever. */
  readonly livesMs: number | null;
}

/**
 * Work on all keys of a table, in steps that are transactions of their own. Between them nobody else writes the table's keys, and
 * a crash leaves the set of those that are left.
 */
export class TableKeys {
  readonly #store: KeyStore;
  readonly #transactions: SinkTransactions;

  constructor(store: KeyStore, transactions: SinkTransactions) {
    this.#store = store;
    this.#transactions = transactions;
  }

  /** Puts the keys that are there into a set, in place of what it held; says how many. */
  async note(set: string, keys: KeyTemplate, type: string): Promise<number> {
    let noted = 0;
    await this.step((block) => void block.add('UNLINK', set));
    for await (const found of this.ofTable(keys, type)) {
      noted += found.length;
      await this.step((block) => void block.add('SADD', set, ...found));
    }
    return noted;
  }

  /** Works on the keys of a set until none is left. `work` writes the commands for some of them. */
  async drain(
    set: string,
    work: (keys: readonly Buffer[], block: CommandWriter) => void | Promise<void>,
  ): Promise<void> {
    for (;;) {
      const keys = buffersOf(await this.#store.home.command('SRANDMEMBER', set, stepCount));
      if (keys.length === 0) return;
      const refusal = await this.step(async (block) => {
        await work(keys, block);
        block.add('SREM', set, ...keys);
      });
      if (refusal !== null) throw this.#store.home.failure(refusal, 'a command on a key of the table');
    }
  }

  /** Removes all keys of a template that hold this type. `also` adds what goes with some of them. */
  async erase(
    keys: KeyTemplate,
    type: string,
    also?: (keys: readonly Buffer[], block: CommandWriter) => void,
  ): Promise<void> {
    for await (const found of this.ofTable(keys, type)) {
      await this.step((block) => {
        removeEach(block, found);
        also?.(found, block);
      });
    }
  }

  /** What the hashes have in these fields. */
  async fields(keys: readonly Buffer[], names: readonly string[]): Promise<readonly (readonly (Buffer | null)[])[]> {
    const replies = await this.#store.ask(keys, (block, key) => void block.add('HMGET', key, ...names));
    return replies.map((reply) => {
      if (reply instanceof ReplyError) throw this.#store.home.failure(reply, 'HMGET');
      return (reply as readonly Reply[]).map((each) => (Buffer.isBuffer(each) ? each : null));
    });
  }

  /** All fields of hashes, by their names, and how long each still lives; no fields where there is no hash. */
  async hashes(keys: readonly Buffer[]): Promise<readonly KeptHash[]> {
    return (await this.#withLives(keys, 'HGETALL')).map(({ reply, livesMs }) => {
      const flat = reply as readonly Buffer[];
      const fields = flat.flatMap((name, i) => (i % 2 === 0 ? [[name.toString(), flat[i + 1]!] as const] : []));
      return { fields: new Map(fields), livesMs };
    });
  }

  /**
   * Copies what stands at keys to others, which may be on other nodes, with their times to live; says which were there, to be removed
   * behind it. One that is gone was copied before a crash, or has expired.
   */
  async copy(moves: readonly { readonly from: Buffer; readonly to: Buffer }[]): Promise<readonly Buffer[]> {
    const keys = moves.map(({ from }) => from);
    const dumps = await this.#withLives(keys, 'DUMP');
    const there: Buffer[] = [];
    const refusal = await this.step((block) => {
      for (const [at, { reply, livesMs }] of dumps.entries()) {
        if (!Buffer.isBuffer(reply)) continue;
        const { from, to } = moves[at]!;
        block.add('RESTORE', to, livesMs ?? 0, reply, 'REPLACE');
        there.push(from);
      }
    });
    if (refusal !== null) throw this.#store.home.failure(refusal, 'RESTORE');
    return there;
  }

  async #withLives(
    keys: readonly Buffer[],
    command: string,
  ): Promise<readonly { readonly reply: Reply; readonly livesMs: number | null }[]> {
    const replies = await this.#store.ask(keys, (block, key) => void block.add(command, key).add('PTTL', key), 2);
    return keys.map((_, at) => {
      const [reply, lives] = [replies[2 * at]!, replies[2 * at + 1]!];
      for (const each of [reply, lives]) {
        if (each instanceof ReplyError) throw this.#store.home.failure(each, command);
      }
      // 0 would be for ever where it is written.
      return { reply, livesMs: Number(lives) < 0 ? null : Math.max(1, Number(lives)) };
    });
  }

  /** One transaction that moves no position. */
  async step(write: (block: CommandWriter) => void | Promise<void>): Promise<ReplyError | null> {
    const block = new CommandWriter(64 * 1024);
    this.#transactions.begin(block);
    await write(block);
    return await this.#transactions.execute(block, { positions: noPositions });
  }

  /** The keys of a template that hold this type, some at a time, some of them twice. */
  async *ofTable(keys: KeyTemplate, type: string): AsyncGenerator<readonly Buffer[]> {
    for await (const found of this.scan(keys.prefix, type)) {
      const own = found.filter((key) => keys.matches(key));
      if (own.length > 0) yield own;
    }
  }

  /** The keys that begin so and hold this type, some at a time, some of them twice. */
  async *scan(prefix: Buffer, type: string): AsyncGenerator<readonly Buffer[]> {
    const match = Buffer.concat([globQuoted(prefix), Buffer.from('*')]);
    for await (const server of this.#store.servers()) {
      let cursor: Buffer | string = '0';
      do {
        const args = ['MATCH', match, 'COUNT', scanCount, 'TYPE', type] as const;
        const reply: readonly Reply[] = (await server.command('SCAN', cursor, ...args)) as readonly Reply[];
        cursor = reply[0] as Buffer;
        const found = buffersOf(reply[1]!);
        if (found.length > 0) yield found;
      } while (String(cursor) !== '0');
    }
  }
}

/** Each by a command of its own: in a cluster they are in slots of their own. */
export const removeEach = (block: CommandWriter, keys: readonly Buffer[]): void => {
  for (const key of keys) block.add('UNLINK', key);
};

const buffersOf = (reply: Reply): readonly Buffer[] => (Array.isArray(reply) ? reply.filter(Buffer.isBuffer) : []);
