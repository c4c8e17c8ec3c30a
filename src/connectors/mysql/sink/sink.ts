import assert from 'node:assert/strict';
import type { Batch, Lane, Part, Position } from '../../../core/batch.ts';
import type { Change, Origin, SchemaChange } from '../../../core/change.ts';
import type { Context, Sink } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { quoteName } from '../statements.ts';
import type { MysqlSinkConfig } from './config.ts';
import { GroupEncoder } from './group-encoder.ts';
import { PositionTable } from './position-table.ts';
import { ServerError, sinkFailure } from './server-error.ts';
import { Sweeps } from './snapshot-sweep.ts';
import type { StatementBuffer } from './statement-buffer.ts';
import { StatementSession, statementPacket } from './statement-session.ts';
import { planTable, type TablePlan } from './table-plan.ts';
import { TargetSchema } from './target-schema.ts';

/** The first pause before a group is written again after a deadlock; it doubles. */
const firstRetryMs = 5;

/** Connects all writers, and makes the sink's own tables. Throws NET_UNREACHABLE, MYSQL_ACCESS_DENIED, MYSQL_MISSING_GRANT and their like. */
export const openMysqlSink = async (config: MysqlSinkConfig, context: Context): Promise<Sink> => {
  const stop = new AbortController();
  const open = (mode: 'strict' | 'lax'): Promise<StatementSession> =>
    StatementSession.open({ config, clock: context.clock, signal: stop.signal, mode });
  const place = { address: `${config.hostname}:${config.port}`, user: config.username, what: 'open the sink' };
  try {
    const control = await open('lax');
    const writers = await Promise.all(Array.from({ length: config['sink.parallelism'] }, () => open('strict')));
    const positions = new PositionTable(config['position.database'], context.pipeline, place.address);
    await positions.create(control);
    // A DELETE that names an index needs a database to be in, whatever its tables' is.
    for (const session of [control, ...writers]) await session.run(`USE ${quoteName(config['position.database'])}`);
    const schema = await TargetSchema.open(control, config, context.pipeline, context.log);
    const sweeps = new Sweeps(config['position.database'], context.pipeline);
    await sweeps.load(control);
    return new MysqlSink({ config, context, stop, control, writers, positions, schema, sweeps });
  } catch (error) {
    stop.abort();
    throw sinkFailure(error, place);
  }
};

interface Opened {
  readonly config: MysqlSinkConfig;
  readonly context: Context;
  readonly stop: AbortController;
  /** Runs definitions, and what must not be part of the writers' transactions. */
  readonly control: StatementSession;
  readonly writers: readonly StatementSession[];
  readonly positions: PositionTable;
  readonly schema: TargetSchema;
  readonly sweeps: Sweeps;
}

/**
 * The source's tables in a MySQL or MariaDB server. A group is encoded while the one before is being written. Each writer's part
 * of it is one transaction that begins with the writer's row of `millrace_position`; the first writer commits when all others have,
 * and with one writer the rows and the position change together. A transaction larger than memory stays open from its first
 * part to its last, on the first writer.
 */
class MysqlSink implements Sink {
  readonly inFlight = 2;
  readonly takesEveryMatch = true;
  readonly #config: MysqlSinkConfig;
  readonly #context: Context;
  readonly #stop: AbortController;
  readonly #control: StatementSession;
  readonly #writers: readonly StatementSession[];
  readonly #positions: PositionTable;
  readonly #schema: TargetSchema;
  readonly #sweeps: Sweeps;
  readonly #address: string;
  /** By the source definition's id; emptied when a definition of the target changes. */
  readonly #plans = new Map<string, TablePlan>();
  readonly #encoders: GroupEncoder[];
  /** The write under way that began last. */
  #last: Promise<void> | null = null;
  /** Writes under way that may change plans: what comes behind them is encoded when they have ended. */
  #unsettled = 0;
  /** The source transaction whose parts are being written, and the index of the next. */
  #open: { readonly transaction: string; next: number } | null = null;

  constructor({ config, context, stop, control, writers, positions, schema, sweeps }: Opened) {
    this.#config = config;
    this.#context = context;
    this.#stop = stop;
    this.#control = control;
    this.#writers = writers;
    this.#positions = positions;
    this.#schema = schema;
    this.#sweeps = sweeps;
    this.#address = control.address;
    this.#encoders = [new GroupEncoder(config), new GroupEncoder(config)];
  }

  async claim(lane: Lane): Promise<Position | null> {
    await this.#discard();
    return await this.#translated('claim a lane', () =>
      this.#positions.claim(this.#writers[0]!, lane, this.#writers.length),
    );
  }

  release(lane: Lane): void {
    this.#positions.release(lane);
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const before = this.#last;
    const write = this.#translated('write rows', () => this.#write(batch, before, signal));
    this.#last = write;
    try {
      await write;
    } finally {
      if (this.#last === write) this.#last = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#control.close();
    for (const writer of this.#writers) writer.close();
    await this.#last?.catch(() => {});
  }

  async #write(batch: Batch, before: Promise<void> | null, signal: AbortSignal): Promise<void> {
    if (this.#isPlain(batch) && this.#unsettled === 0) {
      const encoder = this.#encode(batch, batch.changes);
      try {
        await before;
        await this.#discard();
        await this.#run(encoder, batch.positions, batch.changes, signal);
      } finally {
        this.#encoders.push(encoder);
      }
      return;
    }
    this.#unsettled += 1;
    try {
      await before;
      if (batch.part !== undefined) await this.#writePart(batch, batch.part);
      else await this.#writeInSteps(batch, signal);
    } finally {
      this.#unsettled -= 1;
    }
  }

  /** Whether a batch needs nothing but statements of known tables. */
  #isPlain({ changes, part }: Batch): boolean {
    return (
      part === undefined &&
      changes.every(
        (change) => (change.kind === 'rows' || change.kind === 'truncate') && this.#plans.has(change.table.id),
      )
    );
  }

  /** Rows up to a change of a definition are written before it, and those behind it with the positions. */
  async #writeInSteps(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.#discard();
    let rows: Change[] = [];
    const write = async (positions: ReadonlyMap<Lane, Position>): Promise<void> => {
      await this.#prepare(rows);
      const encoder = this.#encode({ ...batch, positions: batch.positions }, rows);
      try {
        await this.#run(encoder, positions, rows, signal);
      } finally {
        this.#encoders.push(encoder);
      }
      await this.#afterSnapshots(rows);
      rows = [];
    };
    for (const change of batch.changes) {
      if (change.kind !== 'schema') {
        rows.push(change);
        continue;
      }
      if (rows.length > 0) await write(new Map());
      await this.#follow(change);
    }
    await write(batch.positions);
  }

  /** Makes tables and columns that are missing, and notes keys where a snapshot begins. */
  async #prepare(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (change.kind === 'schema') continue;
      const { table } = change;
      if (!this.#plans.has(table.id)) await this.#plan(table);
      if (change.kind === 'snapshot' && change.at === 'begin') {
        await this.#fenced(() => this.#sweeps.begin(this.#control, table));
      }
    }
  }

  async #plan(table: Table): Promise<void> {
    let changed = false;
    const target = await this.#schema.tableFor(table, async () => {
      changed = true;
      // The parts' own transaction holds the writer's row already.
      if (this.#open === null) await this.#fenced(async () => {});
    });
    if (changed) {
      // Other versions of its definition were planned for the table as it was.
      for (const [id, plan] of this.#plans) if (plan.label === qualifiedName(table)) this.#plans.delete(id);
    }
    this.#plans.set(table.id, planTable(table, target, this.#control.server));
  }

  async #follow(change: SchemaChange): Promise<void> {
    this.#plans.clear();
    await this.#fenced(async () => {
      if (change.before !== null && (await this.#sweeps.discard(this.#control, change.before))) {
        this.#context.log.warn('the definition changed during a snapshot, so rows that vanished stay; take a new one', {
          table: `${change.before.database}.${change.before.name}`,
        });
      }
      await this.#schema.follow(change);
    });
  }

  async #afterSnapshots(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (change.kind === 'snapshot' && change.at === 'end') await this.#sweeps.discard(this.#control, change.table);
    }
  }

  #encode(batch: Batch, changes: readonly Change[]): GroupEncoder {
    const encoder = this.#encoders.pop();
    assert(encoder !== undefined, 'no more writes are under way than the sink allows');
    try {
      encoder.encode(changes, {
        planOf: (change) => this.#plans.get(change.table.id)!,
        sweeps: this.#sweeps,
        // What is struck out must be seen by the statement that deletes the rest.
        alone: changes.some((change) => change.kind === 'snapshot'),
        again: batch.part === undefined && this.#positions.isAt(batch.positions),
        maxPacket: this.#control.maxPacket,
      });
      return encoder;
    } catch (error) {
      this.#encoders.push(encoder);
      throw error;
    }
  }

  /** Writes what was encoded, with the positions, and once more where it met a deadlock. */
  async #run(
    encoder: GroupEncoder,
    positions: ReadonlyMap<Lane, Position>,
    changes: readonly Change[],
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const failure = await this.#attempt(encoder, positions);
      if (failure === null) {
        this.#positions.moved(positions);
        return;
      }
      if (!failure.error.passes || attempt >= this.#config['sink.max-retries'] || signal.aborted) {
        throw this.#refused(failure, changes);
      }
      await this.#context.clock.sleep(firstRetryMs * 2 ** attempt, signal);
    }
  }

  async #attempt(encoder: GroupEncoder, positions: ReadonlyMap<Lane, Position>): Promise<Failure | null> {
    const busy = encoder.writers.flatMap((statements, writer) => (writer > 0 && statements.isEmpty ? [] : [writer]));
    const outcomes = await Promise.all(
      busy.map(async (writer) => {
        const session = this.#writers[writer]!;
        session.send(statementPacket(this.#positions.statement(writer, positions, true)));
        const statements = encoder.writers[writer]!;
        session.sendAll(statements.view(), statements.facts.length);
        return { writer, answers: await session.answers() };
      }),
    );
    const failed = outcomes.find(({ answers }) => answers instanceof ServerError);
    const lanes = this.#positions.lanesIn(positions).length;
    const fenced = outcomes.some(
      ({ answers }) => !(answers instanceof ServerError) && answers[0]!.affectedRows < lanes,
    );
    if (failed !== undefined || fenced) {
      await Promise.all(busy.map((writer) => this.#writers[writer]!.run('ROLLBACK')));
      if (failed === undefined) throw this.#positions.fenced(positions);
      return { error: failed.answers as ServerError, statements: encoder.writers[failed.writer]! };
    }
    await Promise.all(busy.filter((writer) => writer > 0).map((writer) => this.#writers[writer]!.run('COMMIT')));
    await this.#writers[0]!.run('COMMIT');
    return null;
  }

  /**
   * A part joins the open transaction. The writer's row of the position is only locked with the last one, so that a writer that
   * takes over does not wait for a transaction that goes on for long.
   */
  async #writePart(batch: Batch, part: Part): Promise<void> {
    const session = this.#writers[0]!;
    if (part.index === 0) {
      await this.#discard();
      await this.#fenced(async () => {});
    }
    const follows =
      part.index === 0 || (this.#open?.transaction === part.transaction && this.#open.next === part.index);
    assert(follows, 'the parts of a transaction follow each other from index 0');
    this.#open = { transaction: part.transaction, next: part.index + 1 };
    try {
      await this.#prepare(batch.changes);
      if (part.index === 0) await session.run(this.#positions.markStatement());
      const encoder = this.#encodePart(batch);
      try {
        const statements = encoder.writers[0]!;
        session.sendAll(statements.view(), statements.facts.length);
        const answers = await session.answers();
        if (answers instanceof ServerError) {
          throw this.#refused({ error: answers.of(answers.statement + 1), statements }, batch.changes);
        }
      } finally {
        this.#encoders.push(encoder);
      }
      if (!part.last) return;
      const { affectedRows } = await session.run(this.#positions.statement(0, batch.positions, true));
      if (affectedRows < this.#positions.lanesIn(batch.positions).length) throw this.#positions.fenced(batch.positions);
      await session.run('COMMIT');
      this.#open = null;
      this.#positions.moved(batch.positions);
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  #encodePart(batch: Batch): GroupEncoder {
    const encoder = this.#encoders.pop();
    assert(encoder !== undefined, 'no more writes are under way than the sink allows');
    encoder.encode(batch.changes, {
      planOf: (change) => this.#plans.get(change.table.id)!,
      sweeps: this.#sweeps,
      alone: true,
      again: false,
      maxPacket: this.#control.maxPacket,
    });
    return encoder;
  }

  /** Runs `body` while this sink's row of the position is locked: nobody takes over in between. Throws SINK_FENCED. */
  async #fenced(body: () => Promise<void>): Promise<void> {
    const session = this.#writers[0]!;
    const nowhere = new Map<Lane, Position>();
    try {
      const { affectedRows } = await session.run(this.#positions.statement(0, nowhere, false));
      if (affectedRows === 0) throw this.#positions.fenced(nowhere);
      await body();
      await session.run('COMMIT');
    } catch (error) {
      await session.run('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** Forgets the parts of an unfinished transaction. */
  async #discard(): Promise<void> {
    if (this.#open === null) return;
    this.#open = null;
    await this.#writers[0]!.run('ROLLBACK');
  }

  /** What a refused statement means. Statement 0 is the position's. */
  #refused({ error, statements }: Failure, changes: readonly Change[]): unknown {
    const facts = statements.facts[error.statement - 1];
    if (facts === undefined || facts.table === null || !error.isAboutRow) return error;
    const exact = facts.change ?? (error.row === null ? null : (facts.changes?.[error.row - 1] ?? null));
    const first = placeAt(changes, exact ?? facts.changes?.[0] ?? null);
    const last = exact === null ? placeAt(changes, facts.changes?.at(-1) ?? null) : first;
    const at = first === null ? '' : first === last ? `, at ${first}` : `, between ${first} and ${last}`;
    return new MillraceError('SINK_ROW_REFUSED', {
      sink: this.#address,
      table: facts.table,
      reason: `${error.reason}${at}`,
    });
  }

  async #translated<Result>(what: string, body: () => Promise<Result>): Promise<Result> {
    try {
      return await body();
    } catch (error) {
      throw sinkFailure(error, { address: this.#address, user: this.#config.username, what });
    }
  }
}

interface Failure {
  readonly error: ServerError;
  readonly statements: StatementBuffer;
}

const placeAt = (changes: readonly Change[], index: number | null): string | null => {
  const change = index === null ? undefined : changes[index];
  return change === undefined || change.kind === 'snapshot' ? null : placeOf(change.origin);
};

const placeOf = (origin: Origin): string => {
  switch (origin.kind) {
    case 'mysql':
      return `${origin.file}:${origin.offset}`;
    case 'kafka':
      return `${origin.topic}-${origin.partition}@${origin.offset}`;
    case 'redis':
      return `${origin.replicationId}:${origin.offset}`;
  }
};
