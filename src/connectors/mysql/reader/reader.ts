import assert from 'node:assert/strict';
import type { Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import type {
  HeldRows,
  Key,
  KeyRange,
  MatchedColumn,
  Reader,
  ReaderLog,
  RowLocks,
  RowPage,
  RowRepair,
  RowRepairs,
  RowSum,
  RowSums,
  TableName,
} from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { type Dial, dialTcp } from '../../../net/dial.ts';
import { selectExpression } from '../../../protocol/mysql/values/select-list.ts';
import { TextRowReader } from '../../../protocol/mysql/values/text-rows.ts';
import { encodeBinlogPosition } from '../binlog-position.ts';
import type { MysqlConfig } from '../config.ts';
import { MysqlConnection } from '../connection.ts';
import { capturedTables, readDatabases, readDefinition, readLogEnd } from '../definitions.ts';
import { lanesOf } from '../lanes.ts';
import { markOwned } from '../owned-columns.ts';
import { logCovers } from '../position-order.ts';
import { readServerFacts, type ServerFacts } from '../server-facts.ts';
import { type ChunkKey, chooseChunkKey } from '../snapshot/chunk-key.ts';
import {
  boundaryQuery,
  chunkQuery,
  type KeyPoint,
  pointsQuery,
  rangeQuery,
  wholeTableQuery,
} from '../snapshot/chunk-query.ts';
import { ChunkSize } from '../snapshot/chunk-size.ts';
import { decodeLanePosition } from '../snapshot/lane-position.ts';
import { ReadingSession } from '../snapshot/reading-session.ts';
import { rowKey } from '../snapshot/row-key.ts';
import { readPieces } from '../snapshot/row-pieces.ts';
import { readTableFacts } from '../snapshot/table-facts.ts';
import { statements } from '../statements.ts';
import { selectsTable } from '../table-selection.ts';
import { readHeld } from './held-lanes.ts';
import { keyOrder } from './key-order.ts';
import { matchCondition } from './match-condition.ts';
import { repairStatements } from './repair-statements.ts';
import { checksumExpressions } from './row-checksum.ts';

/** Rows in memory at a time, and keys in one statement. */
const pageBytes = 4 * 1_048_576;
const keysPerStatement = 500;

/** How long a lock on a row is waited for. */
const lockWaitSeconds = 2;

export interface MysqlReaderOptions {
  readonly config: MysqlConfig;
  /** `pipeline` null: whatever pipeline wrote here counts. */
  readonly context: Pick<Context, 'clock'> & { readonly pipeline: string | null };
  readonly dial?: Dial;
}

interface Sessions {
  readonly reader: ReadingSession;
  readonly control: MysqlConnection;
  readonly server: ServerFacts;
}

/** What is known of one version of a table, so that it is asked for once. */
interface Walk {
  readonly key: ChunkKey | null;
  readonly rows: TextRowReader;
  readonly expressions: readonly string[];
  readonly size: ChunkSize;
}

/** Rows as the socket gave them. */
class ImagePage implements RowPage {
  readonly images: readonly RowImages[];
  readonly last: boolean;
  #rows: readonly Row[] | null = null;

  constructor(images: readonly RowImages[], last: boolean) {
    this.images = images;
    this.last = last;
  }

  get rows(): readonly Row[] {
    this.#rows ??= decoded(this.images);
    return this.#rows;
  }
}

const decoded = (images: readonly RowImages[]): readonly Row[] => {
  const rows: Row[] = [];
  for (const some of images) for (let i = 0; i < some.length; i += 1) rows.push(some.after(i)!);
  return rows;
};

/** Reads the tables of a MySQL or MariaDB server: rows off a socket of their own as a snapshot does, everything small beside it. */
export class MysqlReader implements Reader {
  readonly name: string;
  readonly log: ReaderLog;
  readonly sums: RowSums;
  readonly locks: RowLocks;
  readonly repairs: RowRepairs;
  readonly #options: MysqlReaderOptions;
  readonly #stop = new AbortController();
  readonly #walks = new Map<string, Walk>();
  #sessions: Sessions | null = null;

  constructor(options: MysqlReaderOptions) {
    const { config } = options;
    this.#options = options;
    this.name = `${config.hostname}:${config.port}`;
    const lanes = lanesOf(config.name);
    const mode = config['scan.startup.mode'];
    this.log = {
      lane: lanes.log,
      end: () => this.#guarded(({ control, server }) => endOf(control, server)),
      covers: logCovers,
      snapshotLane: (table) => `${lanes.snapshotPrefix}:${qualifiedName(table)}`,
      snapshotUnfinished: (held) => {
        const { scan, settled } = decodeLanePosition('', held);
        return scan !== null || !settled;
      },
      // Without a pipeline nobody says what its source was told to read.
      snapshotsAll: options.context.pipeline !== null && (mode === 'initial' || mode === 'snapshot'),
    };
    this.sums = {
      kind: 'mysql',
      boundary: (table, range, limit, signal) => this.#boundary(table, range, limit, signal),
      checksum: (table, columns, range) => this.#checksum(table, columns, range),
    };
    this.locks = { hold: (table, keys, signal) => this.#hold(table, keys, signal) };
    this.repairs = {
      statements: (table, repairs) => this.#repairs(table, repairs),
      apply: (texts, signal) => this.#apply(texts, signal),
    };
  }

  async tables(): Promise<readonly TableName[]> {
    const { config } = this.#options;
    return await this.#guarded(({ control }) => capturedTables(control, selectsTable(config)));
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return await this.#guarded(async ({ control, server }) => {
      const schema = await readDatabases(control, server);
      if (!schema.databases.has(database)) return null;
      const followed = await readDefinition(control, server, schema, database, name);
      return followed === null
        ? null
        : markOwned(followed.table, this.#options.config['owned.elsewhere']?.groups ?? []);
    });
  }

  async order(table: Table): Promise<readonly string[] | null> {
    return await this.#guarded(async (sessions) => {
      const { key } = await this.#walk(sessions, table);
      return key === null ? null : keyOrder(table, key, sessions.server.flavor);
    });
  }

  async page(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage> {
    return await this.#guarded(async (sessions) => {
      const walk = await this.#walk(sessions, table);
      assert(walk.key !== null, 'only a table with a walkable key has pages');
      const most = Math.min(limit, walk.size.rows);
      const sql = chunkQuery(table, walk.key, rangeOf(range), most, walk.expressions);
      const images: RowImages[] = [];
      let rows = 0;
      let bytes = 0;
      for await (const piece of readPieces(sessions.reader, walk.rows, sql, pageBytes)) {
        signal.throwIfAborted();
        images.push(...piece.images);
        rows += piece.rows;
        bytes += piece.bytes;
      }
      walk.size.record(rows, bytes);
      return new ImagePage(images, rows < most);
    });
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    try {
      const sessions = await this.#open();
      const walk = await this.#walk(sessions, table);
      const sql = wholeTableQuery(table, null, walk.expressions);
      for await (const { rows } of this.#rows(sessions, walk, sql, signal)) yield rows;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]> {
    return await this.#guarded(async (sessions) => {
      const walk = await this.#walk(sessions, table);
      return await this.#find(sessions, walk, table, keys, '', signal);
    });
  }

  async *matching(
    table: Table,
    columns: readonly MatchedColumn[],
    keys: readonly Row[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[], void, undefined> {
    try {
      const sessions = await this.#open();
      const walk = await this.#walk(sessions, table);
      for (let at = 0; at < keys.length; at += keysPerStatement) {
        const where = matchCondition(table, columns, keys.slice(at, at + keysPerStatement));
        const sql = wholeTableQuery(table, where, walk.expressions);
        for await (const { rows } of this.#rows(sessions, walk, sql, signal)) yield rows;
      }
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async count(table: Table): Promise<number> {
    return await this.#guarded(async ({ control }) => {
      const [row] = await control.query(wholeTableQuery(table, null, ['COUNT(*)']));
      return Number(row![0]);
    });
  }

  async estimatedRows(table: Table): Promise<number | null> {
    return await this.#guarded(async ({ control, server }) => {
      const facts = await readTableFacts(control, server.version, table.database, table.name);
      return facts?.estimatedRows ?? null;
    });
  }

  async held(lane: Lane): Promise<readonly Position[]> {
    return await this.#guarded(({ control }) => readHeld(control, this.#options.context.pipeline, lane));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
    this.#stop.abort();
  }

  async #boundary(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<Key | null> {
    return await this.#guarded(async (sessions) => {
      const { key } = await this.#walk(sessions, table);
      assert(key !== null, 'only a table with a walkable key has ranges');
      const columns = key.parts.map(({ column }) => table.columns[column]!);
      const reader = new TextRowReader({ ...table, id: `${table.id} key`, columns, primaryKey: [], uniqueKeys: [] });
      const sql = boundaryQuery(table, key, rangeOf(range), limit, columns.map(selectExpression));
      let found: Row | null = null;
      for await (const { images } of readPieces(sessions.reader, reader, sql, pageBytes)) {
        found = images.at(-1)?.after(0) ?? found;
      }
      signal.throwIfAborted();
      return found;
    });
  }

  async #checksum(table: Table, columns: readonly number[], range: KeyRange): Promise<RowSum> {
    return await this.#guarded(async (sessions) => {
      const { key } = await this.#walk(sessions, table);
      assert(key !== null, 'only a table with a walkable key has ranges');
      const expressions = checksumExpressions(columns.map((column) => table.columns[column]!));
      const [answer] = await sessions.control.query(rangeQuery(table, key, rangeOf(range), expressions));
      const [count, ...sums] = answer!;
      return { rows: Number(count), sum: sums.join('.') };
    });
  }

  async #hold(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<HeldRows> {
    const { server } = await this.#open();
    const connection = await this.#connect();
    await connection.run(`SET SESSION innodb_lock_wait_timeout = ${lockWaitSeconds}`);
    await connection.run('START TRANSACTION');
    const reader = new ReadingSession(connection, this.#options.config.username ?? '');
    try {
      const walk = await this.#walk(await this.#open(), table);
      const sessions = { reader, control: connection, server };
      const rows = await this.#find(sessions, walk, table, keys, ' LOCK IN SHARE MODE', signal);
      // Closing the connection rolls the transaction back.
      return { rows, [Symbol.asyncDispose]: async () => reader.close() };
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  async #repairs(table: Table, repairs: readonly RowRepair[]): Promise<readonly string[]> {
    return await this.#guarded(async (sessions) => {
      const { key } = await this.#walk(sessions, table);
      assert(key !== null, 'only rows with a key are repaired');
      return repairStatements(table, key, repairs);
    });
  }

  async #apply(texts: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#guarded(async ({ control }) => {
      await control.run('START TRANSACTION');
      for (const text of texts) {
        signal.throwIfAborted();
        await control.run(text);
      }
      await control.run('COMMIT');
    });
  }

  async #find(
    sessions: Sessions,
    walk: Walk,
    table: Table,
    keys: readonly Key[],
    suffix: string,
    signal: AbortSignal,
  ): Promise<readonly (Row | null)[]> {
    assert(walk.key !== null, 'only a table with a walkable key has rows that can be looked up');
    const columns = walk.key.parts.map(({ column }) => column);
    const names = keys.map((key) => rowKey(key, [...columns.keys()]));
    const found = new Map<string | null, Row>();
    for (let at = 0; at < keys.length; at += keysPerStatement) {
      const points = keys.slice(at, at + keysPerStatement) as readonly KeyPoint[];
      const sql = `${pointsQuery(table, walk.key, points, walk.expressions)}${suffix}`;
      for await (const { rows } of this.#rows(sessions, walk, sql, signal)) {
        for (const row of rows) found.set(rowKey(row, columns), row);
      }
    }
    return names.map((name) => found.get(name) ?? null);
  }

  async *#rows(
    { reader }: Sessions,
    walk: Walk,
    sql: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly rows: readonly Row[]; readonly bytes: number }> {
    for await (const { images, bytes } of readPieces(reader, walk.rows, sql, pageBytes)) {
      signal.throwIfAborted();
      yield { rows: decoded(images), bytes };
    }
  }

  async #walk({ control, server }: Sessions, table: Table): Promise<Walk> {
    const known = this.#walks.get(table.id);
    if (known !== undefined) return known;
    const facts = await readTableFacts(control, server.version, table.database, table.name);
    const primary = (facts?.uniqueIndexes ?? []).filter(({ index }) => index === 'PRIMARY');
    const key = primary.length === 0 ? null : chooseChunkKey(table, primary);
    const walk: Walk = {
      key,
      rows: new TextRowReader(table),
      expressions: table.columns.map(selectExpression),
      size: new ChunkSize(Number.MAX_SAFE_INTEGER, pageBytes),
    };
    this.#walks.set(table.id, walk);
    return walk;
  }

  /** Whatever fails, the connections may hold half an answer: they are given up, and the next call makes new ones. */
  async #guarded<Result>(use: (sessions: Sessions) => Promise<Result>): Promise<Result> {
    try {
      return await use(await this.#open());
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async #open(): Promise<Sessions> {
    if (this.#sessions !== null) return this.#sessions;
    const control = await this.#connect();
    try {
      const server = await readServerFacts(control);
      const reader = new ReadingSession(await this.#connect(), this.#options.config.username ?? '');
      this.#sessions = { reader, control, server };
      return this.#sessions;
    } catch (error) {
      control.close();
      throw error;
    }
  }

  async #connect(): Promise<MysqlConnection> {
    const { config, context, dial = dialTcp } = this.#options;
    const connection = await MysqlConnection.open({ config, dial, clock: context.clock, signal: this.#stop.signal });
    try {
      await connection.run(statements.patience);
      await connection.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #drop(): void {
    this.#sessions?.reader.close();
    this.#sessions?.control.close();
    this.#sessions = null;
  }
}

const rangeOf = ({ after, upTo }: KeyRange) => ({
  after: after as KeyPoint | null,
  upTo: upTo as KeyPoint | null,
  where: null,
});

const endOf = async (control: MysqlConnection, server: ServerFacts): Promise<Position> => {
  const { file, offset, gtids } = await readLogEnd(control, server);
  const { flavor, identity } = server;
  return encodeBinlogPosition({
    flavor,
    server: identity,
    epoch: 0,
    file,
    offset,
    fileTime: 0,
    step: 0,
    gtids,
    prepared: [],
  });
};
