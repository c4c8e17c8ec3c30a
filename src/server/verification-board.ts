import { z } from 'zod';

/** How a comparison can end. */
export const verdicts = ['equal', 'different', 'undecided', 'failed'] as const;
export type Verdict = (typeof verdicts)[number];

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What `millrace verify --report` tells of one comparison, while it runs and as it ends. */
export const verificationBody = z.strictObject({
  run: z.string().min(1).max(64).describe('Which run it is; the counts of one run only grow.'),
  sink: z.string().min(1).max(200).describe('The sink that is compared with the source.'),
  result: z.enum(['running', ...verdicts]),
  tables: count,
  tablesDone: count,
  rows: z
    .strictObject({ match: count, mismatch: count, missing: count, extra: count, unsettled: count })
    .describe('Rows of the tables that are done.'),
});
export type VerificationReport = z.output<typeof verificationBody>;

/** What is known of the comparisons of one sink since this server began. */
export interface VerificationView {
  readonly sink: string;
  readonly running: boolean;
  /** Of the last run that ended; null: none has. */
  readonly result: Verdict | null;
  /** Of the run under way, else of the last. */
  readonly tables: number;
  readonly tablesDone: number;
  /** Over all runs. */
  readonly rows: VerificationReport['rows'];
  /** When the last run ended, and the last that found both sides equal, in milliseconds since 1970; null: none. */
  readonly endedAtMs: number | null;
  readonly equalAtMs: number | null;
}

interface Known {
  view: VerificationView;
  /** Rows of the runs before `run`. */
  before: VerificationReport['rows'];
  run: string;
}

const noRows = { match: 0, mismatch: 0, missing: 0, extra: 0, unsettled: 0 };

/** Sinks beyond this many push out those that were told of first. */
const mostSinks = 50;

/** The comparisons of one pipeline, as they were reported. Forgotten when the server ends. */
export class VerificationBoard {
  readonly #bySink = new Map<string, Known>();

  /** Takes a report; gives the result that stood before it. */
  take(report: VerificationReport, nowMs: number): VerificationView['result'] {
    const { sink, run, result, tables, tablesDone } = report;
    const known = this.#bySink.get(sink);
    const before = known === undefined ? noRows : known.run === run ? known.before : known.view.rows;
    const ends = result !== 'running';
    const last = known?.view;
    const view: VerificationView = {
      sink,
      running: !ends,
      result: ends ? result : (last?.result ?? null),
      tables,
      tablesDone,
      rows: sum(before, report.rows),
      endedAtMs: ends ? nowMs : (last?.endedAtMs ?? null),
      equalAtMs: result === 'equal' ? nowMs : (last?.equalAtMs ?? null),
    };
    this.#bySink.set(sink, { view, before, run });
    if (this.#bySink.size > mostSinks) this.#bySink.delete(this.#bySink.keys().next().value!);
    return last?.result ?? null;
  }

  list(): readonly VerificationView[] {
    return [...this.#bySink.values()].map(({ view }) => view);
  }
}

const sum = (a: VerificationReport['rows'], b: VerificationReport['rows']): VerificationReport['rows'] => ({
  match: a.match + b.match,
  mismatch: a.mismatch + b.mismatch,
  missing: a.missing + b.missing,
  extra: a.extra + b.extra,
  unsettled: a.unsettled + b.unsettled,
});
