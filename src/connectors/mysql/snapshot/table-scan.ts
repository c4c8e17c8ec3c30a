import type { Lane } from '../../../core/batch.ts';
import type { Change, SchemaChange } from '../../../core/change.ts';
import type { Clock } from '../../../core/clock.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { SnapshotProgress } from '../../../core/operating.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { selectExpression } from '../../../protocol/mysql/values/select-list.ts';
import { TextRowReader } from '../../../protocol/mysql/values/text-rows.ts';
import type { ServerFacts } from '../server-facts.ts';
import type { SnapshotStep, StreamStep } from '../stream-progress.ts';
import { ChangeWindow } from './change-window.ts';
import { type ChunkKey, chooseChunkKey } from './chunk-key.ts';
import { chunkQuery, type KeyPoint, lastKeyQuery, wholeTableQuery } from './chunk-query.ts';
import { ChunkSize } from './chunk-size.ts';
import { HeldSteps } from './held-steps.ts';
import { KeylessGate } from './keyless-gate.ts';
import { encodeLanePosition, type LanePosition, type LaneStep, nextPosition, type ScanPlace } from './lane-position.ts';
import type { PauseSwitch } from './pause-switch.ts';
import { openLockedView, openReadView, type ReadView, type ViewContext } from './read-view.ts';
import type { Sessions } from './reading-worker.ts';
import { type RowPiece, readPieces } from './row-pieces.ts';
import type { KeyValue } from './sql-literal.ts';
import type { LogMark, StreamWatch } from './stream-watch.ts';
import { readTableFacts, type TableFacts } from './table-facts.ts';
import { exactKind, type WatermarkKind } from './watermark-kind.ts';

/** What a scan is for. */
export interface ScanPurpose {
  readonly reason: string;
  /** Only rows that satisfy this condition; null: all. */
  readonly where: string | null;
}

export interface ScanOptions {
  readonly lane: Lane;
  readonly table: Table;
  /** Where the lane stands. */
  readonly from: LanePosition;
  /** null: go on with the scan that `from` holds. */
  readonly begin: ScanPurpose | null;
  readonly kind: WatermarkKind;
  readonly server: ServerFacts;
  readonly watermarkTable: string | null;
  readonly watch: StreamWatch;
  readonly clock: Clock;
  readonly chunkRows: number;
  readonly chunkBytes: number;
  readonly pause: PauseSwitch;
  /** Called when `take` may have something to give. */
  readonly pushed: () => void;
}

/** Steps read ahead of what the sink took: one is being taken while the next is ready. */
const maxHeldSteps = 2;
/** A view keeps old row versions alive and makes an ALTER TABLE wait, so none is used longer than this. */
const maxViewMs = 2_000;
/** When the sink takes this long, the view is given back meanwhile. */
const maxIdleViewMs = 100;
/** Changed keys that are remembered for one view: about 10 MB. */
const maxChangedKeys = 100_000;
/** ER_NO_SUCH_TABLE */
const noSuchTable = 1146;

/** One attempt to read the table. */
interface Reading {
  readonly table: Table;
  readonly rows: TextRowReader;
  readonly expressions: readonly string[];
  readonly facts: TableFacts;
  readonly sessions: Sessions;
  readonly signal: AbortSignal;
}

/** A read view, and the changes seen since before it was opened; kept until every step made of it has left. */
interface View {
  readonly window: ChangeWindow;
  readonly openedAt: number;
  /** null: being opened, or closed. */
  read: ReadView | null;
  end: LogMark | null;
  held: number;
}

/** The snapshot of one table: reads it chunk by chunk, and says of each chunk when it may leave and with which rows. */
export class TableScan {
  /** `database.table` */
  readonly name: string;
  readonly #options: ScanOptions;
  readonly #held: HeldSteps;
  readonly #gate: KeylessGate;
  readonly #size: ChunkSize;
  readonly #views = new Set<View>();
  #table: Table;
  /** The position that the last step taken carried. */
  #taken: LanePosition;
  /** The position of the last step read. */
  #read: LanePosition;
  #purpose: ScanPurpose | null;
  #attempt = new AbortController();
  #estimatedRows: number | null = null;
  /** When this process began to read, and how many rows had been read by then. */
  #firstRead: { readonly atMs: number; readonly rows: number } | null = null;
  #progress: Pick<ScanPlace, 'rows' | 'chunks'>;
  #reading = true;

  constructor(options: ScanOptions) {
    this.name = qualifiedName(options.table);
    this.#options = options;
    this.#table = options.table;
    this.#taken = options.from;
    this.#read = options.from;
    this.#purpose = options.begin;
    this.#progress = options.from.scan ?? { rows: 0, chunks: 0 };
    this.#held = new HeldSteps({ maxSteps: maxHeldSteps, pushed: options.pushed });
    this.#gate = new KeylessGate(this.name);
    this.#size = new ChunkSize(options.chunkRows, options.chunkBytes);
  }

  /** Nothing is left to read; steps may be left to take. */
  get read(): boolean {
    return !this.#reading;
  }

  get finished(): boolean {
    return !this.#reading && this.#held.empty;
  }

  get table(): Table {
    return this.#table;
  }

  /** Where the lane stands, as far as steps were taken. */
  get position(): LanePosition {
    return this.#taken;
  }

  /** What was read in this scan, and how long the rest takes at the rate so far, by the server's estimate of the rows. */
  get figures(): Omit<SnapshotProgress['tables'][number], 'table'> {
    const { rows, chunks } = this.#progress;
    const estimatedRows = this.#estimatedRows;
    const rate =
      this.#firstRead === null
        ? 0
        : (rows - this.#firstRead.rows) / (this.#options.clock.monotonic() - this.#firstRead.atMs);
    const known = estimatedRows !== null && rate > 0;
    return {
      rows,
      chunks,
      estimatedRows,
      etaMs: known ? Math.max(0, Math.round((estimatedRows - rows) / rate)) : null,
    };
  }

  /** Aborts when the attempt under way is void, because the table changed under it or the scan was given up. */
  get attempt(): AbortSignal {
    return this.#attempt.signal;
  }

  /** The first step may leave now. */
  get ready(): boolean {
    return this.#held.ready((mark) => this.#options.watch.reached(mark));
  }

  holds(step: StreamStep): boolean {
    return this.#gate.holds(step, this.#options.watch.open);
  }

  /** Takes note of the stream's changes, and gives back those that are to leave. */
  observe(changes: readonly Change[]): readonly Change[] {
    for (const change of changes) {
      for (const view of this.#views) view.window.observe(change);
      if (change.kind === 'schema') this.#follow(change);
    }
    return this.#gate.pass(changes);
  }

  take(): SnapshotStep | null {
    return this.#held.take((mark) => this.#options.watch.reached(mark))?.build() ?? null;
  }

  /** Gives the scan up in favour of another one of the same table. */
  abandon(): void {
    this.#attempt.abort();
    this.#forget();
    this.#reading = false;
  }

  /** Gives the scan up where it stands. Its last step says so to the lane, so that it does not go on after a restart. */
  cancel(): void {
    this.#giveUp({ settled: true, scan: null });
  }

  /**
   * Reads the table from where its lane stands to its end, and resolves when every step was taken. After a rejection it may be
   * called again.
   */
  async run(sessions: Sessions): Promise<void> {
    this.#attempt = new AbortController();
    this.#forget();
    const table = this.#table;
    const facts = await readTableFacts(sessions.control, this.#options.server.version, table.database, table.name);
    if (facts === null) throw new MillraceError('SNAPSHOT_TABLE_GONE', { table: this.name, number: noSuchTable });
    this.#estimatedRows = facts.estimatedRows;
    this.#firstRead ??= { atMs: this.#options.clock.monotonic(), rows: this.#progress.rows };
    const reading: Reading = {
      table,
      rows: new TextRowReader(table),
      expressions: table.columns.map(selectExpression),
      facts,
      sessions,
      signal: this.#attempt.signal,
    };
    const key = chooseChunkKey(table, facts.uniqueIndexes);
    if (key === null) await this.#readWhole(reading);
    else await this.#readChunks(reading, key);
    await this.#held.drained();
    reading.signal.throwIfAborted();
  }

  async #readChunks(reading: Reading, key: ChunkKey): Promise<void> {
    const { table, signal } = reading;
    const { pause, clock } = this.#options;
    const names = key.parts.map((part) => table.columns[part.column]!.name);
    if (this.#purpose !== null || this.#taken.scan?.key.join() !== names.join()) await this.#begin(reading, names);
    for (let view: View | null = null; ; ) {
      if (view !== null && this.#held.full)
        await Promise.race([this.#held.space(), clock.sleep(maxIdleViewMs, signal)]);
      if (view !== null && (this.#held.full || pause.on || this.#isSpent(view, reading))) {
        await this.#close(view);
        view = null;
      }
      await this.#held.space();
      await pause.ended;
      view ??= await this.#openView(reading, key);
      const scan = this.#read.scan!;
      const upTo: KeyPoint | null = scan.upTo ?? (await lastKey(reading, key));
      if (upTo === null) this.#pushRows(reading, view, [], scan, true);
      else if (!(await this.#readChunk(reading, key, view, { ...scan, upTo }))) continue;
      await this.#close(view);
      return;
    }
  }

  /** Reads one chunk and pushes its rows. Answers whether it was the last one. */
  async #readChunk(
    reading: Reading,
    key: ChunkKey,
    view: View,
    from: ScanPlace & { readonly upTo: KeyPoint },
  ): Promise<boolean> {
    const { table, sessions } = reading;
    const limit = this.#size.rows;
    const sql = chunkQuery(table, key, from, limit, reading.expressions);
    let scan: ScanPlace = { ...from, chunks: from.chunks + 1 };
    let chunkRows = 0;
    let chunkBytes = 0;
    for await (const piece of readPieces(sessions.reader, reading.rows, sql, this.#options.chunkBytes)) {
      // Rows wider than the last ones were leave in several pieces, and the socket waits meanwhile.
      await this.#held.space();
      chunkRows += piece.rows;
      chunkBytes += piece.bytes;
      scan = { ...scan, after: lastKeyOf(piece, key) ?? scan.after, rows: scan.rows + piece.rows };
      this.#pushRows(reading, view, piece.images, scan, piece.last && chunkRows < limit);
    }
    this.#size.record(chunkRows, chunkBytes);
    return chunkRows < limit;
  }

  /** A table without a usable key: one statement in one view, at one exact place of the log; from the start again after a crash. */
  async #readWhole(reading: Reading): Promise<void> {
    const { table, facts, sessions, expressions } = reading;
    const { watch, server } = this.#options;
    const where = (this.#purpose ?? this.#taken.scan)?.where ?? null;
    while (watch.open) await watch.moved(reading.signal);
    this.#gate.close();
    await this.#begin(reading, []);
    const context = this.#viewContext(sessions);
    const read = facts.transactional
      ? await openReadView(exactKind(server), table, context)
      : await openLockedView(table, context);
    this.#gate.settle(read.end);
    const sql = wholeTableQuery(table, where, expressions);
    for await (const piece of readPieces(sessions.reader, reading.rows, sql, this.#options.chunkBytes)) {
      await this.#held.space();
      const scan = this.#read.scan!;
      this.#pushRows(reading, null, piece.images, { ...scan, rows: scan.rows + piece.rows }, piece.last);
    }
    await read.close();
  }

  /**
   * Starts the scan with its mark. Resolves when that has left: rows that the stream changes before the mark would be swept at the
   * end, so no chunk may count on them.
   */
  async #begin(reading: Reading, key: readonly string[]): Promise<void> {
    const { reason, where } = this.#purpose ?? this.#taken.scan ?? { reason: 'initial', where: null };
    const scan: ScanPlace = { reason, where, key, after: null, upTo: null, chunks: 0, rows: 0 };
    this.#push(reading, null, { settled: this.#read.settled, scan }, () => this.#marks(reading.table, scan, 'begin'));
    await this.#held.drained();
    reading.signal.throwIfAborted();
    this.#purpose = null;
  }

  async #openView({ table, facts, sessions, signal }: Reading, key: ChunkKey): Promise<View> {
    const { kind, watch, clock } = this.#options;
    // The early parts of a transaction that the stream stands inside left before the window, and may not be visible yet.
    while (watch.open) await watch.moved(signal);
    const columns = key.parts.map((part) => part.column);
    const view: View = {
      window: new ChangeWindow(table, columns),
      openedAt: clock.monotonic(),
      read: null,
      end: null,
      held: 0,
    };
    this.#views.add(view);
    const context = this.#viewContext(sessions);
    view.read = facts.transactional ? await openReadView(kind, table, context) : await openLockedView(table, context);
    view.end = view.read.end;
    signal.throwIfAborted();
    return view;
  }

  #isSpent(view: View, { facts }: Reading): boolean {
    const age = this.#options.clock.monotonic() - view.openedAt;
    return !facts.transactional || age > maxViewMs || view.window.size > maxChangedKeys;
  }

  async #close(view: View): Promise<void> {
    const { read } = view;
    view.read = null;
    this.#drop(view);
    await read?.close();
  }

  /** Forgets a view that is closed and whose last step has left. */
  #drop(view: View): void {
    if (view.read !== null || view.held > 0) return;
    this.#views.delete(view);
    if (view.end !== null) this.#options.watch.forget(view.end);
  }

  /** `scan` is where the scan stands with these rows. `view` null: they may leave at once, and all of them. */
  #pushRows(reading: Reading, view: View | null, images: readonly RowImages[], scan: ScanPlace, ended: boolean): void {
    const settled = this.#read.settled || (ended && scan.where === null);
    if (view !== null) view.held += 1;
    const { place } = this.#gate;
    const contains =
      ended && place !== null
        ? { server: this.#options.server.identity, file: place.file, offset: place.offset }
        : null;
    this.#push(reading, view?.end ?? null, { settled, scan: ended ? null : scan, contains }, () => {
      this.#progress = scan;
      const kept = images.flatMap((rows) => (view === null ? rows : (view.window.unchanged(rows) ?? [])));
      if (view !== null) {
        view.held -= 1;
        this.#drop(view);
      }
      if (ended) {
        this.#reading = false;
        this.#gate.open();
      }
      return [
        ...kept.map((rows) => this.#rowsChange(reading.table, rows)),
        ...(ended ? this.#marks(reading.table, scan, 'end') : []),
      ];
    });
  }

  #push(reading: Pick<Reading, 'signal'>, after: LogMark | null, to: LaneStep, changes: () => readonly Change[]): void {
    // An attempt that is void may still be ending.
    reading.signal.throwIfAborted();
    const position = nextPosition(this.#read, to);
    this.#read = position;
    this.#held.push({
      after,
      build: () => {
        this.#taken = position;
        return { changes: changes(), positions: new Map([[this.#options.lane, encodeLanePosition(position)]]) };
      },
    });
  }

  /** A snapshot of some rows has no marks: a sink would sweep all others. */
  #marks(table: Table, scan: ScanPlace, at: 'begin' | 'end'): readonly Change[] {
    return scan.where === null ? [{ kind: 'snapshot', at, table, reason: scan.reason }] : [];
  }

  #rowsChange(table: Table, rows: RowImages): Change {
    const { server, watch, clock } = this.#options;
    const { file, offset } = watch.place;
    return {
      kind: 'rows',
      op: 'read',
      table,
      rows,
      origin: {
        kind: 'mysql',
        flavor: server.flavor,
        serverId: server.serverId,
        gtid: null,
        file,
        offset,
        commitMicros: Math.floor(clock.now() * 1_000),
        thread: null,
        query: null,
      },
    };
  }

  #follow({ before, after }: SchemaChange): void {
    const wasThis = before !== null && qualifiedName(before) === this.name;
    const isThis = after !== null && qualifiedName(after) === this.name;
    if (!wasThis && !isThis) return;
    if (!isThis) {
      this.#giveUp({ settled: false, scan: null });
      return;
    }
    // Made anew, or another table renamed to this name: none of what was read counts. After an ALTER the chunks go on.
    if (!wasThis) this.#purpose ??= this.#taken.scan ?? null;
    this.#table = after;
    this.#forget();
    this.#attempt.abort();
  }

  #giveUp(to: LaneStep): void {
    this.abandon();
    const { signal } = new AbortController();
    this.#push({ signal }, null, to, () => []);
  }

  /** Drops what was read and not taken. */
  #forget(): void {
    this.#held.clear();
    for (const view of this.#views) if (view.end !== null) this.#options.watch.forget(view.end);
    this.#views.clear();
    this.#gate.lift();
    this.#read = this.#taken;
  }

  #viewContext(sessions: Sessions): ViewContext {
    return { ...sessions, ...this.#options };
  }
}

/** The key of the table's last row as it is now; null: there is no row. */
const lastKey = async ({ table, rows, expressions, sessions }: Reading, key: ChunkKey): Promise<KeyPoint | null> => {
  const sql = lastKeyQuery(table, key, expressions);
  let point: KeyPoint | null = null;
  for await (const piece of readPieces(sessions.reader, rows, sql, Number.POSITIVE_INFINITY)) {
    point = lastKeyOf(piece, key);
  }
  return point;
};

/** The key of a piece's last row; null: it has none. */
const lastKeyOf = ({ images }: RowPiece, key: ChunkKey): KeyPoint | null => {
  const rows = images.at(-1);
  if (rows === undefined) return null;
  const row = rows.after(rows.length - 1)!;
  return key.parts.map((part) => row[part.column] as KeyValue);
};
