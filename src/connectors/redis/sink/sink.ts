import assert from 'node:assert/strict';
import type { Batch, Lane, Part, Position } from '../../../core/batch.ts';
import type { Change, SchemaChange } from '../../../core/change.ts';
import type { Context, Sink } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { TargetFigures } from '../../../core/operating.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { keyColumnsOf } from '../../../formats/key-columns.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { ReplyError } from '../../../protocol/redis/reply.ts';
import { RedisCluster } from '../cluster/redis-cluster.ts';
import { clusterStore, type KeyStore, singleStore } from '../key-store.ts';
import type { KeyTemplate } from '../key-template.ts';
import { isWrongType } from '../redis-failure.ts';
import { openPrimary } from '../sentinel.ts';
import { leastOf, type ServerFacts, serverFacts } from '../server-facts.ts';
import { ClusterTransactions } from './cluster-transactions.ts';
import type { RedisSinkConfig } from './config.ts';
import { DefinitionChanges } from './definition-change.ts';
import { checkCommands } from './needed-commands.ts';
import { NestKeys } from './nest-keys.ts';
import { OwnKeys } from './own-keys.ts';
import { packLimits } from './pack-limits.ts';
import { learnBusy } from './packed-rows.ts';
import { RowCommands } from './row-commands.ts';
import { ServerLooks } from './server-looks.ts';
import { removeEach, TableKeys } from './table-keys.ts';
import { TableLayouts } from './table-layout.ts';
import { type PackLimits, planTable, type TablePlan, type TableState } from './table-plan.ts';
import { hasOwnKeys, isNested, type TableSettings, tableSettings, typeOf } from './table-settings.ts';
import { KeyCounts, TouchedKeys } from './touched-keys.ts';
import { type Execution, type SinkTransactions, Transactions } from './transactions.ts';

/** How often a Redis that nothing is written to is asked whether it is still the same. */
const watchMs = 2_000;

/** From so many rows on, what it takes to write them as the server keeps them is little beside what it spares. */
const leastPackedRows = 64;

/** Connects. Throws NET_UNREACHABLE, REDIS_AUTHENTICATION_FAILED, REDIS_NOT_READY, REDIS_LACKS_COMMAND and their like. */
export const openRedisSink = async (config: RedisSinkConfig, context: Context): Promise<Sink> => {
  const settingsOf = tableSettings(config);
  const stop = new AbortController();
  const { clock, pipeline, log } = context;
  const name = `millrace:${pipeline}`.replaceAll(/[^!-~]/g, '_');
  const options = { config, dial: dialTcp, clock, signal: stop.signal, name };
  const connection = await openPrimary(options);
  try {
    const facts = await serverFacts(connection);
    const { address: server } = connection;
    const own = new OwnKeys(config['position.prefix'], pipeline, facts.mode === 'cluster');
    if (facts.mode === 'cluster') {
      const cluster = await RedisCluster.open(options, connection);
      const home = await cluster.ofSlot(own.slot);
      const store = clusterStore(cluster, home);
      const transactions = new ClusterTransactions({ cluster, home, own, pipeline, log });
      const primaries = await cluster.primaries();
      for (const primary of primaries) await checkCommands(primary, config);
      const all = leastOf(await Promise.all(primaries.map(serverFacts)));
      return new RedisSink({ config, context, store, own, transactions, facts: all, limits: null, settingsOf, stop });
    }
    if (facts.role === 'slave') {
      throw new MillraceError('REDIS_NOT_READY', { server, reason: 'it is a replica, which takes no writes' });
    }
    await checkCommands(connection, config);
    const transactions = new Transactions({ connection, own, pipeline, log });
    return new RedisSink({
      config,
      context,
      store: singleStore(connection),
      own,
      transactions,
      facts,
      limits: await packLimits(connection, facts, own, log),
      settingsOf,
      stop,
    });
  } catch (error) {
    stop.abort();
    throw error;
  }
};

interface Opened {
  readonly config: RedisSinkConfig;
  readonly context: Context;
  readonly store: KeyStore;
  readonly own: OwnKeys;
  readonly transactions: SinkTransactions;
  readonly facts: ServerFacts;
  readonly limits: PackLimits | null;
  readonly settingsOf: (table: Table) => TableSettings;
  readonly stop: AbortController;
}

interface OpenParts {
  readonly transaction: string;
  next: number;
  steps: number;
  /** Of the MULTI that is open: its bytes, its commands, and which of them tell of keys. */
  bytes: number;
  commands: number;
  readonly touched: TouchedKeys;
  readonly mayFail: Set<number>;
  /** Whether all of its parts so far may be written once more. */
  repeatable: boolean;
}

/**
 * Rows as hashes in one Redis or Valkey, or in a cluster. What is written in one go is one MULTI with the positions in it, or one step
 * on each node. A group is encoded while the one before is being executed. A transaction larger than memory stays in one open MULTI from its first part to its last, up to
 * `sink.transaction.max-size`.
 */
class RedisSink implements Sink {
  readonly inFlight = 2;
  readonly keepsOwnColumns = true;
  readonly #config: RedisSinkConfig;
  readonly #context: Context;
  readonly #store: KeyStore;
  readonly #facts: ServerFacts;
  /** null: every row is told field by field. */
  #limits: PackLimits | null;
  readonly #own: OwnKeys;
  readonly #transactions: SinkTransactions;
  readonly #tableKeys: TableKeys;
  readonly #nestKeys: NestKeys;
  readonly #layouts: TableLayouts;
  readonly #definitions: DefinitionChanges;
  readonly #settingsOf: (table: Table) => TableSettings;
  readonly #stop: AbortController;
  /** By the source definition's id. */
  readonly #plans = new Map<string, TablePlan>();
  /** By `database.table`. */
  readonly #states = new Map<string, TableState>();
  readonly #encoders: RowCommands[];
  readonly #keyCounts = new KeyCounts();
  readonly #looks: ServerLooks;
  /** The write under way that began last. */
  #last: Promise<void> | null = null;
  /** Writes under way that may change plans: what comes behind them is encoded when they have ended. */
  #unsettled = 0;
  /** The source transaction whose parts are being written. */
  #parts: OpenParts | null = null;

  constructor({ config, context, store, own, transactions, facts, limits, settingsOf, stop }: Opened) {
    this.#config = config;
    this.#context = context;
    this.#store = store;
    this.#own = own;
    this.#transactions = transactions;
    this.#facts = facts;
    this.#limits = limits;
    this.#settingsOf = settingsOf;
    this.#stop = stop;
    this.#tableKeys = new TableKeys(store, transactions);
    this.#looks = new ServerLooks(store, context.clock);
    this.#nestKeys = new NestKeys({ store, tableKeys: this.#tableKeys, prefix: own.nest });
    this.#layouts = new TableLayouts({ store, own, tableKeys: this.#tableKeys, log: context.log });
    this.#definitions = new DefinitionChanges({ store, own, tableKeys: this.#tableKeys, log: context.log });
    const options = {
      sink: store.address,
      maxValueBytes: facts.maxValueBytes,
      renames: !store.isCluster,
      maxStreamLength: config['sink.stream.max-length'] ?? null,
      nest: own.nest,
    };
    this.#encoders = [new RowCommands(options), new RowCommands(options)];
  }

  async claim(lane: Lane): Promise<Position | null> {
    this.#parts = null;
    return await this.#transactions.claim(lane);
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const before = this.#last;
    const write = this.#write(batch, before);
    this.#last = write;
    try {
      await write;
    } finally {
      if (this.#last === write) this.#last = null;
    }
  }

  /** A flushed or exchanged Redis is noticed though nothing is written. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    for (;;) {
      await clock.sleep(watchMs, signal);
      if (signal.aborted) return;
      if (this.#last === null && this.#parts === null) await this.#transactions.check();
      if (this.#parts === null) await this.#looks.look();
    }
  }

  figures(): TargetFigures {
    return { keys: this.#keyCounts.figures(), servers: this.#looks.figures() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#last?.catch(() => {});
  }

  async #write(batch: Batch, before: Promise<void> | null): Promise<void> {
    // Rows alone change nothing for what comes behind them, also when they have to wait.
    if (this.#isPlain(batch) && this.#unsettled > 0) await before;
    if (this.#isPlain(batch) && this.#unsettled === 0) {
      const encoder = this.#take();
      try {
        this.#encodeNew(encoder, batch.changes, batch.positions);
        await before;
        await this.#discard();
        await this.#execute(encoder, batch.changes, batch.positions);
      } finally {
        this.#encoders.push(encoder);
      }
      return;
    }
    this.#unsettled += 1;
    try {
      await before;
      if (batch.part !== undefined) await this.#writePart(batch, batch.part);
      else await this.#writeInSteps(batch);
    } finally {
      this.#unsettled -= 1;
    }
  }

  /** Whether a batch holds nothing but rows of known tables, so that it can be encoded while another is being written. */
  #isPlain({ changes, part }: Batch): boolean {
    return (
      part === undefined &&
      this.#parts === null &&
      changes.every((change) => change.kind === 'rows' && this.#plans.has(change.table.id))
    );
  }

  /** What needs more than rows ends what came before it, and the last rows move the positions. */
  async #writeInSteps(batch: Batch): Promise<void> {
    await this.#discard();
    let rows: Change[] = [];
    /** Tables whose snapshot has ended; whether all of their rows are there. */
    let finished: { readonly table: Table; readonly complete: boolean }[] = [];
    let followed = false;
    const stepped = batch.changes.some(({ kind }) => kind !== 'rows');
    const write = async (positions: ReadonlyMap<Lane, Position>): Promise<void> => {
      const encoder = this.#take();
      try {
        await this.#prepare(rows);
        this.#encodeNew(encoder, rows, positions);
        if (stepped && positions.size > 0 && encoder.repeatable) {
          // The steps are not taken twice, so nobody may come back to before them for rows that were refused.
          if (rows.length > 0) await this.#execute(encoder, rows, nowhere);
          rows = [];
          this.#encode(encoder, rows);
        }
        if (followed && positions.size > 0) encoder.commands.add('UNLINK', this.#own.changes);
        for (const { table, complete } of finished) {
          const label = qualifiedName(table);
          if (complete) encoder.commands.add('HSET', this.#own.tables, label, 'complete');
          else encoder.commands.add('HDEL', this.#own.tables, label);
        }
        await this.#execute(encoder, rows, positions);
        for (const { table, complete } of finished) this.#stateOf(table).complete = complete && this.#keepsRows;
      } finally {
        this.#encoders.push(encoder);
      }
      rows = [];
      finished = [];
    };
    for (const change of batch.changes) {
      if (change.kind === 'rows') {
        rows.push(change);
        continue;
      }
      if (rows.length > 0) await write(nowhere);
      if (change.kind === 'truncate') await this.#erase(change.table);
      else if (change.kind === 'snapshot') {
        const { table } = await this.#plan(change.table);
        if (change.at === 'begin') await this.#beginSnapshot(table);
        else {
          await this.#endSnapshot(table);
          const { mode, expiry } = this.#settingsOf(table);
          // Of a cache nobody may conclude that a row which is not there does not exist.
          finished.push({ table, complete: mode === 'mirror' && expiry === null });
        }
      } else {
        await this.#follow(change);
        followed = true;
      }
    }
    await write(batch.positions);
  }

  /** A part joins the open MULTI, which is ended once it holds as much as one may. */
  async #writePart(batch: Batch, part: Part): Promise<void> {
    if (part.index === 0) {
      await this.#discard();
      await this.#prepare(batch.changes);
      this.#parts = {
        transaction: part.transaction,
        next: 0,
        steps: 0,
        bytes: 0,
        commands: 0,
        touched: new TouchedKeys(),
        mayFail: new Set(),
        repeatable: true,
      };
    }
    const parts = this.#parts;
    const follows = parts?.transaction === part.transaction && parts.next === part.index;
    assert(parts !== null && follows, 'the parts of a transaction follow each other from index 0');
    parts.next += 1;
    const encoder = this.#take();
    try {
      const unknown = batch.changes.some((change) => change.kind === 'rows' && !this.#plans.has(change.table.id));
      if (unknown) await this.#splitParts(parts, encoder);
      await this.#prepare(batch.changes);
      this.#encode(encoder, batch.changes);
      parts.touched.follow(encoder.touched, parts.commands);
      for (const command of encoder.mayFail) parts.mayFail.add(parts.commands + command);
      parts.repeatable &&= encoder.repeatable;
      parts.bytes += encoder.commands.byteLength;
      parts.commands += encoder.commands.commands;
      if (part.last) {
        await this.#executeParts(parts, encoder, batch.positions);
        this.#parts = null;
      } else if (parts.bytes >= this.#config['sink.transaction.max-size']) {
        await this.#executeParts(parts, encoder, nowhere);
        parts.steps += 1;
        if (parts.steps === 1) {
          this.#context.log.warn('a transaction larger than `sink.transaction.max-size` becomes visible in steps', {
            transaction: part.transaction,
          });
        }
      } else await this.#transactions.queue(encoder.commands);
    } catch (error) {
      await this.#discard().catch(() => {});
      throw error;
    } finally {
      this.#encoders.push(encoder);
    }
  }

  /** Asking about a table that was not met before needs the MULTI to end. */
  async #splitParts(parts: OpenParts, encoder: RowCommands): Promise<void> {
    if (parts.bytes === 0) return;
    encoder.clear();
    await this.#executeParts(parts, encoder, nowhere);
  }

  /** The rows of parts before are no longer at hand, so a refused one cannot be written otherwise. */
  async #executeParts(parts: OpenParts, encoder: RowCommands, positions: ReadonlyMap<Lane, Position>): Promise<void> {
    const held = this.#transactions.held(positions.keys());
    const { touched, mayFail, repeatable } = parts;
    const refusal = await this.#transactions.execute(encoder.commands, {
      positions,
      ...(repeatable && canGoBack(held) && { before: held }),
      mayFail,
      asked: touched.commands,
      replied: (results, first) => touched.count(results, first, this.#keyCounts),
    });
    touched.clear();
    mayFail.clear();
    parts.bytes = 0;
    parts.commands = 0;
    if (refusal === null) return;
    await this.#transactions.takeBack(held);
    throw this.#refused(refusal);
  }

  /**
   * A key that somebody made of another type takes no fields. Redis has done all else then, the position too, so the rows are
   * written once more at once, each as a whole in place of whatever is there; where that cannot be, the position is taken back.
   */
  async #execute(
    encoder: RowCommands,
    changes: readonly Change[],
    positions: ReadonlyMap<Lane, Position>,
  ): Promise<void> {
    const { mayFail, touched, isPacked } = encoder;
    const held = this.#transactions.held(positions.keys());
    const goesBack = changes.length > 0 && encoder.repeatable && canGoBack(held, changes);
    const execution: Execution = { positions, mayFail, ...(goesBack && { before: held }) };
    let refusal = await this.#transactions.execute(encoder.commands, {
      ...execution,
      asked: touched.commands,
      replied: (results, first) => touched.count(results, first, this.#keyCounts),
    });
    if (isPacked) this.#learn(changes, refusal);
    if (refusal === null) return;
    if (isPacked && !isWrongType(refusal)) {
      this.#encode(encoder, changes);
      refusal = await this.#transactions.execute(encoder.commands, execution);
      if (refusal === null) return;
    }
    if (isWrongType(refusal) && !encoder.partial) {
      this.#encode(encoder, changes, true);
      refusal = await this.#transactions.execute(encoder.commands, execution);
      if (refusal === null) {
        this.#context.log.warn('keys of rows held something of another type and were replaced', {
          tables: labelsOf(changes),
        });
        return;
      }
    }
    await this.#transactions.takeBack(held);
    throw this.#refused(refusal);
  }

  #refused(reply: ReplyError): MillraceError {
    return this.#store.home.failure(reply, 'a command on a row');
  }

  /** New rows are written as the server keeps them where a refused one can be written otherwise, even by the next writer. */
  #encodeNew(encoder: RowCommands, changes: readonly Change[], positions: ReadonlyMap<Lane, Position>): void {
    this.#encode(encoder, changes, false, this.#limits !== null && this.#isPackable(changes, positions));
    if (encoder.isPacked && !encoder.repeatable) this.#encode(encoder, changes);
  }

  #isPackable(changes: readonly Change[], positions: ReadonlyMap<Lane, Position>): boolean {
    if (!canGoBack(this.#transactions.held(positions.keys()), changes)) return false;
    let rows = 0;
    for (const change of changes) {
      if (change.kind !== 'rows') continue;
      if (!this.#plans.get(change.table.id)!.isMirroredHash) return false;
      rows += change.rows.length;
    }
    return rows >= leastPackedRows;
  }

  /** What became of rows that were written as the server keeps them. */
  #learn(changes: readonly Change[], refusal: ReplyError | null): void {
    const isBusy = refusal?.code === 'BUSYKEY';
    for (const change of changes) {
      const packing = change.kind === 'rows' ? this.#plans.get(change.table.id)!.packing : null;
      if (packing !== null) learnBusy(packing, isBusy);
    }
    if (refusal === null || isBusy || isWrongType(refusal)) return;
    this.#limits = null;
    this.#context.log.warn('the server takes no rows as it keeps them; they are written field by field', {
      refusal: refusal.code,
    });
  }

  #encode(encoder: RowCommands, changes: readonly Change[], wipe = false, packs = false): void {
    encoder.clear();
    encoder.packs = packs;
    this.#transactions.begin(encoder.commands);
    for (const change of changes) {
      if (change.kind === 'rows') encoder.add(change, this.#plans.get(change.table.id)!, wipe);
    }
    encoder.finish();
  }

  #take(): RowCommands {
    const encoder = this.#encoders.pop();
    assert(encoder !== undefined, 'no more writes are under way than the sink allows');
    return encoder;
  }

  async #prepare(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (change.kind === 'rows' && !this.#plans.has(change.table.id)) await this.#plan(change.table);
    }
  }

  async #plan(table: Table): Promise<TablePlan> {
    const known = this.#plans.get(table.id);
    if (known !== undefined) return known;
    const label = qualifiedName(table);
    const settings = this.#settingsOf(table);
    if (!this.#states.has(label)) {
      const vanished = this.#own.vanished(label);
      const asked = Buffer.concat([encodeCommand('EXISTS', vanished), encodeCommand('HGET', this.#own.tables, label)]);
      const [exists, complete] = await this.#store.home.send(asked, 2);
      if (keyColumnsOf(table).length > 0) await this.#layouts.follow(table, settings, exists === 1);
      this.#states.set(label, {
        vanished: exists === 1 ? vanished : null,
        complete: this.#keepsRows && Buffer.isBuffer(complete) && complete.toString() === 'complete',
      });
    }
    const plan = planTable(table, settings, this.#stateOf(table), this.#limits);
    this.#plans.set(table.id, plan);
    return plan;
  }

  #stateOf(table: Table): TableState {
    return this.#states.get(qualifiedName(table))!;
  }

  /** Whether a row that was written stays, unless somebody removes it by hand: then an update may leave out what has not changed. */
  get #keepsRows(): boolean {
    const { maxMemory, evictionPolicy } = this.#facts;
    return this.#config['sink.update.fields'] === 'changed' && (maxMemory === 0 || evictionPolicy === 'noeviction');
  }

  async #beginSnapshot(table: Table): Promise<void> {
    const state = this.#stateOf(table);
    state.complete = false;
    const label = qualifiedName(table);
    await this.#tableKeys.step((block) => void block.add('HSET', this.#own.tables, label, 'begun'));
    const vanished = this.#own.vanished(label);
    const { shape, keys, indexes } = this.#settingsOf(table);
    if (shape.kind === 'stream') return;
    for (const index of indexes) await this.#tableKeys.erase(index, 'set');
    if (isNested(shape)) {
      state.vanished = (await this.#nestKeys.note(vanished, shape)) > 0 ? vanished : null;
      return;
    }
    if (!hasOwnKeys(shape)) {
      await this.#tableKeys.erase(keys, typeOf(shape));
      return;
    }
    const noted = await this.#tableKeys.note(vanished, keys, typeOf(shape));
    state.vanished = noted > 0 ? vanished : null;
  }

  async #endSnapshot(table: Table): Promise<void> {
    const state = this.#stateOf(table);
    if (state.vanished === null) return;
    const settings = this.#settingsOf(table);
    if (isNested(settings.shape)) await this.#nestKeys.sweep(state.vanished, settings.shape);
    else {
      await this.#tableKeys.drain(state.vanished, (keys, block) => {
        removeEach(block, keys);
        this.#nestKeys.addRemoved(block, keys, settings);
      });
    }
    state.vanished = null;
  }

  /** Removes all rows of a table. */
  async #erase(table: Table): Promise<void> {
    const settings = this.#settingsOf(table);
    const { shape, keys, indexes } = settings;
    for (const index of indexes) await this.#tableKeys.erase(index, 'set');
    if (isNested(shape)) await this.#nestKeys.erase(shape);
    else if (shape.kind !== 'stream') {
      await this.#tableKeys.erase(keys, typeOf(shape), (found, block) => {
        this.#nestKeys.addRemoved(block, found, settings);
      });
    } else await this.#tableKeys.step((block) => void block.add('XADD', keys.prefix, '*', '__op', 'truncate'));
  }

  async #follow(change: SchemaChange): Promise<void> {
    const { before, after } = change;
    const isOther = before !== null && this.#isOther(before);
    if (isOther) {
      this.#checkMove(before, after);
      if (after === null && this.#settingsOf(before).shape.kind !== 'stream') await this.#erase(before);
    }
    const isSweeping = before !== null && (await this.#isSweeping(before));
    await this.#definitions.follow(change, (table) => this.#hashKeys(table));
    this.#plans.clear();
    this.#states.clear();
    if (before !== null) await this.#layouts.forget(before);
    if (before === null || (after !== null && qualifiedName(before) === qualifiedName(after) && !isSweeping)) return;
    // What is known of a name is not true of the next table that has it.
    const label = qualifiedName(before);
    await this.#tableKeys.step((block) => {
      block.add('HDEL', this.#own.tables, label).add('UNLINK', this.#own.vanished(label));
    });
    if (!isSweeping || after === null) return;
    this.#context.log.warn('the definition changed during a snapshot, so rows that vanished stay; take a new one', {
      table: label,
    });
  }

  /** null: its rows are not hashes. */
  #hashKeys(table: Table): KeyTemplate | null {
    if (keyColumnsOf(table).length === 0) return null;
    const { shape, keys } = this.#settingsOf(table);
    return shape.kind === 'hash' ? keys : null;
  }

  /** Whether there is more to be done about a table's definition than hashes can follow by themselves. */
  #isOther(table: Table): boolean {
    if (keyColumnsOf(table).length === 0) return false;
    const { shape, indexes, nests, fieldExpiries } = this.#settingsOf(table);
    if (shape.kind !== 'hash' || indexes.length + nests.length > 0) return true;
    return this.#store.isCluster && fieldExpiries.length > 0;
  }

  /** Members of indexes and of sets are not renamed, nor are strings; nor, in a cluster, hashes whose fields have times to live. */
  #checkMove(before: Table, after: Table | null): void {
    if (after === null) return;
    const was = this.#settingsOf(before);
    const is = this.#settingsOf(after);
    const texts = ({ keys, indexes, shape }: TableSettings): string =>
      [keys, ...indexes, ...(isNested(shape) ? [shape.place.fields] : [])].map(({ text }) => text).join();
    if (texts(was) === texts(is)) return;
    const details = { sink: this.#store.address, table: qualifiedName(before) };
    const alone = this.#store.isCluster ? 'an index or fields that live for a time' : 'an index';
    const reason = `the keys of its rows or indexes would be others, and only hashes without ${alone} are renamed, that hold no other rows`;
    throw new MillraceError('SINK_SCHEMA_REFUSED', { ...details, reason });
  }

  async #isSweeping(table: Table): Promise<boolean> {
    return (await this.#store.home.command('EXISTS', this.#own.vanished(qualifiedName(table)))) === 1;
  }

  /** Forgets the parts of an unfinished transaction. */
  async #discard(): Promise<void> {
    this.#parts = null;
    await this.#transactions.discard();
  }
}

const nowhere: ReadonlyMap<Lane, Position> = new Map();

/**
 * Whether whoever claims the lanes at what was held gets all of `changes` again. Where nothing was held the source begins as at its
 * first start: it reads the rows of a snapshot again, and passes over what a log had that it follows from its end.
 */
const canGoBack = (held: ReadonlyMap<Lane, Position | null>, changes: readonly Change[] = []): boolean =>
  held.values().every((place) => place !== null) ||
  (changes.length > 0 && changes.every((change) => change.kind === 'rows' && change.op === 'read'));

const labelsOf = (changes: readonly Change[]): string =>
  [...new Set(changes.flatMap((change) => (change.kind === 'rows' ? [qualifiedName(change.table)] : [])))].join(', ');
