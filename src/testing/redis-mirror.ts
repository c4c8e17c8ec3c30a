import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import type { Tap } from '../pipeline/options.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { MysqlRig } from './mysql-rig.ts';
import { silent } from './pipeline-rig.ts';

/** A pipeline that keeps all of a rig's tables in a Redis, from its opening until it is disposed. It has the name of the rig's database. */
export class RedisMirror implements AsyncDisposable {
  readonly name: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #health: () => string;

  /** `tap` sees what passes; `settings` are the sink's. */
  constructor(
    rig: MysqlRig,
    redis: { readonly host: string; readonly port: number },
    tap: Tap = { listener: null },
    settings: Readonly<Record<string, unknown>> = {},
  ) {
    const name = rig.database;
    this.name = name;
    const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...settings });
    const pipeline = createPipeline({
      name,
      source: async () => rig.source({ 'scan.startup.mode': 'initial' }, name),
      sinks: [
        { name: 'redis', open: () => openRedisSink(config, { pipeline: name, clock: systemClock, log: silent }) },
      ],
      clock: systemClock,
      log: silent,
      retry: { maxMs: 200 },
      tap,
    });
    this.#health = () => pipeline.status().health;
    this.#running = pipeline.run(this.#stop.signal);
    this.#running.catch(() => {});
  }

  /** Resolves when no snapshot is under way any more. Rejects when the pipeline ended. */
  async snapshotEnded(): Promise<void> {
    for (const patience = performance.now() + 120_000; this.#health() !== 'running'; ) {
      if (performance.now() > patience) throw new Error(`the pipeline is still ${this.#health()}`);
      await Promise.race([systemClock.sleep(10), this.#running]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
