import type { Batch, Lane, Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import type { Context, Source } from '../../../../core/connector.ts';
import { isMillraceError, type MillraceError } from '../../../../core/errors.ts';
import type { LogFigures } from '../../../../core/operating.ts';
import type { RedisServerConfig, RedisSourceConfig } from '../config.ts';
import { replicationLane } from '../link-place.ts';
import { LinkTries } from './link-tries.ts';
import { RedisScanSource } from './scan-source.ts';

/** Of a pipeline, over all its attempts: a source is opened anew at each, with the same settings. */
const triesOf = new WeakMap<RedisSourceConfig, LinkTries>();

/** `config`: as it was given; `of`: the same, of a server. */
export const linkOrScan = (
  link: Source,
  config: RedisSourceConfig,
  of: RedisServerConfig,
  context: Context,
): Source => {
  const tries = triesOf.get(config) ?? new LinkTries(config['scan.interval']);
  triesOf.set(config, tries);
  const scan = new RedisScanSource(of, context, () => tries.isDue(context.clock.monotonic()));
  return new LinkOrScan({ link, scan, tries }, context);
};

interface Ways {
  readonly link: Source;
  /** Its reading ends, after all keys were read, once the link is due. */
  readonly scan: Source;
  readonly tries: LinkTries;
}

/**
 * Follows a server's replication stream, and reads all keys by SCAN while the server gives no stream that is of use. The target keeps the
 * place of the stream meanwhile: the next link goes on from there, or with a snapshot, so what a scan did not see arrives then.
 */
class LinkOrScan implements Source {
  readonly #ways: Ways;
  readonly #context: Context;
  /** How it is read now, or, of a link, tried. */
  #way: Source;
  /** Since a scan began no link has brought anything. */
  #scans = false;

  constructor(ways: Ways, context: Context) {
    this.#ways = ways;
    this.#way = ways.link;
    this.#context = context;
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const { link, scan, tries } = this.#ways;
    const { clock } = this.#context;
    let place = await held(replicationLane);
    while (!signal.aborted) {
      if (!tries.isDue(clock.monotonic())) {
        this.#scans = true;
        this.#way = scan;
        yield* scan.read(held, signal);
        continue;
      }
      this.#way = link;
      try {
        let first: Position | null = null;
        for await (const batch of link.read(async () => place, signal)) {
          const at = batch.positions.get(replicationLane);
          if (at !== undefined) {
            this.#follows();
            first ??= at;
            if (at !== first) tries.wasOfUse();
            place = at;
          }
          yield batch;
        }
      } catch (error) {
        // What was of no use before need not show it five times again.
        const isUseless = isRefused(error) || (tries.isDoubtful && isMillraceError(error, 'NET_CLOSED'));
        if (!isUseless) throw error;
        this.#gaveUp(error);
      }
    }
  }

  covers(held: Position, at: Position): boolean {
    return this.#ways.link.covers(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return this.#ways.link.holds(held, change);
  }

  snapshotting(): readonly string[] | null {
    return this.#way.snapshotting?.() ?? null;
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    await this.#ways.link.acknowledge?.(held);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const figures = this.#way.figures?.(held) ?? [];
    return figures.map((each) => ({ ...each, bestEffort: this.#scans }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ways.link[Symbol.asyncDispose]();
    await this.#ways.scan[Symbol.asyncDispose]();
  }

  #follows(): void {
    if (!this.#scans) return;
    this.#scans = false;
    const { log, pipeline } = this.#context;
    log.info('the replication stream is followed again', { pipeline });
  }

  #gaveUp({ code, message }: MillraceError): void {
    const { clock, log, pipeline } = this.#context;
    const againMs = this.#ways.tries.wasUseless(clock.monotonic());
    log.warn('keys are read by SCAN, a best effort, because no replication link is of use', {
      pipeline,
      code,
      error: message,
      againMs,
    });
  }
}

/** Whether the server ended link after link, or lets nobody replicate. */
const isRefused = (error: unknown): error is MillraceError => {
  if (isMillraceError(error, 'REDIS_REPLICATION_CUT_OFF')) return true;
  if (!isMillraceError(error, 'REDIS_NOT_PERMITTED') && !isMillraceError(error, 'REDIS_COMMAND_REFUSED')) return false;
  return /^(psync|replconf)\b/i.test(error.details.command);
};
