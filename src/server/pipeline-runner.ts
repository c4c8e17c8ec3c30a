import type { Lane, Position } from '../core/batch.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { type LogFigures, type LogPlace, locateIn, type Snapshots } from '../core/operating.ts';
import type { Health } from '../pipeline/health.ts';
import type { PipelineOptions, Tap } from '../pipeline/options.ts';
import { createPipeline, type Pipeline, type PipelineResult } from '../pipeline/pipeline.ts';
import { startingPlace } from '../pipeline/starting-place.ts';
import { type SampledView, type StatusObject, statusObject } from './pipeline-view.ts';
import type { AnswerTo, Offsets, OffsetsChange, Question } from './question.ts';
import { type TailFilter, type TailRows, tailListener } from './tail.ts';

export interface RunnerOptions {
  /** Everything the pipeline is made of; `tap` is the runner's own. */
  readonly pipeline: PipelineOptions;
  readonly redact: (text: string) => string;
  /** Whether the status tells this process's memory: it does where the pipeline has a process of its own. */
  readonly tellsMemory: boolean;
  /** Called when the health word changes. */
  readonly onHealth: (status: StatusObject) => void;
}

/** Looks at rows of a sink a while after they changed. */
export interface Sampler {
  readonly sink: string;
  readonly note: NonNullable<Tap['listener']>;
  readonly counts: () => readonly Omit<SampledView, 'sink'>[];
}

/** How often the health is looked at when nobody asks, in milliseconds. */
const healthEveryMs = 1_000;
/** How long a pipeline may take to write what it read and close its ends. */
const restWithinMs = 60_000;

/** One pipeline in this process, and everything an operator can ask of it. */
export class PipelineRunner {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly #options: RunnerOptions;
  readonly #tap: Tap = { listener: null };
  readonly #listeners = new Set<NonNullable<Tap['listener']>>();
  readonly #samplers: Sampler[] = [];
  #paused = false;
  #health: Health | null = null;

  constructor(options: RunnerOptions) {
    this.name = options.pipeline.name;
    this.#options = options;
    this.pipeline = createPipeline({ ...options.pipeline, tap: this.#tap });
  }

  /** As `Pipeline.run`. The health is watched meanwhile, and once more at the end. */
  async run(stop: AbortSignal, abort?: AbortSignal): Promise<PipelineResult> {
    const watch = setInterval(() => this.#watchHealth(), healthEveryMs);
    watch.unref();
    try {
      return await this.pipeline.run(stop, abort);
    } finally {
      clearInterval(watch);
      this.#watchHealth();
    }
  }

  status(): StatusObject {
    const { redact, tellsMemory } = this.#options;
    const consistency = this.#samplers.flatMap(({ sink, counts }) => counts().map((each) => ({ sink, ...each })));
    return statusObject(this.pipeline.status(), redact, tellsMemory ? process.memoryUsage.rss() : null, consistency);
  }

  pause(): void {
    this.#paused = true;
    this.pipeline.pause();
    this.#watchHealth();
  }

  resume(): void {
    this.#paused = false;
    this.pipeline.resume();
    this.#watchHealth();
  }

  /** Resolves when a paused or failed pipeline has closed both ends. Throws API_PIPELINE_STATE when that takes too long. */
  async rest(withinMs: number): Promise<void> {
    const { clock } = this.#options.pipeline;
    const deadline = clock.monotonic() + withinMs;
    while (!this.pipeline.atRest) {
      if (clock.monotonic() > deadline) {
        throw new MillraceError('API_PIPELINE_STATE', {
          pipeline: this.name,
          state: 'still writing',
          wanted: 'at rest',
        });
      }
      await clock.sleep(20);
    }
  }

  /** Shows `sampler` each batch that passes from now on, and its counts in the status. */
  sample(sampler: Sampler): void {
    this.#samplers.push(sampler);
    this.#listeners.add(sampler.note);
    this.#listen();
  }

  /** Rows that pass from now on, until the returned function is called. */
  tail(filter: TailFilter, onRows: (rows: TailRows) => void): () => void {
    const listener = tailListener(filter, () => this.#options.pipeline.clock.now(), onRows);
    this.#listeners.add(listener);
    this.#listen();
    return () => {
      this.#listeners.delete(listener);
      this.#listen();
    };
  }

  async answer<Asked extends Question>(question: Asked): Promise<AnswerTo<Asked>> {
    return (await this.#answer(question)) as AnswerTo<Asked>;
  }

  async #answer(question: Question): Promise<AnswerTo<Question>> {
    switch (question.ask) {
      case 'status':
        return this.status();
      case 'pause':
        this.pause();
        return null;
      case 'resume':
        this.resume();
        return null;
      case 'snapshot': {
        const { tables, where } = question;
        const snapshots = this.#snapshots();
        if (where !== null) await snapshots.tryCondition(tables, where);
        snapshots.request({ tables, reason: 'asked', ...(where === null ? {} : { where }) });
        return null;
      }
      case 'snapshot-pause':
        this.#snapshots().pause();
        return null;
      case 'snapshot-resume':
        this.#snapshots().unpause();
        return null;
      case 'snapshot-cancel':
        this.#snapshots().cancel(question.tables.length === 0 ? undefined : question.tables);
        return null;
      case 'offsets':
        return await this.#offsets();
      case 'offsets-set':
        return await this.#setOffsets(question.place);
    }
  }

  #listen(): void {
    const listeners = [...this.#listeners];
    this.#tap.listener =
      listeners.length === 0
        ? null
        : (batch) => {
            for (const listener of listeners) listener(batch);
          };
  }

  #watchHealth(): void {
    const { health } = this.pipeline;
    if (health === this.#health) return;
    this.#health = health;
    this.#options.onHealth(this.status());
  }

  #snapshots(): Snapshots {
    const { source } = this.pipeline;
    if (source !== null && source.snapshots === undefined)
      throw new MillraceError('SNAPSHOT_UNSUPPORTED', { pipeline: this.name });
    if (source?.snapshots) return source.snapshots;
    const { health } = this.pipeline.status();
    throw new MillraceError('API_PIPELINE_STATE', { pipeline: this.name, state: health, wanted: 'reading' });
  }

  async #offsets(): Promise<Offsets> {
    const { positions, logs } = this.pipeline.status();
    if (positions.size > 0 && logs.length > 0) return { logs, positions: Object.fromEntries(positions) };
    if (!this.#paused) return { logs, positions: Object.fromEntries(positions) };
    return await this.#atRest(async (ends) => {
      const held = await locateIn(ends.source, { at: 'held' }, ends.held);
      return { logs: ends.source.figures?.(held) ?? [], positions: Object.fromEntries(held) };
    });
  }

  /**
   * Makes every sink hold other positions: an empty batch, as a heartbeat is, with the positions of the place asked for. What the sinks
   * hold of rows stays; reading goes on from there.
   */
  async #setOffsets(place: LogPlace): Promise<OffsetsChange> {
    return await this.#atRest(async ({ source, sinks, held }) => {
      const words = (positions: ReadonlyMap<Lane, Position>): readonly LogFigures[] =>
        source.figures?.(positions) ?? [];
      const from = await locateIn(source, { at: 'held' }, held);
      const positions = await locateIn(source, place, held);
      for (const lane of positions.keys()) await held(lane);
      const version = String(Math.round(this.#options.pipeline.clock.now())).padStart(20, '0');
      const { signal } = new AbortController();
      for (const sink of sinks) await sink.write({ changes: [], positions, version }, signal);
      return { from: words(from), to: words(positions) };
    });
  }

  /** Opens both ends beside a pipeline that is paused or has failed, and closes them again. */
  async #atRest<Result>(work: (ends: OpenEnds) => Promise<Result>): Promise<Result> {
    const { sinks, source } = this.#options.pipeline;
    const { health } = this.pipeline.status();
    if (!this.#paused && health !== 'failed') {
      throw new MillraceError('API_PIPELINE_STATE', { pipeline: this.name, state: health, wanted: 'paused' });
    }
    await this.rest(restWithinMs);
    await using ends = new AsyncDisposableStack();
    // Nothing is read here, so nothing is refused.
    const opened = ends.use(await source(null));
    const places: { readonly name: string; readonly sink: Sink }[] = [];
    for (const { name, open } of sinks) places.push({ name, sink: ends.use(await open()) });
    const held = async (lane: Lane): Promise<Position | null> => {
      const each = [];
      for (const { name, sink } of places) each.push({ sink: name, held: await sink.claim(lane) });
      return startingPlace(this.name, lane, each, opened);
    };
    return await work({ source: opened, sinks: places.map(({ sink }) => sink), held });
  }
}

interface OpenEnds {
  readonly source: Awaited<ReturnType<PipelineOptions['source']>>;
  readonly sinks: readonly Sink[];
  /** Takes a lane in every sink and says where all of them are. */
  readonly held: (lane: Lane) => Promise<Position | null>;
}
