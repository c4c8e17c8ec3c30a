import assert from 'node:assert/strict';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { SqlFunction } from '../sql/functions/define.ts';
import { parseScript } from '../sql/parse/script.ts';
import { changelogOf } from '../sql/plan/changelog.ts';
import type { SqlJob } from '../sql-pipeline/job.ts';
import { jobOptions } from '../sql-pipeline/job-options.ts';
import { SqlProgram } from '../sql-pipeline/sql-program.ts';

export interface TopologyOptions {
  /** What positions are kept under in the systems that are written. */
  readonly name: string;
  /** End with the result of everything that there is. */
  readonly bounded?: boolean;
  /** Of times that have none of their own; the default is the machine's. */
  readonly timeZone?: string;
}

export interface RunOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  /** Where lines of `print` go. */
  readonly print?: (text: string) => Promise<void>;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** What the steps of a program have declared: views, functions and inserts of one SQL session, under names of its own. */
export class Topology {
  readonly name: string;
  readonly #program: SqlProgram;
  readonly #inserts: string[] = [];
  #steps = 0;

  constructor({ name, bounded = false, timeZone }: TopologyOptions) {
    this.name = name;
    this.#program = new SqlProgram({ bounded, server: null, expand: (text) => text, hide: () => {} });
    if (timeZone !== undefined) this.declare(`SET 'table.local-time-zone' = ${quoted(timeZone)}`);
    this.declare(`SET 'pipeline.name' = ${quoted(name)}`);
  }

  /** A name that nothing has yet. */
  free(what: string): string {
    this.#steps += 1;
    return `${what}_${this.#steps}`;
  }

  declare(sql: string): void {
    for (const statement of parseScript(sql)) this.#program.take(statement);
  }

  /** A query by a name of its own. */
  view(what: string, query: string): string {
    const name = this.free(what);
    this.declare(`CREATE TEMPORARY VIEW ${name} AS ${query}`);
    return name;
  }

  function(definition: SqlFunction): void {
    this.#program.declareFunction(definition);
  }

  insert(target: string, query: string): void {
    this.#inserts.push(`INSERT INTO ${target} ${query};`);
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
    const outcome = this.#program.take(parseScript(`EXECUTE STATEMENT SET BEGIN ${this.#inserts.join(' ')} END`)[0]!);
    assert(outcome.kind === 'job', 'a statement set is a job');
    return outcome.job;
  }

  pipeline({ log = silent, clock = systemClock, print = printed }: RunOptions = {}): Pipeline {
    // Nothing says whether a program's functions are those of its last run, so what they computed then is not kept.
    return createPipeline(jobOptions(this.job(), { log, clock, print, state: null }));
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
