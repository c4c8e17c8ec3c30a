import assert from 'node:assert/strict';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { SqlFunction } from '../sql/functions/define.ts';
import { parseScript } from '../sql/parse/script.ts';
import { changelogOf } from '../sql/plan/changelog.ts';
import { digestOf } from '../sql/plan/fingerprint.ts';
import type { SqlJob } from '../sql-pipeline/job.ts';
import { type JobSurroundings, jobOptions } from '../sql-pipeline/job-options.ts';
import { ownState } from '../sql-pipeline/own-state.ts';
import { SqlProgram } from '../sql-pipeline/sql-program.ts';

export interface TopologyOptions {
  /** What positions are kept under in the systems that are written. */
  readonly name: string;
  /** End with the result of everything that there is. */
  readonly bounded?: boolean;
  /** Of times that have none of their own; the default is the machine's. */
  readonly timeZone?: string;
  /**
   * Says which the program's own functions are. What they computed is taken up by a start whose version, steps and texts of functions are the
   * same: give another one when something changes that their texts do not show, as what they import. Without it functions keep nothing.
   */
  readonly version?: string;
  readonly state?: StateOptions;
}

/** Where and how often what the steps remember is kept, so that a start goes on from there. */
export interface StateOptions {
  /** A folder of this machine that holds one for each program; the default is `$MILLRACE_STATE`, or `.millrace/state` where the program runs. */
  readonly directory?: string;
  /** How long changes stay in memory alone at most, in milliseconds; the default is 10 000, and 0 keeps nothing. */
  readonly intervalMs?: number;
}

export interface RunOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Where lines of `print` go. */
  readonly print?: (text: string) => Promise<void>;
}

/** How what the queries read is opened, unless a test says otherwise. */
type Opened = Pick<JobSurroundings, 'open'>;

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Makes a function of SQL; `made` is equal in programs that compute the same. */
type MakeFunction = (made: string) => SqlFunction;

/** What the steps of a program have declared: views, functions and inserts of one SQL session, under names of its own. */
export class Topology {
  readonly name: string;
  readonly #options: TopologyOptions;
  /** Knows each step as soon as it is there, so that mistakes throw where they are made. */
  readonly #program: SqlProgram;
  readonly #steps: ((program: SqlProgram, made: string) => void)[] = [];
  readonly #inserts: string[] = [];
  /** What the steps compute, as far as texts say it; where rows come from and go to has no part in it. */
  readonly #shape: unknown[] = [];
  #names = 0;
  #hasFunctions = false;

  constructor(options: TopologyOptions) {
    const { name, timeZone, version, state: { directory, intervalMs } = {} } = options;
    if (version === '') throw new RangeError('a version has at least one character');
    this.name = name;
    this.#options = options;
    this.#program = this.#session();
    if (timeZone !== undefined) this.#declare(`SET 'table.local-time-zone' = ${quoted(timeZone)}`);
    this.#declare(`SET 'pipeline.name' = ${quoted(name)}`);
    if (directory !== undefined) this.#declare(`SET 'execution.checkpointing.dir' = ${quoted(directory)}`);
    if (intervalMs !== undefined) this.#declare(`SET 'execution.checkpointing.interval' = '${intervalMs} ms'`);
  }

  /** A name that nothing has yet. */
  free(what: string): string {
    this.#names += 1;
    return `${what}_${this.#names}`;
  }

  /** `columns` and `options` as CREATE TABLE has them. */
  table(name: string, columns: readonly string[], options: string): void {
    const declaration = `CREATE TABLE ${name} (${columns.join(', ')})`;
    this.#declare(`${declaration} ${options}`);
    this.#shape.push(declaration);
  }

  /** A query by a name of its own. */
  view(what: string, query: string): string {
    const name = this.free(what);
    this.#declare(`CREATE TEMPORARY VIEW ${name} AS ${query}`);
    this.#shape.push([name, query]);
    return name;
  }

  /** `code`: what the program gave for it. */
  function(make: MakeFunction, code: readonly ((...args: never[]) => unknown)[]): void {
    this.#step((program, made) => program.declareFunction(make(made)));
    this.#shape.push(code.map(String));
    this.#hasFunctions = true;
  }

  insert(target: string, query: string): void {
    this.#inserts.push(`INSERT INTO ${target} ${query};`);
    this.#shape.push([target, query]);
  }

  /** Whether rows of a declared table are only ever added. */
  appends(table: string): boolean {
    const outcome = this.#program.take(parseScript(`SELECT * FROM ${table}`)[0]!);
    return outcome.kind === 'query' && changelogOf(outcome.query.plan).kinds.every((kind) => kind === 'I');
  }

  /** The plan of everything that is written, as EXPLAIN prints it. */
  explain(): string {
    if (this.#inserts.length === 0) return '';
    const outcome = this.#program.take(parseScript(`EXPLAIN STATEMENT SET BEGIN ${this.#inserts.join(' ')} END`)[0]!);
    return outcome.kind === 'plan' ? outcome.text : '';
  }

  /** Throws a TypeError when nothing is written. */
  job(): SqlJob {
    if (this.#inserts.length === 0) throw new TypeError('nothing is written: end a stream with to() or print()');
    // Only now it is known what the functions are part of, so all steps are taken once more.
    const made = digestOf([this.#options.version ?? null, this.#shape]);
    const program = this.#session();
    for (const step of this.#steps) step(program, made);
    const outcome = program.take(parseScript(`EXECUTE STATEMENT SET BEGIN ${this.#inserts.join(' ')} END`)[0]!);
    assert(outcome.kind === 'job', 'a statement set is a job');
    return { ...outcome.job, identity: digestOf([outcome.job.identity, made]) };
  }

  /** Throws a TypeError when nothing is written, or state is asked for of functions that have no version. */
  pipeline({ log = silent, clock = systemClock, print = printed, ...opened }: RunOptions & Opened = {}): Pipeline {
    const job = this.job();
    const { state, version } = this.#options;
    const isKept = !this.#hasFunctions || version !== undefined;
    if (!isKept && state !== undefined && state.intervalMs !== 0)
      throw new TypeError('state is kept of functions that have a version: streams({ version, state })');
    // Nothing says whether they are those of the last run.
    if (!isKept && !job.bounded)
      log.info('no state is kept', { job: job.name, reason: 'its functions have no version' });
    return createPipeline(jobOptions(job, { ...opened, log, clock, print, state: isKept ? ownState() : null }));
  }

  #session(): SqlProgram {
    const { bounded = false } = this.#options;
    return new SqlProgram({ bounded, server: null, expand: (text) => text, hide: () => {} });
  }

  #declare(sql: string): void {
    const statements = parseScript(sql);
    this.#step((program) => {
      for (const statement of statements) program.take(statement);
    });
  }

  #step(step: (program: SqlProgram, made: string) => void): void {
    step(this.#program, '');
    this.#steps.push(step);
  }
}

const printed = (text: string): Promise<void> =>
  new Promise((written, failed) => {
    process.stdout.write(text, (error) => (error ? failed(error) : written()));
  });

/** A text of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name of SQL. */
export const named = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
