import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMillraceError } from '../core/errors.ts';
import { changeLogClosed, mirrorClosed, snapshotsOver } from './arrival.ts';
import { countChangeLog } from './change-log-count.ts';
import type { DemoSource } from './demo-source.ts';
import { progressLine, verdictJson, verdictText } from './demo-text.ts';
import { openLocalSource, openNamedSource } from './live-source.ts';
import { checksumMirror } from './mirror-checksum.ts';
import { openRecordedSource } from './recorded-source.ts';
import { judge } from './verdict.ts';
import { WorkerProcess } from './worker-process.ts';

export interface DemoOptions {
  /** `mysql://user:password@host:port` of a server to use: the demo makes a database of its own there, and drops it. */
  readonly mysqlUrl?: string;
  /** Use the recording even where a server could be started. */
  readonly recorded?: boolean;
  /** Leave the mirror and the change log where they are. */
  readonly keep?: boolean;
  /** Print the outcome as one JSON object. */
  readonly json?: boolean;
  /** How long the source makes changes (default 8). */
  readonly seconds?: number;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Ends the demo early; what it started is ended. */
  readonly signal?: AbortSignal;
  /** For tests: called with the mirror's path before both sides are compared. */
  readonly beforeVerify?: (mirror: string) => void;
}

/** 0: both sides are equal. 1: the demo could not be run to its end. 3: they differ. */
export type DemoExit = 0 | 1 | 3;

/** When things go wrong on purpose, as parts of the playing time. */
const cutAt = 0.35;
const killAt = 0.65;
/** How long anything may take that is waited for. */
const patienceMs = 60_000;
/** Between two tries to hit the stream's connection. */
const recutAfterMs = 1_000;
const passwordVariable = 'MILLRACE_DEMO_PASSWORD';

/** What went wrong on purpose, and how long it took until rows were durable again. */
export interface Incident {
  readonly what: string;
  readonly recoveredMs: number | null;
}

/**
 * The main job on real input: a shop's changes flow from MySQL into a SQLite mirror and a change log, through a worker that loses
 * its connection once and is killed once; then both sides are compared.
 */
export const runDemo = async (options: DemoOptions): Promise<DemoExit> => {
  const signal = options.signal ?? new AbortController().signal;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const say = (line: string): void => void options.stderr.write(`${line}\n`);
  try {
    await using source = await openSource(options, say);
    return await new Demo(options, source, folder, signal).run();
  } catch (error) {
    say(`error    ${isMillraceError(error) ? `${error.code}  ${error.message}` : (error as Error).message}`);
    if (isMillraceError(error)) say(`         ${error.hint}`);
    return 1;
  } finally {
    if (options.keep !== true) rmSync(folder, { recursive: true, force: true });
  }
};

const openSource = async (options: DemoOptions, say: (line: string) => void): Promise<DemoSource> => {
  const seconds = options.seconds ?? 8;
  if (options.mysqlUrl !== undefined) return await openNamedSource(options.mysqlUrl, seconds);
  if (options.recorded !== true) {
    const local = await openLocalSource(seconds);
    if (local !== null) return local;
    say('note     no MySQL or MariaDB on this machine serves within 10 s, so a recorded binlog stands in');
  }
  return await openRecordedSource(seconds);
};

class Demo {
  readonly #options: DemoOptions;
  readonly #source: DemoSource;
  readonly #signal: AbortSignal;
  readonly #mirror: string;
  readonly #changeLog: string;
  readonly #worker: WorkerProcess;
  readonly #incidents: Incident[] = [];
  readonly #startedMs = performance.now();
  /** What the killed worker had made durable when it last said so. */
  #rowsOfTheDead = 0;

  constructor(options: DemoOptions, source: DemoSource, folder: string, signal: AbortSignal) {
    this.#options = options;
    this.#source = source;
    this.#signal = signal;
    this.#mirror = join(folder, 'mirror.db');
    this.#changeLog = join(folder, 'changes.ndjson');
    const file = join(folder, 'demo.yaml');
    writeFileSync(file, this.#pipelineFile());
    this.#worker = new WorkerProcess(file, { ...process.env, [passwordVariable]: source.password });
  }

  async run(): Promise<DemoExit> {
    const { title, host, port } = this.#source;
    this.#say(`source   ${title}, at ${host}:${port}`);
    this.#say(`sinks    mirror in SQLite: ${this.#mirror}`);
    this.#say(`         change log in Debezium JSON: ${this.#changeLog}`);
    const progress = setInterval(() => this.#showProgress(), this.#live ? 200 : 2_000);
    const over = new AbortController();
    this.#worker.start();
    const playing = this.#source.play(AbortSignal.any([this.#signal, over.signal]));
    try {
      await this.#goWrong();
      await playing;
      if (this.#source.startupMode === 'initial') await this.#waitForSnapshots();
      await this.#source.close();
      await this.#waitFor('the last change is in the mirror', () => mirrorClosed(this.#mirror, this.#source.database));
      await this.#waitFor('the last change is in the change log', () => changeLogClosed(this.#changeLog));
    } finally {
      over.abort();
      await playing;
      clearInterval(progress);
      this.#eraseProgress();
      await this.#worker.stop();
    }
    if (this.#signal.aborted) return 1;
    return await this.#verify();
  }

  /** Cuts the connection, later kills the worker and starts another, and measures how long nothing became durable. */
  async #goWrong(): Promise<void> {
    const playMs = (this.#options.seconds ?? 8) * 1000;
    await this.#until(cutAt * playMs);
    await this.#waitFor('the first rows are durable', () => this.#durableRows > 0);
    const cutMs = await this.#cutStream();
    const before = this.#durableRows;
    await this.#waitFor('rows are durable again', () => this.#durableRows > before);
    this.#note('the connection was cut in the middle of an event', performance.now() - cutMs);

    await this.#until(killAt * playMs);
    const { pid } = this.#worker;
    this.#rowsOfTheDead = this.#durableRows;
    await this.#worker.kill();
    const killedMs = performance.now();
    this.#worker.start();
    await this.#waitFor('rows are durable again', () => this.#durableRows > 0);
    this.#note(`worker ${pid} was killed (SIGKILL) and another one took over`, performance.now() - killedMs);
  }

  /** A cut may hit a snapshot's connection, which is opened again without the stream noticing, so it is repeated until it hits the stream's. */
  async #cutStream(): Promise<number> {
    const retries = this.#worker.report?.retries ?? 0;
    let cutMs = Number.NEGATIVE_INFINITY;
    await this.#waitFor('the worker notices', () => {
      if ((this.#worker.report?.retries ?? 0) > retries) return true;
      if (performance.now() - cutMs > recutAfterMs) {
        this.#source.cut();
        cutMs = performance.now();
      }
      return false;
    });
    return cutMs;
  }

  /** The closing row proves that all came before it only if it comes by the log, not with a snapshot of its table. */
  async #waitForSnapshots(): Promise<void> {
    const tables = (await this.#source.tables()).length;
    await this.#waitFor('every table has been read', () => snapshotsOver(this.#mirror, tables));
  }

  async #verify(): Promise<DemoExit> {
    this.#options.beforeVerify?.(this.#mirror);
    const tables = await this.#source.tables();
    const keys = new Map(tables.map(({ database, name, key }) => [`${database}.${name}`, key]));
    const changeLog = await countChangeLog(this.#changeLog, keys);
    const verdict = judge(tables, (table) => checksumMirror(this.#mirror, table), changeLog, this.#source.changes);
    const outcome = {
      source: { kind: this.#source.kind, title: this.#source.title, serverVersion: this.#source.serverVersion },
      elapsedMs: Math.round(performance.now() - this.#startedMs),
      incidents: this.#incidents,
      ...verdict,
      files: this.#options.keep === true ? { mirror: this.#mirror, changeLog: this.#changeLog } : null,
    };
    this.#options.stdout.write(this.#options.json === true ? verdictJson(outcome) : verdictText(outcome));
    return verdict.equal ? 0 : 3;
  }

  get #durableRows(): number {
    return this.#worker.report?.totals.sync.rows ?? 0;
  }

  get #live(): boolean {
    return this.#options.stderr.isTTY === true;
  }

  /** Lets the demo go on until `ms` after its start. */
  async #until(ms: number): Promise<void> {
    const leftMs = ms - (performance.now() - this.#startedMs);
    if (leftMs > 0) await sleep(leftMs, undefined, { signal: this.#signal }).catch(() => {});
  }

  /** Looks until it is so, or the demo is ended. Throws when the worker fails, and when nothing comes of it for long. */
  async #waitFor(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!condition() && !this.#signal.aborted) {
      if (this.#worker.failed) throw new Error(`the worker ended by itself:\n${this.#worker.output}`);
      if (performance.now() > deadline) {
        throw new Error(`waited ${patienceMs / 1000} s until ${what}; the worker said:\n${this.#worker.output}`);
      }
      await sleep(20);
    }
  }

  #note(what: string, recoveredMs: number): void {
    this.#incidents.push({ what, recoveredMs: Math.round(recoveredMs) });
    this.#say(`  !      ${what}; rows were durable again after ${(recoveredMs / 1000).toFixed(1)} s`);
  }

  #say(line: string): void {
    this.#eraseProgress();
    this.#options.stderr.write(`${line}\n`);
  }

  #showProgress(): void {
    const { report } = this.#worker;
    if (report === null) return;
    const share = Math.min((performance.now() - this.#startedMs) / ((this.#options.seconds ?? 8) * 1000), 1);
    // A recording's commits were long ago: no lag to speak of.
    const line = progressLine(report, {
      share,
      rows: this.#rowsOfTheDead + this.#durableRows,
      lag: this.#source.kind !== 'recording',
    });
    this.#eraseProgress();
    this.#options.stderr.write(this.#live ? line.slice(0, (this.#options.stderr.columns ?? 120) - 1) : `${line}\n`);
  }

  #eraseProgress(): void {
    if (this.#live) this.#options.stderr.write('\r\x1b[K');
  }

  #pipelineFile(): string {
    const { host, port, user, database, startupMode } = this.#source;
    return [
      'source:',
      '  type: mysql',
      `  hostname: ${host}`,
      `  port: ${port}`,
      `  username: ${JSON.stringify(user)}`,
      `  password: \${${passwordVariable}}`,
      `  tables: ${database}.\\.*`,
      `  scan.startup.mode: ${startupMode}`,
      'sink:',
      '  - type: sqlite',
      `    path: ${JSON.stringify(this.#mirror)}`,
      '  - type: file',
      `    path: ${JSON.stringify(this.#changeLog)}`,
      'pipeline:',
      '  name: demo',
      '',
    ].join('\n');
  }
}
