import type { Change } from '../../../core/change.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Rereader } from '../../../core/connector.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { MessageReader } from '../../../formats/json-rows/message.ts';
import type { KafkaSourceConfig } from './config.ts';
import { tableOfTopic, valueReader } from './value-reader.ts';

/** Reads messages that were put aside, by the source's settings, which may have been corrected since. */
export class KafkaRereader implements Rereader {
  readonly #config: KafkaSourceConfig;
  readonly #changes = new ChangeCollector(1);
  readonly #values: MessageReader;

  constructor(config: KafkaSourceConfig, clock: Clock) {
    this.#config = config;
    this.#values = valueReader(config, this.#changes, clock);
  }

  async read({
    topic,
    partition,
    offset,
    timestampMs,
    key,
    value,
    headers,
  }: UnreadableMessage): Promise<readonly Change[]> {
    const origin = { kind: 'kafka', topic, partition, offset: BigInt(offset), timestampMs, key, headers } as const;
    const message = { key, value, offset, ...tableOfTopic(topic, this.#config.table), origin: () => origin };
    while (!(this.#values.isReady?.(message) ?? true)) await this.#values.learn?.();
    this.#changes.begin();
    try {
      this.#values.read(message);
      this.#changes.check();
    } catch (error) {
      this.#changes.take();
      throw error;
    }
    return this.#changes.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
