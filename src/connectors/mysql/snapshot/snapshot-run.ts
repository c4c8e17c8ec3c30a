import type { Lane, Position } from '../../../core/batch.ts';
import type { Change, SchemaChange } from '../../../core/change.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { SnapshotProgress } from '../../../core/operating.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { requireReadable } from '../definitions.ts';
import type { OpenSnapshotRun, SnapshotRequest, SnapshotRun, SnapshotStep, StreamStep } from '../stream-progress.ts';
import { conditionQuery } from './chunk-query.ts';
import { KeylessGate } from './keyless-gate.ts';
import {
  decodeLanePosition,
  encodeLanePosition,
  firstPosition,
  type LanePosition,
  nextPosition,
} from './lane-position.ts';
import { PauseSwitch } from './pause-switch.ts';
import { logEnd } from './read-view.ts';
import { ReadingWorker } from './reading-worker.ts';
import { StreamWatch } from './stream-watch.ts';
import { type ScanPurpose, TableScan } from './table-scan.ts';
import { type WatermarkKind, watermarkKind } from './watermark-kind.ts';

/** Reads what the sinks hold of every table's lane, and begins the scans that are due. */
export const openSnapshotRun: OpenSnapshotRun = async (request) => {
  const watermarkTable = request.config['scan.watermark.table'] ?? null;
  const run = new TableScans(request, watermarkKind(request.config['scan.watermark'], watermarkTable, request.server));
  for (const table of request.tables.values()) {
    const lane = laneOf(request.lanePrefix, table);
    const held = await request.held(lane);
    run.resume(table, held === null ? null : decodeLanePosition(lane, held));
  }
  return run;
};

const laneOf = (prefix: string, table: Table): Lane => `${prefix}:${qualifiedName(table)}`;

/** Failures without a step taken in between, after which a scan gives up. */
const maxFailures = 8;
const maxBackoffMs = 5_000;
/** Server errors that say a table is not (any more) as the statement was made for: ER_BAD_DB, NO_SUCH_TABLE, BAD_FIELD, KEY_DOES_NOT_EXIST, TABLE_DEF_CHANGED. */
const changedTable = new Set([1049, 1146, 1054, 1176, 1412]);

class TableScans implements SnapshotRun {
  readonly #request: SnapshotRequest;
  readonly #kind: WatermarkKind;
  readonly #watermarkTable: string | null;
  readonly #watch: StreamWatch;
  readonly #tables: Map<string, Table>;
  /** Definitions whose rows the stream has brought. */
  readonly #met = new WeakSet<Table>();
  /** Where the lanes of the tables stand that are not being scanned. */
  readonly #lanes = new Map<string, LanePosition>();
  /** Scans with something to read or to take, in the order they were asked for. */
  readonly #scans = new Map<string, TableScan>();
  /** For tables without a key whose scan is over: what it contains, until the stream is past that. */
  readonly #contained = new Map<string, KeylessGate>();
  /** Positions to hand on that are no scan's. */
  readonly #news = new Map<Lane, LanePosition>();
  readonly #waiting: TableScan[] = [];
  readonly #pause = new PauseSwitch();
  readonly #stop = new AbortController();
  readonly #workers = new Set<Promise<void>>();
  #wake = Promise.withResolvers<void>();
  #failure: unknown = null;
  #done = 0;

  constructor(request: SnapshotRequest, kind: WatermarkKind) {
    this.#request = request;
    this.#kind = kind;
    this.#watermarkTable = request.config['scan.watermark.table'] ?? null;
    this.#watch = new StreamWatch(request.start, this.#watermarkTable);
    this.#tables = new Map([...request.tables.values()].map((table) => [qualifiedName(table), table]));
  }

  /** Goes on with what a table's lane says, or begins its first scan. */
  resume(table: Table, held: LanePosition | null): void {
    const { begin, reason } = this.#request;
    const from = firstPosition(held);
    if (begin === 'again') this.#ask(table, from, { reason, where: null });
    else if (from.scan !== null) this.#begin(table, from, null);
    else if (begin === 'unfinished' && !from.settled) this.#begin(table, from, { reason, where: null });
    else this.#rest(qualifiedName(table), from);
  }

  observe(step: StreamStep): readonly Change[] | null {
    for (const scan of this.#scans.values()) if (scan.holds(step)) return null;
    this.#watch.observe(step);
    let changes = step.changes;
    if (this.#watermarkTable !== null) changes = changes.filter((change) => tableOf(change) !== this.#watermarkTable);
    for (const change of changes) {
      if (change.kind === 'schema') this.#follow(change);
      else if (!this.#met.has(change.table)) this.#meet(change.table);
    }
    for (const scan of this.#scans.values()) changes = scan.observe(changes);
    for (const [name, gate] of this.#contained) {
      changes = gate.pass(changes);
      if (this.#watch.reached(gate.place!)) this.#contained.delete(name);
    }
    return changes;
  }

  take(): SnapshotStep | null {
    if (this.#failure !== null) throw this.#failure;
    if (this.#news.size > 0) return this.#takeNews();
    for (const scan of this.#scans.values()) {
      const step = scan.take();
      if (step === null) continue;
      // The next call begins with another table.
      this.#scans.delete(scan.name);
      if (scan.finished) this.#end(scan);
      else this.#scans.set(scan.name, scan);
      return step;
    }
    return null;
  }

  async ready(signal: AbortSignal): Promise<void> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const abort = (): void => resolve();
    signal.addEventListener('abort', abort, { once: true });
    while (!signal.aborted && !this.#hasStep()) await Promise.race([this.#wake.promise, aborted]);
    signal.removeEventListener('abort', abort);
  }

  get finished(): boolean {
    return this.#failure === null && this.#scans.size === 0 && this.#news.size === 0 && this.#contained.size === 0;
  }

  request(ask: {
    readonly tables: readonly string[];
    readonly where?: string;
    readonly reason: string;
  }): ReadonlyMap<Lane, Position> {
    const asked = new Map<Lane, Position>();
    this.#requireKnown(ask.tables);
    for (const name of ask.tables) {
      const running = this.#scans.get(name);
      running?.abandon();
      const from = running?.position ?? this.#lanes.get(name) ?? firstPosition(null);
      const table = this.#tables.get(name)!;
      const due = this.#ask(table, from, { reason: ask.reason, where: ask.where ?? null });
      asked.set(laneOf(this.#request.lanePrefix, table), encodeLanePosition(due));
    }
    return asked;
  }

  async tryCondition(tables: readonly string[], where: string): Promise<void> {
    this.#requireKnown(tables);
    await using connection = await this.#request.connect(this.#stop.signal);
    for (const name of tables) {
      try {
        await connection.query(conditionQuery(this.#tables.get(name)!, where));
      } catch (error) {
        if (!isMillraceError(error, 'MYSQL_SERVER_REFUSED')) throw error;
        const { reason } = error.details;
        throw new MillraceError('SNAPSHOT_CONDITION_REFUSED', { table: name, reason }, { cause: error });
      }
    }
  }

  pause(): void {
    this.#pause.pause();
  }

  unpause(): void {
    this.#pause.resume();
  }

  cancel(tables: readonly string[] = [...this.#scans.keys()]): void {
    for (const name of tables) this.#scans.get(name)?.cancel();
  }

  get progress(): SnapshotProgress {
    return {
      paused: this.#pause.on,
      tablesDone: this.#done,
      tables: [...this.#scans.values()].map((scan) => ({ table: scan.name, ...scan.figures })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const scan of this.#scans.values()) scan.abandon();
    this.#pause.resume();
    await Promise.all(this.#workers);
  }

  #requireKnown(names: readonly string[]): void {
    for (const name of names)
      if (!this.#tables.has(name)) throw new MillraceError('SNAPSHOT_UNKNOWN_TABLE', { table: name });
  }

  /** Begins a scan that nobody would begin after a crash, so the lane says at once that it is due. */
  #ask(table: Table, from: LanePosition, purpose: ScanPurpose): LanePosition {
    const due = { ...purpose, key: [], after: null, upTo: null, chunks: 0, rows: 0 };
    const position = nextPosition(from, { settled: from.settled, scan: due });
    this.#news.set(laneOf(this.#request.lanePrefix, table), position);
    this.#begin(table, position, purpose);
    this.#notify();
    return position;
  }

  #begin(table: Table, from: LanePosition, begin: ScanPurpose | null): void {
    const { config, server, context } = this.#request;
    const scan = new TableScan({
      lane: laneOf(this.#request.lanePrefix, table),
      table,
      from,
      begin,
      kind: this.#kind,
      server,
      watermarkTable: this.#watermarkTable,
      watch: this.#watch,
      clock: context.clock,
      chunkRows: config['scan.incremental.snapshot.chunk.size'],
      chunkBytes: config['scan.snapshot.chunk.max.size'],
      pause: this.#pause,
      pushed: () => this.#notify(),
    });
    this.#lanes.delete(scan.name);
    this.#contained.delete(scan.name);
    this.#scans.set(scan.name, scan);
    this.#waiting.push(scan);
    if (this.#workers.size >= config['scan.snapshot.parallelism']) return;
    const worker = this.#work().finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Reads tables one after the other, until none waits. */
  async #work(): Promise<void> {
    const { connect, server, config } = this.#request;
    // Whoever asked goes on first: it may be asking for more tables, and nothing here may fail before it has the run.
    await Promise.resolve();
    await using worker = new ReadingWorker(connect, server, config.username ?? '');
    for (let scan = this.#waiting.shift(); scan !== undefined; scan = this.#waiting.shift()) {
      await this.#read(scan, worker);
      if (this.#stop.signal.aborted) return;
    }
  }

  /** Reads one table, again and again while what fails may work later. */
  async #read(scan: TableScan, worker: ReadingWorker): Promise<void> {
    const { log, clock } = this.#request.context;
    let failures = 0;
    await this.#untilSinksAgree();
    while (!scan.read && !this.#stop.signal.aborted) {
      const { sequence } = scan.position;
      try {
        await this.#attempt(scan, worker);
      } catch (error) {
        worker.drop();
        failures = scan.position.sequence > sequence ? 1 : failures + 1;
        if (this.#stop.signal.aborted) return;
        const verdict = await this.#verdict(scan, worker, error, failures);
        if (verdict !== null) {
          this.#failure = verdict;
          this.#notify();
          return;
        }
        const waitMs = Math.min(maxBackoffMs, 50 * 2 ** failures);
        const reason = error instanceof Error ? error.message : String(error);
        log.warn('snapshot interrupted, reading on', { table: scan.name, reason, failures, waitMs });
        await clock.sleep(waitMs, this.#stop.signal);
      }
    }
  }

  /**
   * Of several sinks, the stream begins where the last one is, and the others skip what they have. Before they all stand together,
   * a row that was read could be dropped for a change that some sink had before the scan began, and be missed at its end.
   */
  async #untilSinksAgree(): Promise<void> {
    const end = { kind: 'place', ...this.#request.end } as const;
    try {
      while (!this.#watch.reached(end)) await this.#watch.moved(this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  /** One attempt, which ends early when the table changes under it. */
  async #attempt(scan: TableScan, worker: ReadingWorker): Promise<void> {
    const sessions = await worker.sessions(this.#stop.signal);
    // Given up while the connections were made: it would read on for nobody, and nothing else would ever be read.
    if (scan.read) return;
    const run = scan.run(sessions);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    scan.attempt.addEventListener('abort', () => resolve(), { once: true });
    // mysql2 leaves a statement without an answer when its connection is closed, so the attempt may never end by itself.
    run.catch(() => {});
    try {
      await Promise.race([run, ended]);
    } finally {
      if (scan.attempt.aborted) worker.drop();
    }
  }

  /** null: it is worth trying again, after what this has waited for. Else what the snapshot fails with. */
  async #verdict(scan: TableScan, worker: ReadingWorker, error: unknown, failures: number): Promise<unknown> {
    if (!isMillraceError(error)) return error;
    const number = serverErrorNumber(error);
    if (number === null || !changedTable.has(number)) return error.retryable && failures <= maxFailures ? null : error;
    // The statement was made for another version of the table. When the stream has passed the end of the log as it is now, it
    // has told of every version there was.
    if (failures > 2) return await this.#goneOrHidden(scan, worker, error, number);
    try {
      const { control } = await worker.sessions(this.#stop.signal);
      const end = await logEnd(this.#request.server, (sql) => control.query(sql));
      while (!this.#watch.reached(end)) await this.#watch.moved(scan.attempt);
    } catch (cause) {
      if (!scan.attempt.aborted && !isMillraceError(cause)) return cause;
    }
    return null;
  }

  /** A table that the account may not read looks as if it were not there, so that is asked before it is called gone. */
  async #goneOrHidden(
    scan: TableScan,
    worker: ReadingWorker,
    cause: MillraceError,
    number: number,
  ): Promise<MillraceError> {
    try {
      const { control } = await worker.sessions(this.#stop.signal);
      await requireReadable(control, [scan.table]);
    } catch (error) {
      if (isMillraceError(error, 'MYSQL_MISSING_GRANT')) return error;
    }
    return new MillraceError('SNAPSHOT_TABLE_GONE', { table: scan.name, number }, { cause });
  }

  /** Keeps the definitions for scans to come. */
  #follow({ before, after, statement }: SchemaChange): void {
    if (before !== null) this.#tables.delete(qualifiedName(before));
    if (after === null) return;
    this.#tables.set(qualifiedName(after), after);
    if (before === null && !/^\s*(rename|alter)\b/i.test(statement)) this.#settle(after);
  }

  /**
   * The stream brings rows of a table that nobody knew and no statement made: the account may not have been allowed to see it, or
   * what made it could not be read. Either way it may hold rows that the stream never brought, so it is read.
   */
  #meet(table: Table): void {
    this.#met.add(table);
    const name = qualifiedName(table);
    if (this.#tables.has(name) || name === this.#watermarkTable) return;
    this.#tables.set(name, table);
    if (this.#scans.has(name) || this.#request.begin === 'asked') return;
    const from = this.#lanes.get(name) ?? firstPosition(null);
    if (!from.settled) this.#ask(table, from, { reason: 'it was not known when reading began', where: null });
  }

  /** All rows of a table that was born in the stream are in it, so it needs no snapshot, not after a restart either. */
  #settle(table: Table): void {
    const name = qualifiedName(table);
    if (this.#scans.has(name) || this.#request.begin === 'asked') return;
    const position = nextPosition(this.#lanes.get(name) ?? firstPosition(null), { settled: true, scan: null });
    this.#lanes.set(name, position);
    this.#news.set(laneOf(this.#request.lanePrefix, table), position);
    this.#notify();
  }

  #takeNews(): SnapshotStep {
    const positions = new Map([...this.#news].map(([lane, position]) => [lane, encodeLanePosition(position)]));
    this.#news.clear();
    return { changes: [], positions };
  }

  #end(scan: TableScan): void {
    const { rows, chunks } = scan.figures;
    this.#rest(scan.name, scan.position);
    this.#done += 1;
    this.#request.context.log.info('snapshot of a table ended', { table: scan.name, rows, chunks });
  }

  /** A lane on which nothing is under way. */
  #rest(name: string, position: LanePosition): void {
    this.#lanes.set(name, position);
    const { contains } = position;
    if (contains === null || contains.server !== this.#request.server.identity) return;
    const place = { kind: 'place', file: contains.file, offset: contains.offset } as const;
    if (!this.#watch.reached(place)) this.#contained.set(name, KeylessGate.after(name, place));
  }

  #hasStep(): boolean {
    return this.#failure !== null || this.#news.size > 0 || this.#scans.values().some((scan) => scan.ready);
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    wake.resolve();
  }
}

const tableOf = (change: Change): string | null => (change.kind === 'schema' ? null : qualifiedName(change.table));

const serverErrorNumber = (error: MillraceError): number | null =>
  isMillraceError(error, 'MYSQL_SERVER_REFUSED') || isMillraceError(error, 'SNAPSHOT_TABLE_GONE')
    ? error.details.number
    : null;
