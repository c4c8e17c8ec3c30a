import { Buffer } from 'node:buffer';
import { columnLiteral } from '../connectors/mysql/reader/repair-statements.ts';
import type { ReadingSession } from '../connectors/mysql/snapshot/reading-session.ts';
import { quoteName, quoteText } from '../connectors/mysql/statements.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import { jsonValue } from '../core/json-value.ts';
import type { Log } from '../core/log.ts';
import { qualifiedName } from '../core/table.ts';
import { textHash } from '../core/text-hash.ts';
import type { Row, Value } from '../core/value.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import type { CacheListeners } from './cache-events.ts';
import type { TableSettings } from './cache-settings.ts';
import { type LookupPlan, readRows } from './database-reads.ts';
import type { DatabaseServer } from './database-server.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisLinks } from './redis-links.ts';
import { ownFields, type RowCodec } from './row-codec.ts';
import type { TableCounters } from './table-counters.ts';
import { settleScript } from './write-behind-scripts.ts';
import { type JournalEntry, JournalReader } from './write-journal.ts';

export interface WriteApplierOptions {
  readonly codec: RowCodec;
  readonly plan: LookupPlan;
  readonly links: RedisLinks;
  /** The primary, through sessions of the applier's own. */
  readonly server: DatabaseServer;
  readonly journal: string;
  readonly settings: TableSettings;
  readonly counters: TableCounters;
  readonly listeners: CacheListeners;
  readonly clock: Clock;
  readonly log: Log;
}

/** What became of the writes of one row. */
interface Outcome {
  readonly redisKey: Buffer;
  readonly entries: readonly JournalEntry[];
  /** `drop`: who reads it brings it from MySQL. */
  readonly settle: 'row' | 'none' | 'drop';
  readonly row: Row | null;
  readonly kind: 'applied' | 'known' | 'conflict' | 'refused';
  /** Why MySQL does not take it. */
  readonly refusal: string | null;
  /** Writes that this transaction was the first to see. */
  readonly fresh: number;
  readonly conflict: boolean;
}

const entriesAtOnce = 500;
/** Tokens that are kept of writes that were applied: more than the journal can hold of them again. */
const keptTokens = 2_000;
const idleMs = 20;
const maxPauseMs = 2_000;
const complainEveryMs = 60_000;

/**
 * Carries the writes of a journal into MySQL, in their order, one transaction for up to 500 of them, of each row the last alone. What was
 * applied stands in the same transaction as the rows, so no write is applied twice, whoever dies when. Any number may run: the row in
 * `millrace_written` lets one work at a time.
 */
export class WriteApplier {
  readonly #options: WriteApplierOptions;
  readonly #reader: JournalReader;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WriteApplierOptions) {
    this.#options = options;
    this.#reader = new JournalReader(options.codec.table);
  }

  /** Returns when `signal` aborts. What fails is tried again; a row that MySQL will not take is put aside. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, codec } = this.#options;
    let pause = 100;
    let isThere = false;
    while (!signal.aborted) {
      try {
        if (!isThere) await this.#create();
        isThere = true;
        if (!(await this.apply())) await clock.sleep(idleMs, signal);
        pause = 100;
      } catch (error) {
        if (!isMillraceError(error)) throw error;
        if (clock.monotonic() - this.#complainedAt >= complainEveryMs) {
          this.#complainedAt = clock.monotonic();
          log.warn('what was written to Redis does not come into MySQL', {
            table: qualifiedName(codec.table),
            code: error.code,
          });
        }
        await clock.sleep(pause, signal);
        pause = Math.min(pause * 2, maxPauseMs);
      }
    }
  }

  /** Applies what the journal begins with; false: it is empty. */
  async apply(): Promise<boolean> {
    const { journal } = this.#options;
    const waiting = await this.#link.ask(
      (commands) => void commands.add('XLEN', journal),
      (reply) => Number(reply),
    );
    if (waiting === 0) return false;
    try {
      await this.#settle(await this.#transaction(entriesAtOnce, null));
    } catch (error) {
      if (!isMillraceError(error) || error.retryable) throw error;
      // One of them is refused: one at a time says which.
      let code: string | null = null;
      try {
        await this.#settle(await this.#transaction(1, null));
      } catch (alone) {
        if (!isMillraceError(alone) || alone.retryable) throw alone;
        code = alone.code;
      }
      if (code !== null) await this.#settle(await this.#transaction(1, code));
    }
    return true;
  }

  async #create(): Promise<void> {
    const { server } = this.#options;
    const { written, conflicts } = this.#tables();
    await server.run(async (session) => {
      await session.query(
        `CREATE TABLE IF NOT EXISTS ${written} (journal VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, applied MEDIUMTEXT NOT NULL) ENGINE=InnoDB`,
      );
      await session.query(
        `CREATE TABLE IF NOT EXISTS ${conflicts} (id BIGINT AUTO_INCREMENT PRIMARY KEY, journal VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), entry VARCHAR(64) NOT NULL, reason VARCHAR(64) NOT NULL, row_key VARBINARY(1024) NOT NULL, written LONGTEXT CHARACTER SET utf8mb4) ENGINE=InnoDB`,
      );
      await session.query(`INSERT IGNORE INTO ${written} VALUES (${this.#name}, '[]')`);
    });
  }

  /** `refusal`: why the rows are put aside instead of written. */
  async #transaction(most: number, refusal: string | null): Promise<readonly Outcome[]> {
    const { server, journal } = this.#options;
    const { written } = this.#tables();
    return await server.run(async (session) => {
      await session.query(`SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE'`);
      await session.query('START TRANSACTION');
      const [row] = await session.query(`SELECT applied FROM ${written} WHERE journal = ${this.#name} FOR UPDATE`);
      // Read once the lock is there: what another applier did before stands in both.
      const reply = await this.#link.ask(
        (commands) => void commands.add('XRANGE', journal, '-', '+', 'COUNT', most),
        (taken): Reply => taken,
      );
      const applied = new Map(JSON.parse(row?.[0] ?? '[]') as [string, number | null][]);
      const outcomes = await this.#write(session, this.#reader.entries(reply), applied, refusal);
      const kept = JSON.stringify([...applied].slice(-keptTokens));
      await session.query(`REPLACE INTO ${written} VALUES (${this.#name}, ${quoteText(kept)})`);
      await session.query('COMMIT');
      return outcomes;
    });
  }

  async #write(
    session: ReadingSession,
    entries: readonly JournalEntry[],
    applied: Map<string, number | null>,
    refusal: string | null,
  ): Promise<readonly Outcome[]> {
    const { plan, settings } = this.#options;
    const groups = [...Map.groupBy(entries, ({ redisKey }) => redisKey.toString('latin1')).values()];
    const keys = groups.map(([first]) => this.#keyRow(first!.redisKey));
    const found = await readRows(session, plan, keys, ' FOR UPDATE');
    const outcomes: Outcome[] = [];
    for (const [i, group] of groups.entries()) {
      const { redisKey } = group[0]!;
      const fresh = group.filter(({ token }) => !applied.has(token));
      const [first] = fresh;
      if (first === undefined) {
        outcomes.push({
          redisKey,
          entries: group,
          settle: 'drop',
          row: null,
          kind: 'known',
          refusal: null,
          fresh: 0,
          conflict: false,
        });
        continue;
      }
      const now = found[i]!;
      const stood = applied.get(first.upon);
      const isAsBefore =
        first.upon !== '' && stood !== undefined ? stood === hashOf(now) : hashOf(first.before) === hashOf(now);
      const { row } = fresh.at(-1)!;
      const isLost = refusal !== null || (!isAsBefore && settings.conflicts === 'mysql');
      if (!isAsBefore || refusal !== null) await this.#putAside(session, fresh, refusal ?? 'changed in MySQL');
      if (!isLost) await this.#change(session, keys[i]!, now, row);
      outcomes.push({
        redisKey,
        entries: group,
        settle: isLost ? 'drop' : row === null ? 'none' : 'row',
        row,
        kind: refusal !== null ? 'refused' : isLost ? 'conflict' : 'applied',
        refusal,
        fresh: fresh.length,
        conflict: !isAsBefore,
      });
    }
    // As MySQL has them, which may word a value otherwise.
    const after = await readRows(session, plan, keys, '');
    return outcomes.map((outcome, i) => {
      for (const { token } of outcome.entries) {
        // Nothing stands upon a write that was lost.
        if (outcome.kind !== 'known') applied.set(token, outcome.settle === 'drop' ? null : hashOf(after[i]!));
      }
      return { ...outcome, row: after[i]! };
    });
  }

  async #change(session: ReadingSession, key: Row, now: Row | null, row: Row | null): Promise<void> {
    const { table, keys } = this.#options.codec;
    const name = `${quoteName(table.database)}.${quoteName(table.name)}`;
    const literal = (values: Row, at: number): string => columnLiteral(values[at] ?? null, table.columns[at]!.type);
    const where = keys.columns.map((at) => `${quoteName(table.columns[at]!.name)} = ${literal(key, at)}`).join(' AND ');
    if (row === null) {
      if (now !== null) await session.query(`DELETE FROM ${name} WHERE ${where}`);
      return;
    }
    const names = table.columns.map((column) => quoteName(column.name));
    const values = names.map((_, at) => literal(row, at));
    // Never by ON DUPLICATE KEY UPDATE, which would change another row that has the same unique value.
    await session.query(
      now === null
        ? `INSERT INTO ${name} (${names.join(', ')}) VALUES (${values.join(', ')})`
        : `UPDATE ${name} SET ${names.map((each, at) => `${each} = ${values[at]}`).join(', ')} WHERE ${where}`,
    );
  }

  /** Keeps writes that are not in MySQL's row, or that went over a change there, for who looks after them. */
  async #putAside(session: ReadingSession, entries: readonly JournalEntry[], reason: string): Promise<void> {
    const { codec } = this.#options;
    const { conflicts } = this.#tables();
    const { columns } = codec.table;
    for (const { id, redisKey, row } of entries) {
      const named =
        row === null ? null : Object.fromEntries(columns.map(({ name }, at) => [name, jsonValue(row[at] as Value)]));
      const text = named === null ? 'NULL' : quoteText(JSON.stringify(named));
      const key = `x'${redisKey.subarray(0, 1024).toString('hex')}'`;
      await session.query(
        `INSERT INTO ${conflicts} (journal, entry, reason, row_key, written) VALUES (${this.#name}, ${quoteText(id)}, ${quoteText(reason)}, ${key}, ${text})`,
      );
    }
  }

  async #settle(outcomes: readonly Outcome[]): Promise<void> {
    const { codec, journal, settings, counters, listeners, clock, log } = this.#options;
    const { ttlMs, negativeTtlMs } = settings;
    await Promise.all(
      outcomes.map(({ redisKey, entries, settle, row }) =>
        this.#link.ask(
          (commands) => {
            const how = settle === 'row' && row === null ? 'none' : settle;
            const fields = how === 'row' ? codec.fields(row!) : null;
            settleScript.begin(commands, 2, 4 + entries.length + (fields === null ? 0 : 4 + 2 * fields.count));
            commands.bytes(redisKey, 0, redisKey.length);
            commands.text(journal);
            commands.text(entries.at(-1)!.token);
            commands.text(how);
            commands.text(String(how === 'none' ? negativeTtlMs : ttlMs));
            commands.text(String(entries.length));
            for (const { id } of entries) commands.text(id);
            if (fields === null) return;
            commands.text(ownFields.until);
            commands.text(String(Math.round(clock.now() + ttlMs)));
            commands.text(ownFields.columns);
            commands.text(codec.columns);
            commands.raw(fields.bytes, 0, fields.length);
          },
          () => {},
        ),
      ),
    );
    const table = qualifiedName(codec.table);
    for (const { redisKey, kind, conflict, fresh, refusal } of outcomes) {
      if (kind === 'applied') counters.appliedWrites += fresh;
      const told = () => ({ table, key: codec.namedKey(this.#keyRow(redisKey)), writes: fresh });
      if (refusal !== null) {
        counters.refusedWrites += fresh;
        listeners.tell('write-refused', () => ({ ...told(), code: refusal }));
      } else if (conflict) {
        counters.conflicts += fresh;
        listeners.tell('conflict', told);
      }
    }
    const lost = outcomes.filter(({ kind, conflict }) => kind === 'refused' || conflict).length;
    if (lost === 0) return;
    log.warn(
      'rows were written to Redis and changed in MySQL meanwhile, or refused there; see millrace_write_conflicts',
      {
        table,
        rows: lost,
      },
    );
  }

  #keyRow(redisKey: Buffer): Row {
    const { codec } = this.#options;
    const values = codec.keys.read(redisKey)!;
    const row: (Value | undefined)[] = new Array(codec.table.columns.length).fill(undefined);
    for (const [i, column] of codec.keys.columns.entries()) row[column] = codec.valueOf(column, values[i]!);
    return row;
  }

  get #link(): RedisLink {
    return this.#options.links.of(Buffer.from(this.#options.journal));
  }

  get #name(): string {
    return quoteText(this.#options.journal);
  }

  #tables(): { readonly written: string; readonly conflicts: string } {
    const database = quoteName(this.#options.codec.table.database);
    return { written: `${database}.millrace_written`, conflicts: `${database}.millrace_write_conflicts` };
  }
}

/** Equal for equal rows; null: there is none. */
const hashOf = (row: Row | null): number => {
  if (row === null) return -1;
  return textHash(
    JSON.stringify(
      row.map((value) =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : typeof value === 'bigint'
            ? String(value)
            : value,
      ),
    ),
  );
};
