import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change, SchemaChange } from '../../core/change.ts';
import type { Sink } from '../../core/connector.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { TargetFigures } from '../../core/operating.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { holdsSameValues } from './fitted-rows.ts';
import { SinkDefinitions, widened } from './sink-definitions.ts';

/**
 * What a changed definition does to a sink, in Flink CDC's words:
 * - `evolve`: it is followed; what cannot be followed stops the pipeline.
 * - `try_evolve`: it is followed where the sink can (it refuses with SINK_SCHEMA_REFUSED); else the sink's table stays as it is.
 * - `lenient`: a sink loses nothing by it. Dropped columns stay and become nullable, a renamed column is a new one beside the old, new
 *   columns are nullable; tables are neither dropped nor emptied.
 * - `ignore`: tables stay as they are, and new ones are made.
 *
 * https://nightlies.apache.org/flink/flink-cdc-docs-stable/docs/core-concept/schema-evolution/
 */
export type SchemaBehavior = 'evolve' | 'try_evolve' | 'lenient' | 'ignore';

/** Where a sink remembers the definitions that are its own, beside the lanes of the sources. */
const definitionsLane: Lane = 'pipeline/definitions';

/** A sink whose tables change as `behavior` says. Rows are made to fit what it has; it knows nothing of it. */
export const governSink = (sink: Sink, behavior: SchemaBehavior, log: Log): Sink =>
  behavior === 'evolve' ? sink : new GovernedSink(sink, behavior, log);

class GovernedSink implements Sink {
  readonly inFlight: number;
  readonly takesEveryMatch?: true;
  readonly keepsOwnColumns?: true;
  readonly #sink: Sink;
  readonly #behavior: Exclude<SchemaBehavior, 'evolve'>;
  readonly #log: Log;
  /** null: to be asked of the sink, since what it holds is not known (any more). */
  #definitions: SinkDefinitions | null = null;

  constructor(sink: Sink, behavior: Exclude<SchemaBehavior, 'evolve'>, log: Log) {
    this.#sink = sink;
    this.#behavior = behavior;
    this.#log = log;
    if (sink.takesEveryMatch) this.takesEveryMatch = true;
    if (sink.keepsOwnColumns) this.keepsOwnColumns = true;
    // What follows a refused definition must be written by the one that stayed.
    this.inFlight = behavior === 'try_evolve' ? 1 : (sink.inFlight ?? 1);
  }

  async claim(lane: Lane): Promise<Position | null> {
    const held = await this.#sink.claim(lane);
    this.#definitions ??= new SinkDefinitions(await this.#sink.claim(definitionsLane));
    return held;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    this.#definitions ??= new SinkDefinitions(await this.#sink.claim(definitionsLane));
    const definitions = this.#definitions;
    try {
      if (this.#behavior === 'try_evolve' && batch.changes.some(({ kind }) => kind === 'schema')) {
        await this.#try(batch, definitions, signal);
        return;
      }
      const changes = batch.changes.flatMap((change) => this.#governed(change, definitions) ?? []);
      await this.#sink.write(this.#with(batch, changes, definitions), signal);
    } catch (error) {
      this.#definitions = null;
      throw error;
    }
  }

  async watch(signal: AbortSignal): Promise<void> {
    await this.#sink.watch?.(signal);
  }

  figures(): TargetFigures {
    return this.#sink.figures?.() ?? { keys: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }

  /** The batch with other changes, and with the definitions where those changed; parts move no position before the last. */
  #with(batch: Batch, changes: readonly Change[], definitions: SinkDefinitions): Batch {
    const same = changes.length === batch.changes.length && changes.every((change, at) => change === batch.changes[at]);
    const ends = batch.part?.last ?? true;
    const held = ends ? definitions.takeChanged() : null;
    if (same && held === null) return batch;
    const positions = held === null ? batch.positions : new Map([...batch.positions, [definitionsLane, held]]);
    return { ...batch, changes: same ? batch.changes : changes, positions };
  }

  /** null: the sink does not learn of it. */
  #governed(change: Change, definitions: SinkDefinitions): Change | null {
    if (change.kind === 'schema') {
      return this.#behavior === 'ignore' ? this.#ignore(change, definitions) : this.#soften(change, definitions);
    }
    if (change.kind === 'truncate' && this.#behavior !== 'try_evolve') {
      this.#leftOut(change.table, 'TRUNCATE TABLE');
      return null;
    }
    return definitions.fitted(change);
  }

  #soften(change: SchemaChange, definitions: SinkDefinitions): Change | null {
    const { renamedColumns: _, ...rest } = change;
    const { before, after } = change;
    if (after === null) {
      this.#leftOut(before!, 'DROP TABLE');
      definitions.keep(before!, definitions.of(before!));
      return null;
    }
    if (before === null) {
      // The sink may hold an earlier table of this name, which was dropped at the source.
      if (!definitions.differs(after)) return change;
      const held = definitions.of(after);
      const target = widened(held, after);
      definitions.set(after, target);
      return { ...rest, before: held, after: target };
    }
    const held = definitions.of(before);
    const target = widened(held, after);
    if (qualifiedName(before) !== qualifiedName(after)) definitions.forget(before);
    definitions.set(after, target);
    return { ...rest, before: held, after: target };
  }

  #ignore(change: SchemaChange, definitions: SinkDefinitions): Change | null {
    const { before, after } = change;
    if (before === null) return after !== null && definitions.differs(after) ? null : change;
    this.#leftOut(before, change.statement === '' ? 'a changed definition' : firstWords(change.statement));
    if (after === null) definitions.keep(before, definitions.of(before));
    else this.#freeze(before, after, definitions);
    return null;
  }

  /** Schema changes one by one, so that a refused one does not keep the others away; then what came with them. */
  async #try(batch: Batch, definitions: SinkDefinitions, signal: AbortSignal): Promise<void> {
    const alone = (change: Change): Batch => ({ changes: [change], positions: new Map(), version: batch.version });
    const rest: Change[] = [];
    for (const change of batch.changes) {
      if (change.kind !== 'schema') {
        rest.push(definitions.fitted(change));
        continue;
      }
      const { before, after } = change;
      const { renamedColumns, ...plain } = change;
      const held = before && definitions.of(before);
      // A column that the sink has under another name was not renamed there.
      const attempt = held === before ? change : { ...plain, before: held };
      try {
        // Inside a transaction in parts nothing can be tried by itself.
        if (batch.part === undefined) await this.#sink.write(alone(attempt), signal);
        else rest.push(attempt);
        if (before !== null) definitions.forget(before);
        if (after !== null) definitions.set(after, after);
      } catch (error) {
        if (before === null || !isMillraceError(error, 'SINK_SCHEMA_REFUSED')) throw error;
        this.#log.warn('the sink refuses a changed definition, and its table stays as it is', {
          table: qualifiedName(before),
          statement: firstWords(change.statement),
          reason: error.message,
        });
        if (after !== null) this.#freeze(before, after, definitions);
      }
    }
    await this.#sink.write(this.#with(batch, rest, definitions), signal);
  }

  /** The sink's table stays; rows lose the columns that it lacks, and say nothing of those that the source lacks. */
  #freeze(before: Table, after: Table, definitions: SinkDefinitions): void {
    const held = definitions.of(before);
    if (qualifiedName(before) !== qualifiedName(after)) definitions.forget(before);
    definitions.set(after, held);
    const has = (table: Table, name: string) =>
      table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
    const missing = held.columns.filter((column) => {
      const source = has(after, column.name);
      return source === undefined || !holdsSameValues(source, column);
    });
    const dropped = after.columns.filter(({ name }) => has(held, name) === undefined);
    this.#log.warn('rows are made to fit the table as the sink has it', {
      table: qualifiedName(after),
      leftOut: dropped.map(({ name }) => name).join(', '),
      notFilled: missing.map(({ name }) => name).join(', '),
    });
  }

  #leftOut(table: Table, what: string): void {
    this.#log.warn('a schema change is not handed on', {
      table: qualifiedName(table),
      change: what,
      'schema.change.behavior': this.#behavior,
    });
  }
}

/** Enough of a statement to recognise it; the rest may hold values. */
const firstWords = (statement: string): string => statement.trim().split(/\s+/).slice(0, 3).join(' ');
