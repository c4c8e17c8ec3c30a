import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { sqlite } from '../connectors/sqlite/connector.ts';
import type { Lane, Position } from '../core/batch.ts';
import type { Context, Sink } from '../core/connector.ts';
import { MemoryChangeLog, MemoryChangeLogSink } from './memory-change-log.ts';
import { MemorySink, MemoryStore } from './memory-sink.ts';
import { rowText, stateText } from './river-log.ts';

/** What a simulated river flows into: outlives the sinks that write to it. */
export interface RiverStore extends Disposable {
  readonly kind: 'memory' | 'sqlite' | 'change log';
  open(context: Context): Promise<Sink>;
  /** What is durable of a lane. */
  position(lane: Lane): Position | null;
}

/** A store that holds the tables as they are. */
export interface MirrorStore extends RiverStore {
  readonly kind: 'memory' | 'sqlite';
  /** As `RiverLog.state`. */
  contents(): string;
}

export class MemoryMirror implements MirrorStore {
  readonly kind = 'memory';
  readonly #store = new MemoryStore();

  async open(): Promise<Sink> {
    return new MemorySink(this.#store);
  }

  position(lane: Lane): Position | null {
    return this.#store.lanes.get(lane)?.position ?? null;
  }

  contents(): string {
    return stateText(
      this.#store.tables
        .entries()
        .map(([name, rows]) => [shortName(name), rows.values().toArray().flat().map(rowText)] as const),
    );
  }

  [Symbol.dispose](): void {}
}

let databases = 0;

/** The production SQLite mirror over a database in memory, which lives as long as the store. */
export class SqliteMirror implements MirrorStore {
  readonly kind = 'sqlite';
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #version: StatementSync;
  #readings: Readings | null = null;

  constructor() {
    databases += 1;
    this.#path = `file:river-${process.pid}-${databases}?mode=memory&cache=shared`;
    this.#db = new DatabaseSync(this.#path);
    this.#version = this.#db.prepare('PRAGMA schema_version');
  }

  async open(context: Context): Promise<Sink> {
    return await sqlite.openSink!({ path: this.#path }, context);
  }

  position(lane: Lane): Position | null {
    const row = this.#read().position?.get(lane);
    return (row?.['position'] as Position | undefined) ?? null;
  }

  contents(): string {
    return stateText(
      this.#read().tables.map(([name, rows]) => [name, (rows.all() as unknown as unknown[][]).map(rowText)] as const),
    );
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /** Statements for the tables that there are now. */
  #read(): Readings {
    const version = this.#version.get()!['schema_version'];
    if (this.#readings !== null && this.#readings.version === version) return this.#readings;
    const names = this.#db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name));
    const tables = names
      .filter((name) => name.startsWith('river.'))
      .map((name) => {
        const rows = this.#db.prepare(`SELECT * FROM "${name}"`);
        rows.setReturnArrays(true);
        return [shortName(name), rows] as const;
      });
    const position = names.includes('millrace_position')
      ? this.#db.prepare('SELECT position FROM millrace_position WHERE lane = ?')
      : null;
    this.#readings = { version, position, tables };
    return this.#readings;
  }
}

interface Readings {
  readonly version: unknown;
  readonly position: StatementSync | null;
  readonly tables: readonly (readonly [string, StatementSync])[];
}

export class ChangeLogStore implements RiverStore {
  readonly kind = 'change log';
  readonly #log = new MemoryChangeLog();

  get entries(): readonly string[] {
    return this.#log.entries;
  }

  async open(): Promise<Sink> {
    return new MemoryChangeLogSink(this.#log);
  }

  position(lane: Lane): Position | null {
    return this.#log.lanes.get(lane)?.position ?? null;
  }

  [Symbol.dispose](): void {}
}

const shortName = (qualified: string): string => qualified.replace(/^river\./, '');
