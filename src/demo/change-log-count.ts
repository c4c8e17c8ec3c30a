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
  /** By `database.table`: how many rows are left of all that were created and deleted. */
  readonly rows: ReadonlyMap<string, number>;
}

interface Line {
  readonly op: string;
  readonly source: {
    readonly db: string;
    readonly table: string;
    readonly gtid: string | null;
    readonly file: string;
    readonly pos: number;
    readonly row: number;
  };
}

export const countChangeLog = async (path: string): Promise<ChangeLogCount> => {
  const ops: Record<string, number> = {};
  const rows = new Map<string, number>();
  const seen = new Set<string>();
  let lines = 0;
  let twice = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { op, source } = JSON.parse(text) as Line;
    lines += 1;
    ops[op] = (ops[op] ?? 0) + 1;
    const table = `${source.db}.${source.table}`;
    const step = op === 'c' || op === 'r' ? 1 : op === 'd' ? -1 : 0;
    rows.set(table, (rows.get(table) ?? 0) + step);
    // Rows of a snapshot stand in no log, so no place names them; one that came twice shows in the count of rows.
    if (op === 'r') continue;
    const change = `${source.file} ${source.pos} ${source.row} ${op} ${table}`;
    if (seen.has(change)) twice += 1;
    seen.add(change);
  }
  const count = (op: string): number => ops[op] ?? 0;
  return { lines, creates: count('c'), updates: count('u'), deletes: count('d'), twice, rows };
};
