import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { MysqlReader } from '../connectors/mysql/reader/reader.ts';
import { SqliteReader } from '../connectors/sqlite/reader.ts';
import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import type { Operator } from '../operators/operator.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { MysqlRig } from './mysql-rig.ts';
import { silent } from './pipeline-rig.ts';
import type { TestServer } from './servers/start-test-servers.ts';

/** A database on a real server, a pipeline that mirrors it into a SQLite file as it changes, and readers of both. */
export class MirroredShop implements AsyncDisposable {
  readonly rig: MysqlRig;
  readonly source: MysqlReader;
  readonly target: SqliteReader;
  readonly path: string;
  readonly #folder: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(rig: MysqlRig, operators: readonly Operator[]) {
    this.rig = rig;
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-verify-'));
    this.path = join(this.#folder, 'mirror.db');
    const name = rig.database;
    const context = { pipeline: name, log: silent, clock: systemClock };
    const pipeline = createPipeline({
      name,
      source: async () => rig.source({}, name),
      operators,
      sinks: [{ name: 'mirror', open: async () => openSqliteSink(this.path, context) }],
      clock: systemClock,
      log: silent,
    });
    this.#running = pipeline.run(this.#stop.signal, new AbortController().signal);
    this.#running.catch(() => {});
    this.source = openMysqlReader(rig, name);
    this.target = new SqliteReader({ path: this.path, pipeline: name });
  }

  /** `setup` makes the tables; resolves when the mirror has all of their rows. */
  static async open(
    server: TestServer,
    setup: readonly string[],
    operators: readonly Operator[] = [],
  ): Promise<MirroredShop> {
    const rig = await MysqlRig.open(server);
    await rig.run(...setup);
    const shop = new MirroredShop(rig, operators);
    await shop.#settled();
    return shop;
  }

  /** Changes the mirror behind the pipeline's back. */
  tamper(...statements: readonly string[]): void {
    const db = new DatabaseSync(this.path, { timeout: 5_000 });
    try {
      for (const statement of statements) db.exec(statement.replaceAll('{db}', this.rig.database));
    } finally {
      db.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
    await this.source[Symbol.asyncDispose]();
    await this.target[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }

  /** A change that is made now has come, and every snapshot has ended. */
  async #settled(): Promise<void> {
    for (let i = 0; i < 600; i += 1) {
      try {
        const tables = await this.source.tables();
        const lanes = await Promise.all(tables.map((table) => this.target.held(this.source.log.snapshotLane(table))));
        if (lanes.every((held) => held.length > 0 && !held.some(this.source.log.snapshotUnfinished))) return;
      } catch {
        // The mirror is not made yet.
      }
      await systemClock.sleep(50);
    }
    throw new Error('the mirror did not come');
  }
}

/** Reads every table of the rig's database. */
export const openMysqlReader = ({ server, database }: MysqlRig, pipeline: string | null = null): MysqlReader =>
  new MysqlReader({
    config: mysqlConfig.parse({
      hostname: server.host,
      port: server.port,
      username: server.user,
      password: server.password,
      tables: `${database}.\\.*`,
    }),
    context: { pipeline, clock: systemClock },
  });
