import type { Keeping, SignalRecord } from '../../connectors/kafka/signal-topic.ts';
import type { Lane, Position } from '../../core/batch.ts';
import type { Clock } from '../../core/clock.ts';
import type { Source } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Snapshots } from '../../core/operating.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { readSignal, type Signal } from './signal.ts';

export interface SignalDeskOptions {
  readonly pipeline: Pick<Pipeline, 'name' | 'source'> & {
    status(): Pick<ReturnType<Pipeline['status']>, 'positions'>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** How often a signal looks whether the pipeline reads, in milliseconds. */
const lookEveryMs = 200;

const kept = (): Keeping => 'kept';

/** Carries out the signals of one pipeline. One that cannot be is said in the log with its offset, and stops nothing. */
export class SignalDesk {
  readonly #options: SignalDeskOptions;

  constructor(options: SignalDeskOptions) {
    this.#options = options;
  }

  /**
   * Carries a signal out; one that needs a source which is being read waits for that, or for `stop`. Never rejects. What is given tells
   * how safe that is by now.
   */
  async take({ offset, key, value }: SignalRecord, stop: AbortSignal): Promise<() => Keeping> {
    const { pipeline, log } = this.#options;
    // A topic may be shared by pipelines.
    if (key !== null && key !== pipeline.name) return kept;
    try {
      if (key === null) throw new MillraceError('SIGNAL_REFUSED', { offset, reason: 'has no key' });
      return await this.#act(readSignal(value, offset), offset, stop);
    } catch (error) {
      const known = isMillraceError(error);
      log.warn('a signal was not carried out', {
        offset,
        code: known ? error.code : 'INTERNAL',
        reason: (error as Error).message,
        remedy: known ? error.hint : 'Please report it.',
      });
      return kept;
    }
  }

  async #act(signal: Signal, offset: number, stop: AbortSignal): Promise<() => Keeping> {
    const { log } = this.#options;
    if (signal.type === 'log') {
      log.info('a signal says something', { offset, text: signal.message });
      return kept;
    }
    const reading = await this.#reading(offset, stop);
    if (reading === null) return () => 'lost';
    const { source, snapshots } = reading;
    let keeping = kept;
    switch (signal.type) {
      case 'execute-snapshot': {
        const due = snapshots.request({ tables: signal.tables, reason: 'signal' });
        keeping = () => this.#keeping(source, due);
        break;
      }
      case 'stop-snapshot':
        snapshots.cancel(signal.tables ?? undefined);
        break;
      case 'pause-snapshot':
        snapshots.pause();
        break;
      case 'resume-snapshot':
        snapshots.unpause();
        break;
    }
    const tables = 'tables' in signal ? { tables: signal.tables?.join(',') ?? 'all' } : {};
    log.info('a signal was carried out', { offset, type: signal.type, ...tables });
    return keeping;
  }

  /** Null: `stop` came first. */
  async #reading(
    offset: number,
    stop: AbortSignal,
  ): Promise<{ readonly source: Source; readonly snapshots: Snapshots } | null> {
    const { pipeline, clock, log } = this.#options;
    for (let hasSaid = false; !stop.aborted; await clock.sleep(lookEveryMs, stop)) {
      const { source } = pipeline;
      if (source !== null && source.snapshots === undefined)
        throw new MillraceError('SNAPSHOT_UNSUPPORTED', { pipeline: pipeline.name });
      if (source?.snapshots) return { source, snapshots: source.snapshots };
      if (!hasSaid) log.info('a signal waits until the pipeline reads', { offset });
      hasSaid = true;
    }
    return null;
  }

  /** Lost: the source was opened anew before the sinks knew of it, and nothing else asks for it again. */
  #keeping(source: Source, due: ReadonlyMap<Lane, Position>): Keeping {
    const { pipeline } = this.#options;
    const { positions } = pipeline.status();
    const isHeld = due.entries().every(([lane, at]) => {
      const held = positions.get(lane);
      return held !== undefined && source.covers(held, at);
    });
    if (isHeld) return 'kept';
    return pipeline.source === source ? 'pending' : 'lost';
  }
}
