import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a change log of Debezium JSON lines comes to. */
export interface ChangeLogCount {
  readonly lines: number;
  readonly creates: number;
  readonly updates: number;
  readonly deletes: number;
  /** Lines of a change that another line told already. */
  readonly twice: number;
  /**
   * By `database.table`: how many rows are left when the lines are applied in order. Rows without a key can only be counted, which
   * a snapshot beside the stream makes impossible, as both may tell of a row: then the table is not here.
   */
  readonly rows: ReadonlyMap<string, number>;
}

interface Line {
  readonly op: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly source: {
    readonly db: string;
    readonly table: string;
    readonly file: string;
    readonly pos: number;
    readonly row: number;
  };
}

/** `keys`: the primary key's columns by `database.table`; tables that are not in it are counted as those without a key. */
export const countChangeLog = async (
  path: string,
  keys: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<ChangeLogCount> => {
  const ops: Record<string, number> = {};
  const keyed = new Map<string, Set<string>>();
  const keyless = new Map<string, number>();
  const seen = new Set<string>();
  let lines = 0;
  let twice = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { op, before, after, source } = JSON.parse(text) as Line;
    lines += 1;
    ops[op] = (ops[op] ?? 0) + 1;
    const table = `${source.db}.${source.table}`;
    const key = keys.get(table) ?? [];
    const name = JSON.stringify(key.map((column) => (after ?? before)![column]));
    if (key.length > 0) {
      const held = keyed.get(table) ?? new Set();
      keyed.set(table, held);
      if (op === 'd') held.delete(name);
      else held.add(name);
    } else {
      const step = op === 'r' ? Number.NaN : op === 'c' ? 1 : op === 'd' ? -1 : 0;
      keyless.set(table, (keyless.get(table) ?? 0) + step);
    }
    // Rows of a snapshot stand in no log, so no place names them.
    if (op === 'r') continue;
    // All events of a compressed transaction stand at one place of the log, so the row's key is needed too.
    const change = `${source.file} ${source.pos} ${source.row} ${op} ${table} ${name}`;
    if (seen.has(change)) twice += 1;
    seen.add(change);
  }
  const rows = new Map([...keyed].map(([table, held]) => [table, held.size]));
  for (const [table, count] of keyless) if (!Number.isNaN(count)) rows.set(table, count);
  const count = (op: string): number => ops[op] ?? 0;
  return { lines, creates: count('c'), updates: count('u'), deletes: count('d'), twice, rows };
};
