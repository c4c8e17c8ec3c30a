import type { RedisConnection } from '../connectors/redis/connection.ts';
import { KeyTemplate } from '../connectors/redis/key-template.ts';
import { redisSink } from '../connectors/redis/sink/connector.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import type { LogFields } from '../core/log.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { CommandArgument } from '../protocol/redis/command-writer.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import { connectRedis } from './servers/redis-rig.ts';

/** A server for sinks to write to, with a connection of its own to look at what it holds. It begins empty. */
export class RedisSinkRig implements AsyncDisposable {
  readonly server: { readonly host: string; readonly port: number };
  readonly said: { readonly message: string; readonly fields: LogFields }[] = [];
  #connection: RedisConnection;

  private constructor(server: RedisSinkRig['server'], connection: RedisConnection) {
    this.server = server;
    this.#connection = connection;
  }

  static async open(server: RedisSinkRig['server']): Promise<RedisSinkRig> {
    const rig = new RedisSinkRig(server, await connectRedis(server));
    await rig.ask('FLUSHALL');
    return rig;
  }

  /** A new writer, as after a restart. */
  async sink(settings: Readonly<Record<string, unknown>> = {}, pipeline = 'test'): Promise<Sink> {
    const config = redisSink.config.parse({ hostname: this.server.host, port: this.server.port, ...settings });
    const say = (message: string, fields: LogFields = {}): void => void this.said.push({ message, fields });
    const log = { debug: say, info: say, warn: say, error: say };
    return await openRedisSink(config, { pipeline, clock: systemClock, log });
  }

  async ask(...command: readonly CommandArgument[]): Promise<Reply> {
    return await this.#connection.command(...command);
  }

  /** After the server was started anew; resolves when it has read what it had saved. */
  async reconnect(): Promise<void> {
    this.#connection.close();
    this.#connection = await connectRedis(this.server);
    for (;;) {
      try {
        await this.ask('DBSIZE');
        return;
      } catch (error) {
        if (!isMillraceError(error, 'REDIS_NOT_READY')) throw error;
        await systemClock.sleep(10);
      }
    }
  }

  /** The hash at a key, by field. */
  async hash(key: string | Uint8Array): Promise<Readonly<Record<string, string>>> {
    const flat = (await this.ask('HGETALL', key)) as readonly Reply[];
    return Object.fromEntries(
      Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), String(flat[2 * i + 1])]),
    );
  }

  /** The rows of `table` under its usual keys, as texts; a field that is not there is NULL. */
  async rows(table: Table): Promise<readonly Row[]> {
    const template = KeyTemplate.of('%{database}:%{table}:%{key}', table);
    const keys = ((await this.ask('KEYS', '*')) as readonly Buffer[]).filter((key) => template.read(key) !== null);
    const hashes = await Promise.all(keys.map((key) => this.hash(key)));
    return hashes.map((hash) => table.columns.map(({ name }) => hash[name] ?? null));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }
}
