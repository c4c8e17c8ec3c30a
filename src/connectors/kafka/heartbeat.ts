import { Buffer } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import type { KafkaConfig } from './config.ts';
import type { TakeRecord } from './value-format.ts';

/**
 * Debezium's heartbeat records, which tell readers that the source is alive and up to this moment where tables are quiet:
 *
 *     __debezium-heartbeat.PREFIX    {"serverName":"PREFIX"}    {"ts_ms":1700000000000}
 *
 * They ride on what is written, of which a source's own heartbeats are the least: none is written while the source is away.
 */
export class Heartbeat {
  readonly topic: string;
  readonly #intervalMs: number;
  readonly #key: Buffer;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Throws CONFIG_WRONG_VALUE where the values are not Debezium's JSON without schemas. */
  constructor(config: KafkaConfig, prefix: string, topicName: (name: string) => string) {
    if (config['value.format'] !== 'debezium-json' || config['debezium-json.schema-include']) {
      const reason = 'heartbeat records are written with `debezium-json` without schemas only';
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'heartbeat.interval.ms', reason });
    }
    this.#intervalMs = config['heartbeat.interval.ms'];
    this.topic = topicName(`${config['topic.heartbeat.prefix']}.${prefix}`);
    this.#key = Buffer.from(JSON.stringify({ serverName: prefix }));
  }

  /** Gives `take` a record if the last one is long enough ago. Both moments in milliseconds: `steadyMs` of a clock that never jumps. */
  beat(steadyMs: number, nowMs: number, take: TakeRecord): void {
    if (steadyMs - this.#lastMs < this.#intervalMs) return;
    this.#lastMs = steadyMs;
    const value = Buffer.from(`{"ts_ms":${Math.floor(nowMs)}}`);
    take(this.#key, 0, this.#key.length, value, 0, value.length, []);
  }
}
