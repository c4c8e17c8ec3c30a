import type { Lane, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';
import type { PipelineOptions } from './options.ts';

/** Tells the source what every sink holds: one call at a time, with the newest places by then. */
export class Acknowledger {
  readonly #source: Source;
  readonly #options: Pick<PipelineOptions, 'clock' | 'tracer'>;
  readonly #onFailure: (error: unknown) => void;
  #held = new Map<Lane, Position>();
  #running: Promise<void> | null = null;
  #failed = false;

  constructor(source: Source, options: Pick<PipelineOptions, 'clock' | 'tracer'>, onFailure: (error: unknown) => void) {
    this.#source = source;
    this.#options = options;
    this.#onFailure = onFailure;
  }

  add(positions: ReadonlyMap<Lane, Position>): void {
    if (this.#source.acknowledge === undefined || this.#failed) return;
    for (const [lane, position] of positions) this.#held.set(lane, position);
    this.#running ??= this.#run();
  }

  /** Resolves when everything added has been told, or telling it has failed. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #tell(held: ReadonlyMap<Lane, Position>): Promise<void> {
    const { clock, tracer } = this.#options;
    const begunMs = clock.now();
    let failure: Error | null = null;
    try {
      await this.#source.acknowledge?.(held);
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      tracer?.acknowledged(begunMs, clock.now(), failure);
    }
  }

  async #run(): Promise<void> {
    try {
      // Gives the loop that added it a chance to add more.
      await Promise.resolve();
      while (this.#held.size > 0) {
        const held = this.#held;
        this.#held = new Map();
        await this.#tell(held);
      }
    } catch (error) {
      this.#failed = true;
      this.#onFailure(error);
    } finally {
      this.#running = null;
    }
  }
}
