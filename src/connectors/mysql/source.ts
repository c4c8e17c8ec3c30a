import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Source } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { HeldPosition, LogFigures, LogPlace } from '../../core/operating.ts';
import type { Table } from '../../core/table.ts';
import { type Dial, dialTcp } from '../../net/dial.ts';
import type { Schema } from '../../protocol/mysql/ddl/schema.ts';
import { type BinlogPosition, decodeBinlogPosition, encodeBinlogPosition } from './binlog-position.ts';
import type { MysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';
import {
  capturedTables,
  namedTables,
  readCollations,
  readDefinition,
  readDefinitions,
  requireReadable,
} from './definitions.ts';
import { type DumpStart, openDump } from './dump.ts';
import { bytesBehind, EndWatch, transactionsBehind } from './end-watch.ts';
import { ForeignRows } from './foreign-rows.ts';
import { lanesOf, type MysqlLanes } from './lanes.ts';
import { type PlaceSearch, placeAt, placeBefore } from './locate-place.ts';
import type { LogFeed } from './log-feed.ts';
import { OwnedColumns } from './owned-columns.ts';
import { logCovers, logHolds } from './position-order.ts';
import { ReadLoop } from './read-loop.ts';
import { chooseIdentity, type ReplicaIdentity } from './replica-identity.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { decodeLanePosition, encodeLanePosition, firstPosition, nextPosition } from './snapshot/lane-position.ts';
import {
  logIsLost,
  readLogFiles,
  requireFilePlace,
  requireUsableLog,
  resumeFrom,
  type StartPlace,
  skipBefore,
  startAtConfigured,
  startAtEnd,
  startAtFile,
  startAtGtids,
} from './startup.ts';
import type { OpenSnapshotRun, SnapshotRequest, SnapshotRun } from './stream-progress.ts';
import { decodeSchema, encodeSchema, TableCatalogue, withoutTables } from './table-catalogue.ts';
import { selectsTable } from './table-selection.ts';
import { findFileAt } from './time-search.ts';
import { TransactionReader } from './transaction-reader.ts';

export interface MysqlSourceOptions {
  readonly config: MysqlConfig;
  readonly context: Context;
  readonly openSnapshots: OpenSnapshotRun;
  /** How connections are made; TCP unless a test says otherwise. */
  readonly dial?: Dial;
  /** Stands for the process where a test runs one pipeline twice. */
  readonly process?: string;
}

/** The server is asked for a sign of life at least this often, so that a dead connection is noticed. */
const longestSilenceMs = 10_000;

/** Reads one server: its log, and beside it the snapshots of its tables. */
export class MysqlSource implements Source {
  readonly #config: MysqlConfig;
  readonly #context: Context;
  readonly #openSnapshots: OpenSnapshotRun;
  readonly #dial: Dial;
  readonly #process: string | undefined;
  readonly #captures: (database: string, table: string) => boolean;
  readonly #lanes: MysqlLanes;
  /** Null: no table is of the other side. */
  readonly #foreign: ForeignRows | null;
  /** Null: no column of a table is, either. */
  readonly #owned: OwnedColumns | null;
  #snapshots: SnapshotRun | null = null;
  /** Null: nothing is being read. */
  #end: EndWatch | null = null;
  /** As of the last connection. */
  #server: ServerFacts | null = null;

  constructor(options: MysqlSourceOptions) {
    const { config } = options;
    this.#config = config;
    this.#context = options.context;
    this.#openSnapshots = options.openSnapshots;
    this.#dial = options.dial ?? dialTcp;
    this.#process = options.process;
    this.#captures = selectsTable(config);
    this.#lanes = lanesOf(config.name);
    const { pipeline, log, clock } = options.context;
    const owned = config['owned.elsewhere'];
    this.#foreign = owned === undefined ? null : new ForeignRows({ tables: owned.tables, pipeline, log, clock });
    this.#owned = owned?.groups.length ? new OwnedColumns(owned.groups, this.#foreign!) : null;
  }

  /** What is being snapshotted, and the way to ask for more; null: nothing is being read. */
  get snapshots(): SnapshotRun | null {
    return this.#snapshots;
  }

  covers(held: Position, at: Position): boolean {
    return logCovers(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return logHolds(held, change);
  }

  beginsAnew(lane: Lane): boolean {
    return lane.startsWith(`${this.#lanes.snapshotPrefix}:`);
  }

  snapshotting(): readonly string[] | null {
    return this.#snapshots?.progress.tables.map(({ table }) => table) ?? null;
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const position = held.get(this.#lanes.log);
    const server = this.#server;
    const place = position === undefined ? null : decodeBinlogPosition(position);
    const end = this.#end?.look() ?? null;
    return [
      {
        source: this.#config.name,
        server: server?.address ?? null,
        file: place?.file || null,
        offset: place?.file ? place.offset : null,
        gtids: place?.gtids ?? null,
        bytesBehind: end === null || !place?.file ? null : bytesBehind(end, place),
        transactionsBehind: end === null ? null : transactionsBehind(end, place?.gtids ?? null),
        ...(this.#foreign === null ? {} : { conflicts: this.#foreign.total }),
        clockSkewMs: end?.clockSkewMs ?? null,
        retentionSeconds: server?.retentionSeconds || null,
      },
    ];
  }

  async locate(place: LogPlace, held: HeldPosition): Promise<ReadonlyMap<Lane, Position>> {
    const heldLog = await held(this.#lanes.log);
    if (place.at === 'held') return new Map(heldLog === null ? [] : [[this.#lanes.log, heldLog]]);
    const { signal } = new AbortController();
    await using connection = await this.#connect(signal);
    const server = await readServerFacts(connection);
    this.#server = server;
    requireUsableLog(server);
    const captures = this.#captures;
    const now = await readDefinitions(connection, server, captures);
    const wanted = place.at === 'configured' ? configuredPlace(this.#config) : place;
    const found = await this.#positionOf(wanted, server, connection, now.end, signal);
    // A later write of the same lane must count as later, wherever in the log it stands.
    const epoch = heldLog === null ? 0 : decodeBinlogPosition(heldLog).epoch + 1;
    const log = encodeBinlogPosition({ ...found, epoch });
    const schema = wanted.at === 'latest' ? now.schema : withoutTables(now.schema);
    const positions = new Map([
      [this.#lanes.log, log],
      [this.#lanes.schema, encodeSchema(schema, log)],
    ]);
    const mode = this.#config['scan.startup.mode'];
    if (place.at !== 'configured' || (mode !== 'initial' && mode !== 'snapshot')) return positions;
    for (const { database, name } of await capturedTables(connection, captures)) {
      const lane = `${this.#lanes.snapshotPrefix}:${database}.${name}`;
      const before = await held(lane);
      const from = firstPosition(before === null ? null : decodeLanePosition(lane, before));
      positions.set(lane, encodeLanePosition(nextPosition(from, { settled: false, scan: null })));
    }
    return positions;
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const attempt = new AbortController();
    const stop = AbortSignal.any([signal, attempt.signal]);
    try {
      for (let lost: MillraceError | null = null; ; ) {
        const plan = await this.#plan(held, stop, lost);
        await using snapshots = await this.#openSnapshots({ ...plan.snapshot, signal: stop });
        this.#snapshots = snapshots;
        await using end = new EndWatch(
          (ends) => this.#connect(AbortSignal.any([stop, ends])),
          plan.server,
          this.#context.clock,
        );
        this.#end = end;
        try {
          const batches = this.#follow(plan, snapshots, stop);
          yield* this.#owned?.over(batches) ?? batches;
          return;
        } catch (error) {
          if (lost !== null || !logIsLost(error) || this.#config['scan.lost-log'] === 'fail') throw error;
          lost = error;
        }
      }
    } catch (error) {
      // What breaks because it was told to stop is no failure.
      if (!signal.aborted) throw error;
    } finally {
      this.#snapshots = null;
      this.#end = null;
      attempt.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#snapshots?.[Symbol.asyncDispose]();
  }

  /** Looks at what the sinks hold and what the server has, and decides where to begin. `known`: why the log is lost, if that came out. */
  async #plan(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    known: MillraceError | null,
  ): Promise<Plan> {
    const config = this.#config;
    const heldLog = await held(this.#lanes.log);
    const heldSchema = await held(this.#lanes.schema);
    await using connection = await this.#connect(signal);
    const server = await readServerFacts(connection);
    this.#server = server;
    requireUsableLog(server);
    const identity = await chooseIdentity(connection, config, this.#context.pipeline, this.#process);
    const collations = await readCollations(connection, server);
    const captures = this.#captures;
    await requireReadable(connection, namedTables(config.tables));
    const now = await readDefinitions(connection, server, captures);
    if (![...now.schema.databases.values()].some(({ tables }) => tables.size > 0)) {
      this.#context.log.warn('no table matches yet', { tables: config.tables.join(', ') });
    }
    const mode = config['scan.startup.mode'];
    const snapshotsBegin = mode === 'initial' || mode === 'snapshot';

    let start: StartPlace;
    /** Exact for reading from the log's end; when reading begins before it, only what was there at that time can be exact. */
    let schema =
      mode === 'initial' || mode === 'snapshot' || mode === 'latest-offset' ? now.schema : withoutTables(now.schema);
    let begin: SnapshotRequest['begin'] = snapshotsBegin ? 'unfinished' : 'asked';
    let reason = 'initial';
    let lost = false;
    if (heldLog !== null) {
      try {
        if (known !== null) throw known;
        const position = decodeBinlogPosition(heldLog);
        start = await resumeFrom(position, server, connection);
        if (position.server !== server.identity) {
          this.#context.log.info('another server took over; going on by GTID', {
            address: server.address,
            server: server.identity,
          });
        }
        if (heldSchema !== null) schema = decodeSchema(heldSchema);
        else {
          lost = true;
          schema = withoutTables(now.schema);
          if (server.rowMetadata !== 'FULL') {
            const at = position.file === '' ? (position.gtids ?? '') : `${position.file}:${position.offset}`;
            throw new MillraceError('MYSQL_DEFINITIONS_LOST', { address: server.address, at });
          }
          this.#context.log.warn('the definitions held with the position are lost; the log must name its columns', {
            at: `${position.file}:${position.offset}`,
          });
        }
      } catch (error) {
        if (!logIsLost(error) || config['scan.lost-log'] === 'fail') throw error;
        this.#context.log.warn('the log was lost; all tables are read again', {
          code: error.code,
          reason: error.message,
        });
        start = startAtEnd(server, now.end);
        schema = now.schema;
        lost = false;
        const { epoch } = decodeBinlogPosition(heldLog);
        start = { ...start, position: { ...start.position, epoch: epoch + 1 } };
        begin = 'again';
        reason = error.code;
      }
    } else {
      start = await this.#firstPlace(server, identity, connection, now.end, signal);
    }
    const catalogue = new TableCatalogue({
      captures,
      watermarkTable: config['scan.watermark.table'] ?? null,
      collations,
      schema,
      assumed: schema === now.schema ? null : now.schema,
      lost: lost ? { address: server.address } : null,
      log: this.#context.log,
    });
    this.#owned?.check([...catalogue.captured().values(), ...tablesOf(now.schema)]);
    const { position, gtids } = start;
    return {
      server,
      identity,
      start,
      catalogue,
      snapshot: {
        config,
        context: this.#context,
        server,
        lanePrefix: this.#lanes.snapshotPrefix,
        held,
        begin,
        reason,
        tables: catalogue.captured(),
        start: { file: position.file, offset: position.offset, gtids },
        end: now.end,
        connect: (signal) => this.#connect(signal),
      },
    };
  }

  async #firstPlace(
    server: ServerFacts,
    identity: ReplicaIdentity,
    connection: MysqlConnection,
    end: Parameters<typeof startAtEnd>[1],
    signal: AbortSignal,
  ): Promise<StartPlace> {
    const config = this.#config;
    switch (config['scan.startup.mode']) {
      case 'initial':
      case 'snapshot':
      case 'latest-offset':
        return startAtEnd(server, end);
      case 'specific-offset':
        return await startAtConfigured(config, server, connection);
      case 'earliest-offset': {
        const [oldest] = await readLogFiles(connection);
        return startAtFile(server, oldest?.name ?? end.file);
      }
      case 'timestamp': {
        const millis = config['scan.startup.timestamp-millis'] ?? 0;
        const files = (await readLogFiles(connection)).map(({ name }) => name);
        const file = await findFileAt(files, Math.floor(millis / 1_000), async (name) => {
          const start: StartPlace['dump'] = { by: 'file', file: name, offset: 4 };
          return await this.#openDump(server, identity, start, true, signal);
        });
        return { ...startAtFile(server, file ?? end.file), skip: skipBefore(millis) };
      }
    }
  }

  /** Where reading must begin so that `place` is next. Throws when the server does not have it. */
  async #positionOf(
    place: Exclude<LogPlace, { readonly at: 'held' | 'configured' }>,
    server: ServerFacts,
    connection: MysqlConnection,
    end: Parameters<typeof startAtEnd>[1],
    signal: AbortSignal,
  ): Promise<BinlogPosition> {
    if (place.at === 'latest') return startAtEnd(server, end).position;
    if (place.at === 'gtid') return (await startAtGtids(place.gtids, server, connection)).position;
    const identity = await chooseIdentity(connection, this.#config, this.#context.pipeline);
    const dump = (start: DumpStart): Promise<LogFeed> => this.#openDump(server, identity, start, true, signal);
    const search = async (file: string): Promise<PlaceSearch> => {
      const start = startAtFile(server, file);
      return { server, start, feed: await dump(start.dump), log: this.#context.log };
    };
    const files = await readLogFiles(connection);
    switch (place.at) {
      case 'earliest':
        return await placeBefore(await search(files[0]?.name ?? end.file), () => true);
      case 'timestamp': {
        const second = Math.floor(place.millis / 1_000);
        const names = files.map(({ name }) => name);
        const file = await findFileAt(names, second, (name) => dump({ by: 'file', file: name, offset: 4 }));
        return await placeBefore(await search(file ?? end.file), (group) => group.timestamp >= second);
      }
      case 'file':
        requireFilePlace(files, place.file, place.offset);
        return await placeAt(await search(place.file), place.file, place.offset);
    }
  }

  async *#follow(plan: Plan, snapshots: SnapshotRun, signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    const { server, identity, catalogue } = plan;
    const untilSnapshotsEnd = this.#config['scan.startup.mode'] === 'snapshot';
    const repaired = new Set<string>();
    let { start } = plan;
    for (;;) {
      const feed = await this.#openDump(server, identity, start.dump, false, signal);
      // What was under way when reading broke is read again.
      this.#foreign?.forget();
      const reader = new TransactionReader({
        start: start.position,
        gtids: start.gtids,
        flavor: server.flavor,
        address: server.address,
        hasGtids: server.hasGtids,
        catalogue,
        partBytes: this.#config['scan.transaction.max.size'],
        skipOwnWrites: this.#config['skip.own.writes'],
        foreign: this.#foreign,
        skip: start.skip,
      });
      const loop = new ReadLoop({
        feed,
        reader,
        catalogue,
        snapshots,
        lanes: this.#lanes,
        clock: this.#context.clock,
        heartbeatMs: this.#config['heartbeat.interval'],
        untilSnapshotsEnd,
      });
      try {
        yield* loop.run(signal);
        if (signal.aborted || untilSnapshotsEnd) return;
        throw new MillraceError('NET_CLOSED', { address: server.address });
      } catch (error) {
        if (!isMillraceError(error, 'MYSQL_SCHEMA_UNKNOWN')) throw error;
        // The log tells neither names nor a statement that could be followed: ask the server, once for each place.
        const { table, file, offset } = error.details;
        const place = `${table} ${file}:${offset}`;
        if (repaired.has(place)) throw error;
        repaired.add(place);
        await using connection = await this.#connect(signal);
        const [database, name] = splitName(table);
        const followed = await readDefinition(connection, server, catalogue.schema, database, name);
        if (followed === null) throw error;
        catalogue.define(followed);
        this.#context.log.info('took a definition from the server, as the log tells none', { table, file, offset });
        yield* loop.finishWhole(signal);
        start = await resumeFrom(loop.position, server, connection);
      } finally {
        feed.close();
      }
    }
  }

  async #openDump(
    server: ServerFacts,
    identity: ReplicaIdentity,
    start: DumpStart,
    once: boolean,
    signal: AbortSignal,
  ): Promise<LogFeed> {
    const connection = await this.#connect(signal);
    const heartbeatMs = Math.min(this.#config['heartbeat.interval'], longestSilenceMs);
    const user = this.#config.username ?? '';
    let feed: LogFeed;
    try {
      feed = await openDump({ connection, server, identity, start, once, heartbeatMs, user });
    } catch (error) {
      connection.close();
      throw error;
    }
    if (signal.aborted) feed.close();
    else signal.addEventListener('abort', () => feed.close(), { once: true });
    return feed;
  }

  #connect(signal: AbortSignal): Promise<MysqlConnection> {
    return MysqlConnection.open({ config: this.#config, dial: this.#dial, clock: this.#context.clock, signal });
  }
}

/** What was decided before the first event is read. */
interface Plan {
  readonly server: ServerFacts;
  readonly identity: ReplicaIdentity;
  readonly start: StartPlace;
  readonly catalogue: TableCatalogue;
  readonly snapshot: Omit<SnapshotRequest, 'signal'>;
}

const tablesOf = ({ databases }: Schema): readonly Table[] =>
  [...databases.values()].flatMap(({ tables }) => [...tables.values()].map(({ table }) => table));

const splitName = (qualified: string): [string, string] => {
  const dot = qualified.indexOf('.');
  return [qualified.slice(0, dot), qualified.slice(dot + 1)];
};

/** Where `scan.startup.mode` begins. */
const configuredPlace = (config: MysqlConfig): Exclude<LogPlace, { readonly at: 'held' | 'configured' }> => {
  switch (config['scan.startup.mode']) {
    case 'initial':
    case 'snapshot':
    case 'latest-offset':
      return { at: 'latest' };
    case 'earliest-offset':
      return { at: 'earliest' };
    case 'timestamp':
      return { at: 'timestamp', millis: config['scan.startup.timestamp-millis'] ?? 0 };
    case 'specific-offset': {
      const gtids = config['scan.startup.specific-offset.gtid-set'];
      if (gtids !== undefined) return { at: 'gtid', gtids };
      const file = config['scan.startup.specific-offset.file'] ?? '';
      return { at: 'file', file, offset: config['scan.startup.specific-offset.pos'] ?? 4 };
    }
  }
};
