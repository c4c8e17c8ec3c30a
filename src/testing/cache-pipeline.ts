import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { MysqlRig } from './mysql-rig.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** The pipeline beside a cache: it keeps Redis in step with a rig's database, until it is disposed of. */
export class CachePipeline implements AsyncDisposable {
  readonly name: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  /** `settings`: of the sink. */
  constructor(mysql: MysqlRig, redis: { readonly host: string; readonly port: number }, settings: object = {}) {
    const name = `cache_${mysql.database}`;
    this.name = name;
    const config = redisSinkConfig.parse({ hostname: redis.host, port: redis.port, ...settings });
    const pipeline = createPipeline({
      name,
      source: async () => mysql.source({ 'scan.startup.mode': 'initial' }, name),
      sinks: [{ name: 'redis', open: () => openRedisSink(config, { pipeline: name, clock: systemClock, log }) }],
      clock: systemClock,
      log,
      retry: { maxMs: 200 },
    });
    this.#running = pipeline.run(this.#stop.signal);
    this.#running.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
