import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName } from '../../core/table.ts';
import { fileFailure } from '../file-failure.ts';
import { PositionFile } from '../position-file.ts';
import { changeMessages, type RowMessage, truncateMessage } from './change-messages.ts';
import type { WebhookConfig } from './config.ts';
import { positionPath } from './position-path.ts';
import { type Message, Receiver } from './receiver.ts';

/** Position files of this process that are in use: a second webhook of a pipeline would take the first one's lanes. */
const inUse = new Set<string>();

/** Throws CONFIG_WRONG_VALUE, and what a file that cannot be opened stands for. */
export const openWebhookSink = (config: WebhookConfig, context: Context): Sink => {
  const receiver = new Receiver(config, context);
  const path = resolve(positionPath(config, context));
  if (inUse.has(path)) {
    const reason = `another webhook of this process keeps its position in ${path}; give each a file of its own`;
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'position.path', reason });
  }
  try {
    const record = new PositionFile(path, context.pipeline, 0);
    inUse.add(path);
    return new WebhookSink(config, receiver, record, path);
  } catch (error) {
    throw fileFailure(error, path, path);
  }
};

/**
 * Posts changes to a receiver, which keeps no position for anybody: a write sends everything, waits for every answer, and only then records the
 * position in a file here. A crash in between sends some of it again under the same ids. Messages about one key follow each other.
 */
class WebhookSink implements Sink {
  readonly #receiver: Receiver;
  readonly #record: PositionFile;
  readonly #path: string;
  readonly #format: WebhookConfig['value.format'];
  readonly #maxRows: number;
  readonly #lanes: number;

  constructor(config: WebhookConfig, receiver: Receiver, record: PositionFile, path: string) {
    this.#receiver = receiver;
    this.#record = record;
    this.#path = path;
    this.#format = config['value.format'];
    this.#maxRows = config['batch.max-rows'];
    this.#lanes = config['sink.max-in-flight'];
  }

  async claim(lane: Lane): Promise<Position | null> {
    return this.#locked(() => this.#record.claim(lane));
  }

  async write({ changes, positions }: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#locked(() => this.#record.checkFence());
    let free: RowMessage[] = [];
    for (const message of changes.flatMap((change) => this.#messages(change))) {
      if (!message.changesKey) {
        free.push(message);
        continue;
      }
      await this.#send(free, signal);
      await this.#send([message], signal);
      free = [];
    }
    await this.#send(free, signal);
    this.#locked(() => {
      this.#record.checkFence();
      this.#record.record(0, positions);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#record[Symbol.dispose]();
    inUse.delete(this.#path);
  }

  /** Changed definitions and the marks of snapshots have no message. */
  #messages(change: Change): readonly RowMessage[] {
    if (change.kind === 'rows') return changeMessages(change, this.#format);
    return change.kind === 'truncate' && this.#format === 'change-json' ? [truncateMessage(change)] : [];
  }

  /** Sends messages whose keys do not change, as many at once as may be, and resolves when all are taken. */
  async #send(messages: readonly RowMessage[], signal: AbortSignal): Promise<void> {
    const lanes = Map.groupBy(messages, ({ key }) => laneOf(key, this.#lanes));
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const results = await Promise.allSettled(
      lanes.values().map(async (lane) => {
        try {
          await this.#sendInOrder(lane, either);
        } catch (error) {
          // The other lanes would only send what is sent again.
          failed.abort(error);
          throw error;
        }
      }),
    );
    if (results.some(({ status }) => status === 'rejected')) throw either.reason;
  }

  async #sendInOrder(messages: readonly RowMessage[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < messages.length; at += this.#maxRows) {
      const piece = messages.slice(at, at + this.#maxRows);
      const refusal = await this.#receiver.post(this.#maxRows === 1 ? piece[0]! : arrayOf(piece), signal);
      if (refusal === null) continue;
      throw new MillraceError('SINK_ROW_REFUSED', {
        sink: this.#receiver.name,
        table: qualifiedName(piece[0]!.table),
        reason: `HTTP ${refusal.status}`,
      });
    }
  }

  /** Runs `body` while no other process can move the position. */
  #locked<Result>(body: () => Result): Result {
    try {
      this.#record.begin();
      const result = body();
      this.#record.commit();
      return result;
    } catch (error) {
      this.#record.rollback();
      throw fileFailure(error, this.#path, this.#path);
    }
  }
}

/** Several messages as one: an array, whose id stands for theirs. */
const arrayOf = (messages: readonly RowMessage[]): Message => {
  const id = createHash('sha256');
  for (const message of messages) id.update(message.id);
  return { id: id.digest('hex').slice(0, 32), body: `[${messages.map(({ body }) => body).join(',')}]` };
};

/** FNV-1a: spreads keys over the lanes, the same key always to the same. */
const laneOf = (key: string, lanes: number): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % lanes;
};
