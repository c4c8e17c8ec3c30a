import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import type { Value } from '../core/value.ts';
import type { KeyedPlace } from './keyed-comparison.ts';
import type { Suspect } from './suspects.ts';
import type { Difference, TableCounts, TableResult } from './table-result.ts';

/** How far one table's comparison is. */
export interface TableProgress {
  /** The definitions that it goes by: with others it begins anew. */
  readonly source: string;
  readonly target: string;
  readonly place: KeyedPlace;
  readonly counts: TableCounts;
  readonly suspects: readonly Suspect[];
  readonly differences: readonly Difference[];
}

/** What a comparison that was ended goes on from. */
export interface VerifyProgress {
  /** What is compared with what, so that another comparison's file is not taken for this one's. */
  readonly job: string;
  /** Tables that are done need not be read again. */
  readonly done: readonly TableResult[];
  readonly tables: Readonly<Record<string, TableProgress>>;
}

/**
 * A file that says how far a comparison is. It holds keys of rows, so only its owner may read it. It is replaced as a whole: a crash
 * leaves the one before.
 */
export class ProgressFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** null: there is none. Throws VERIFY_STATE_UNREADABLE for one that is damaged or another comparison's. */
  read(job: string): VerifyProgress | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw this.#unreadable((error as Error).message);
    }
    let progress: VerifyProgress;
    try {
      progress = schema.parse(JSON.parse(text)) as unknown as VerifyProgress;
    } catch {
      throw this.#unreadable('it was written by something else');
    }
    if (progress.job !== job) throw this.#unreadable('it belongs to another comparison');
    return progress;
  }

  write(progress: VerifyProgress): void {
    const text = JSON.stringify(progress, wrap);
    const next = `${this.#path}.next`;
    try {
      writeFileSync(next, text, { mode: 0o600 });
      renameSync(next, this.#path);
    } catch (error) {
      throw this.#unreadable(`it cannot be written: ${(error as Error).message}`);
    }
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #unreadable(reason: string): MillraceError {
    return new MillraceError('VERIFY_STATE_UNREADABLE', { file: this.#path, reason });
  }
}

/** JSON, with what JSON cannot hold wrapped: `{"i":"18446744073709551615"}` an integer, `{"b":"00ff"}` bytes. */
function wrap(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { i: String(value) };
  // A Buffer has turned itself into something else by now; what it was is still in its place.
  const raw = this[name];
  return raw instanceof Uint8Array ? { b: Buffer.from(raw).toString('hex') } : value;
}

const keyValue: z.ZodType<Value> = z.union([
  z.null(),
  z.number(),
  z.string(),
  z.strictObject({ i: z.string().regex(/^-?\d+$/) }).transform(({ i }) => BigInt(i)),
  z
    .strictObject({ b: z.string().regex(/^([0-9a-f]{2})*$/) })
    .transform(({ b }) => new Uint8Array(Buffer.from(b, 'hex'))),
]);
const key = z.array(keyValue);
const count = z.int().min(0);
const counts = z.strictObject({
  rows: count,
  chunks: count,
  skippedRows: count,
  mismatched: count,
  missing: count,
  extra: count,
  unsettled: count,
});
const difference = z.strictObject({
  key,
  verdict: z.enum(['mismatched', 'missing', 'extra', 'unsettled']),
  count,
});
const schema = z.strictObject({
  job: z.string(),
  done: z.array(z.looseObject({ table: z.string(), differences: z.array(difference) })),
  tables: z.record(
    z.string(),
    z.strictObject({
      source: z.string(),
      target: z.string(),
      place: z.strictObject({ phase: z.enum(['forward', 'backward']), after: key.nullable() }),
      counts,
      suspects: z.array(z.strictObject({ sourceKey: key, targetKey: key })),
      differences: z.array(difference),
    }),
  ),
});
