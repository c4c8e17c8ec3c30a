import { Buffer } from 'node:buffer';
import { MetKeys } from '../../../core/met-keys.ts';
import type { HeldOtherwise, Key, KeyPage, RowAudit } from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { bytesHash } from '../../../core/text-hash.ts';
import type { Row } from '../../../core/value.ts';
import { CommandWriter, encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { isElsewhere } from '../cluster/redis-cluster.ts';
import type { KeyStore } from '../key-store.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { ForeseenAnswers } from './foreseen-answers.ts';
import type { AskedBy, HashTable } from './hash-table.ts';
import { KeyScan } from './key-scan.ts';
import type { Sessions } from './sessions.ts';

/** Answers under way at once: less than a socket holds, so that neither side waits with both hands full. */
const answerBytes = 64 * 1024;

/** Rows that were asked for, and what should come. Used again once it came. */
interface Asked {
  readonly commands: CommandWriter;
  readonly answers: AnswerWriter;
  /** Places among all rows. */
  readonly rows: number[];
}

/** What is being asked of one server: what is collected, and what was sent before. */
interface Asking {
  readonly foreseen: ForeseenAnswers;
  collected: Asked;
  sent: Asked | null;
  free: Asked;
}

/**
 * Compares hashes with rows as the row reader gives them, without a value of either being made: each row is written down as the sink
 * would write it, and as the server should answer then.
 */
export class HashAudit implements RowAudit {
  readonly #hashes: HashTable;
  readonly #guarded: <Result>(use: (sessions: Sessions) => Promise<Result>) => Promise<Result>;
  /** Keys in Redis of the rows that were given. */
  readonly #met = new MetKeys();
  /** Fields lie in another order than the sink writes them. */
  #unordered: boolean;
  #scan: KeyScan | null = null;
  #scanning: Promise<readonly Buffer[] | null> | null = null;
  #isScanned = false;
  /** Keys that a SCAN gave, and were not given on yet. */
  #found: Key[] = [];

  constructor(hashes: HashTable, guarded: <Result>(use: (sessions: Sessions) => Promise<Result>) => Promise<Result>) {
    this.#hashes = hashes;
    this.#unordered = hashes.isUnordered;
    this.#guarded = guarded;
  }

  async heldOtherwise(rows: readonly RowImages[], signal: AbortSignal): Promise<readonly HeldOtherwise[]> {
    const hashes = this.#hashes;
    const otherwise: HeldOtherwise[] = [];
    await this.#guarded(async ({ store, foreseen, serverOf }) => {
      const leaving = hashes.leaves === 'says' || (hashes.leaves === 'never' && (await someLeave(store)));
      const by: AskedBy = { names: this.#unordered, leaving };
      const asking = foreseen.map((each) => newAsking(each));
      let batches = 0;
      let unforeseen = 0;
      const receive = async (from: ForeseenAnswers, { commands, answers, rows: asked }: Asked): Promise<void> => {
        const replies = await from.answered(commands.commands, answers.view());
        batches += 1;
        if (replies === null) return;
        unforeseen += 1;
        for (const [i, held] of rowsOf(replies, store, hashes, by).entries()) {
          otherwise.push({ index: asked[i]!, held });
        }
      };
      // The server works on some while others are written down.
      const send = async (server: Asking): Promise<void> => {
        const { foreseen: to, collected, sent, free } = server;
        to.send(collected.commands.view());
        if (sent !== null) await receive(to, sent);
        server.sent = collected;
        server.collected = emptied(sent ?? free);
      };
      let server = asking[0]!;
      const into = (key: Buffer): Asked => {
        server = asking[serverOf(key)]!;
        return server.collected;
      };
      for (const walk = new ImageWalk(rows); !walk.ended; walk.next()) {
        this.#met.add(bytesHash(hashes.expect(walk.images, walk.index, into, by)));
        server.collected.rows.push(walk.passed);
        if (server.collected.answers.length < answerBytes) continue;
        signal.throwIfAborted();
        await send(server);
      }
      for (const each of asking) {
        signal.throwIfAborted();
        if (each.collected.rows.length > 0) await send(each);
        if (each.sent !== null) await receive(each.foreseen, each.sent);
      }
      // Long values make the server keep fields in no order, and a field that was NULL comes last.
      if (unforeseen * 2 > batches) this.#unordered = true;
    });
    return otherwise;
  }

  pass(rows: readonly RowImages[]): void {
    for (const walk = new ImageWalk(rows); !walk.ended; walk.next()) {
      this.#met.add(bytesHash(this.#hashes.keyBytesOf(walk.images, walk.index)));
    }
  }

  async others(limit: number, signal: AbortSignal): Promise<KeyPage> {
    const { keys } = this.#hashes;
    await this.#guarded(async ({ store }) => {
      this.#scan ??= new KeyScan(store, keys.prefix);
      if (!this.#isScanned) this.#scanning ??= this.#scan.next();
      while (this.#found.length < limit && this.#scanning !== null) {
        signal.throwIfAborted();
        const found = await this.#scanning;
        this.#isScanned = found === null;
        // The server looks for the next ones while these are.
        this.#scanning = this.#isScanned ? null : this.#scan.next();
        this.#scanning?.catch(() => {});
        for (const redisKey of found ?? []) {
          if (this.#met.has(bytesHash(redisKey))) continue;
          const key = this.#hashes.keyOf(redisKey);
          if (key !== null) this.#found.push(key);
        }
      }
    });
    const some = this.#found.splice(0, limit);
    return { keys: some, last: this.#isScanned && this.#found.length === 0 };
  }
}

const newAsked = (): Asked => ({ commands: new CommandWriter(64 * 1024), answers: new AnswerWriter(), rows: [] });

const newAsking = (foreseen: ForeseenAnswers): Asking => ({
  foreseen,
  collected: newAsked(),
  sent: null,
  free: newAsked(),
});

const emptied = (asked: Asked): Asked => {
  asked.commands.clear();
  asked.answers.clear();
  asked.rows.length = 0;
  return asked;
};

/** Steps from image to image over pieces. */
class ImageWalk {
  readonly #pieces: readonly RowImages[];
  #piece = 0;
  index = 0;
  passed = 0;

  constructor(pieces: readonly RowImages[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0);
  }

  get ended(): boolean {
    return this.#piece === this.#pieces.length;
  }

  get images(): RowImages {
    return this.#pieces[this.#piece]!;
  }

  next(): void {
    this.passed += 1;
    this.index += 1;
    if (this.index < this.images.length) return;
    this.#piece += 1;
    this.index = 0;
  }
}

/** However its fields lie, and with when it leaves. */
export const exactly: AskedBy = { names: true, leaving: true };

/** The rows that answers hold; null also of one that has moved. Throws what a refusal means that is none of a row's. */
export const rowsOf = (
  replies: readonly Reply[],
  store: KeyStore,
  hashes: HashTable,
  by: AskedBy,
): readonly (Row | null)[] => {
  const perRow = hashes.width(by);
  return Array.from({ length: replies.length / perRow }, (_, i) => {
    const reply = replies[i * perRow]!;
    if (isElsewhere(reply)) return null;
    if (reply instanceof ReplyError && reply.code !== 'WRONGTYPE') throw store.home.failure(reply, 'a row');
    return hashes.row(replies, i * perRow, by);
  });
};

/** Whether any key leaves by itself; also where a server does not say. */
const someLeave = async (store: KeyStore): Promise<boolean> => {
  for await (const server of store.servers()) {
    const [info] = await server.send(encodeCommand('INFO', 'keyspace'), 1);
    if (!Buffer.isBuffer(info)) return true;
    const [line] = /^db0:.*/m.exec(info.toString()) ?? [];
    if (line !== undefined && /[:,]expires=(\d+)/.exec(line)?.[1] !== '0') return true;
  }
  return false;
};
