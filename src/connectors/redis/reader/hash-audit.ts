import { Buffer } from 'node:buffer';
import { MetKeys } from '../../../core/met-keys.ts';
import type { HeldOtherwise, Key, KeyPage, RowAudit } from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { bytesHash } from '../../../core/text-hash.ts';
import type { Row } from '../../../core/value.ts';
import { CommandWriter, encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { KeyTemplate } from '../key-template.ts';
import { globQuoted } from '../key-text.ts';
import type { ForeseenAnswers } from './foreseen-answers.ts';
import { AnswerWriter, type AskedBy, type HashTable } from './hash-table.ts';

export interface AuditSessions {
  readonly control: RedisConnection;
  readonly foreseen: ForeseenAnswers;
}

/** Answers under way at once: less than a socket holds, so that neither side waits with both hands full. */
const answerBytes = 64 * 1024;
/** Keys that one SCAN looks at, about. */
const scanCount = 2_000;

/** Rows that were asked for, and what should come. Used again once it came. */
interface Asked {
  readonly commands: CommandWriter;
  readonly answers: AnswerWriter;
  from: number;
  rows: number;
}

/**
 * Compares hashes with rows as the row reader gives them, without a value of either being made: each row is written down as the sink
 * would write it, and as the server should answer then.
 */
export class HashAudit implements RowAudit {
  readonly #hashes: HashTable;
  readonly #guarded: <Result>(use: (sessions: AuditSessions) => Promise<Result>) => Promise<Result>;
  /** Keys in Redis of the rows that were given. */
  readonly #met = new MetKeys();
  /** Fields lie in another order than the sink writes them. */
  #unordered = false;
  #scanning: Promise<readonly [string, readonly Buffer[]]> | null = null;
  #isScanned = false;
  /** Keys that a SCAN gave, and were not given on yet. */
  #found: Key[] = [];

  constructor(
    hashes: HashTable,
    guarded: <Result>(use: (sessions: AuditSessions) => Promise<Result>) => Promise<Result>,
  ) {
    this.#hashes = hashes;
    this.#guarded = guarded;
  }

  async heldOtherwise(rows: readonly RowImages[], signal: AbortSignal): Promise<readonly HeldOtherwise[]> {
    const hashes = this.#hashes;
    const otherwise: HeldOtherwise[] = [];
    await this.#guarded(async ({ control, foreseen }) => {
      const leaving = !hashes.expires && (await someLeave(control));
      const by: AskedBy = { names: this.#unordered, leaving };
      const walk = new ImageWalk(rows);
      const send = (asked: Asked): Asked | null => {
        if (walk.ended) return null;
        signal.throwIfAborted();
        asked.commands.clear();
        asked.answers.clear();
        asked.from = walk.passed;
        while (!walk.ended && asked.answers.length < answerBytes) {
          this.#met.add(bytesHash(hashes.expect(walk.images, walk.index, asked.commands, asked.answers, by)));
          walk.next();
        }
        asked.rows = walk.passed - asked.from;
        foreseen.send(asked.commands.view());
        return asked;
      };
      let batches = 0;
      let unforeseen = 0;
      // The server works on some while others are written down.
      let asked = send(newAsked());
      let free = newAsked();
      while (asked !== null) {
        const next = send(free);
        const replies = await foreseen.answered(asked.commands.commands, asked.answers.view());
        batches += 1;
        if (replies !== null) {
          unforeseen += 1;
          for (const [i, held] of rowsOf(replies, control, hashes, by).entries()) {
            otherwise.push({ index: asked.from + i, held });
          }
        }
        free = asked;
        asked = next;
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
    await this.#guarded(async ({ control }) => {
      if (!this.#isScanned) this.#scanning ??= scanKeys(control, keys, '0');
      while (this.#found.length < limit && this.#scanning !== null) {
        signal.throwIfAborted();
        const [cursor, found] = await this.#scanning;
        this.#isScanned = cursor === '0';
        // The server looks for the next ones while these are.
        this.#scanning = this.#isScanned ? null : scanKeys(control, keys, cursor);
        this.#scanning?.catch(() => {});
        for (const redisKey of found) {
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

const newAsked = (): Asked => ({
  commands: new CommandWriter(64 * 1024),
  answers: new AnswerWriter(),
  from: 0,
  rows: 0,
});

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

/** The rows that answers hold; throws what a refusal means that is none of a row's. */
export const rowsOf = (
  replies: readonly Reply[],
  control: RedisConnection,
  hashes: HashTable,
  by: AskedBy,
): readonly (Row | null)[] => {
  const perRow = by.leaving ? 2 : 1;
  return Array.from({ length: replies.length / perRow }, (_, i) => {
    const reply = replies[i * perRow]!;
    if (reply instanceof ReplyError && reply.code !== 'WRONGTYPE') throw control.failure(reply, 'a row');
    return hashes.row(replies, i * perRow, by);
  });
};

/** Whether any key leaves by itself; also where the server does not say. */
const someLeave = async (control: RedisConnection): Promise<boolean> => {
  const [info] = await control.send(encodeCommand('INFO', 'keyspace'), 1);
  if (!Buffer.isBuffer(info)) return true;
  const [line] = /^db0:.*/m.exec(info.toString()) ?? [];
  return line !== undefined && /[:,]expires=(\d+)/.exec(line)?.[1] !== '0';
};

/** The next keys that begin as those of a template, and where to go on; `0` at the end. One key may come twice. */
export const scanKeys = async (
  control: RedisConnection,
  keys: KeyTemplate,
  cursor: string,
): Promise<readonly [string, readonly Buffer[]]> => {
  const match = Buffer.concat([globQuoted(keys.prefix), Buffer.from('*')]);
  const [next, found] = (await control.command('SCAN', cursor, 'MATCH', match, 'COUNT', scanCount)) as readonly Reply[];
  return [String(next), (found as readonly Reply[]).filter(Buffer.isBuffer)];
};
