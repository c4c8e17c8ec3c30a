import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { EventRing } from './event-ring.ts';
import type { OperatedPipeline } from './fleet.ts';
import { type LogLine, LogRing } from './log-ring.ts';
import { type Desired, type PipelineView, type StatusObject, silentStatus } from './pipeline-view.ts';
import type { AnswerTo, FromChild, Question, ToChild } from './question.ts';
import type { TailFilter, TailRows } from './tail.ts';
import type { ToldPipeline } from './told-pipeline.ts';
import { VerificationBoard } from './verification-board.ts';

/** The program that runs one pipeline: called with the file and the pipeline's name, for lists of processes, and then told all of it. */
export interface ChildProgram {
  readonly path: string;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ChildOptions {
  readonly name: string;
  readonly file: string;
  readonly plan: unknown;
  /** What the process is told: asked for at each start, so that a secret that was changed meanwhile is a new process's. */
  readonly describe: () => Promise<ToldPipeline>;
  readonly program: ChildProgram;
  readonly desired: Desired;
  readonly events: EventRing;
  /** Where the supervisor tells what happens to processes. */
  readonly log: Log;
  /** A line that the pipeline logged. */
  readonly onLine: (line: LogLine) => void;
}

const statusWithinMs = 5_000;
const answerWithinMs = 110_000;
/** How long a process may take to end gracefully before it is killed; nothing is lost by that. */
const endWithinMs = 30_000;
/** Who lived so long has recovered: the next death is met at once again. */
const recoveredMs = 30_000;
const firstPauseMs = 250;
const longestPauseMs = 30_000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One pipeline in a process of its own, and the next process when that one dies. */
export class ChildPipeline implements OperatedPipeline {
  readonly name: string;
  readonly verifications = new VerificationBoard();
  readonly logs = new LogRing();
  readonly #options: ChildOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #tails = new Map<number, { readonly filter: TailFilter; readonly onRows: (rows: TailRows) => void }>();
  #child: ChildProcess | null = null;
  #ready = false;
  /** Whether the process was told to begin paused. */
  #begunPaused = false;
  #desired: Desired;
  #nextId = 1;
  #startedAtMs: number | null = null;
  #deaths = 0;
  #restarts = 0;
  #lastEnd: string | null = null;
  /** The end of what the process wrote to stderr: why it died, if it said so. */
  #stderr = '';
  #pause: AbortController | null = null;
  #closed = false;
  /** Starts and ends take their turns: a new process must not begin beside the old one. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#options = options;
    this.#desired = options.desired;
    if (this.#desired !== 'stopped') this.#start();
  }

  get plan(): unknown {
    return this.#options.plan;
  }

  get desired(): Desired {
    return this.#desired;
  }

  async view(): Promise<PipelineView> {
    const status = await this.#status();
    return {
      ...status,
      file: this.#options.file,
      desired: this.#desired,
      process: {
        pid: this.#child?.pid ?? null,
        startedAt: this.#startedAtMs === null ? null : new Date(this.#startedAtMs).toISOString(),
        restarts: this.#restarts,
        lastEnd: this.#lastEnd,
      },
      verifications: this.verifications.list(),
    };
  }

  async ask<Asked extends Question>(question: Asked): Promise<AnswerTo<Asked>> {
    if (this.#child === null || !this.#ready) {
      const state = this.#desired === 'stopped' ? 'stopped' : 'starting';
      const wanted = question.ask.startsWith('offsets') ? 'paused' : 'running';
      throw new MillraceError('API_PIPELINE_STATE', { pipeline: this.name, state, wanted });
    }
    return (await this.#send(question, answerWithinMs)) as AnswerTo<Asked>;
  }

  want(desired: Desired): Promise<void> {
    return this.#inTurn(() => this.#want(desired));
  }

  async #want(desired: Desired): Promise<void> {
    this.#desired = desired;
    if (desired === 'stopped') {
      await this.#end();
      return;
    }
    if (this.#child === null) {
      // Somebody is here, so a pause after deaths is over.
      this.#pause?.abort();
      this.#deaths = 0;
      this.#start();
    } else if (this.#ready) {
      await this.#send({ ask: desired === 'paused' ? 'pause' : 'resume' }, answerWithinMs);
    }
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#end();
      if (this.#desired === 'stopped') this.#desired = 'running';
      this.#deaths = 0;
      this.#start();
    });
  }

  tail(filter: TailFilter, onRows: (rows: TailRows) => void): () => void {
    const id = this.#nextId++;
    this.#tails.set(id, { filter, onRows });
    if (this.#ready) this.#tell({ kind: 'tail', id, filter });
    return () => {
      this.#tails.delete(id);
      if (this.#ready) this.#tell({ kind: 'untail', id });
    };
  }

  /** Ends the process gracefully, for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#inTurn(() => this.#end());
  }

  /** Ends the process at once, for good. Nothing is lost: the sinks hold the position. */
  kill(): void {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
  }

  async #status(): Promise<StatusObject> {
    const { name } = this;
    if (this.#child === null) {
      if (this.#desired === 'stopped') return silentStatus(name, 'paused', 'stopped on request', null);
      return silentStatus(
        name,
        'degraded',
        `its process ended: ${this.#lastEnd}; it is started again`,
        'SERVE_CHILD_ENDED',
      );
    }
    if (!this.#ready) return silentStatus(name, 'degraded', 'its process is starting', null);
    try {
      return (await this.#send({ ask: 'status' }, statusWithinMs)) as StatusObject;
    } catch (error) {
      const { code, message } = error as MillraceError;
      return silentStatus(name, code === 'SERVE_CHILD_SILENT' ? 'stalled' : 'degraded', message, code);
    }
  }

  #start(): void {
    const { file, program } = this.#options;
    if (this.#closed) return;
    this.#pause = null;
    this.#ready = false;
    this.#stderr = '';
    this.#startedAtMs = Date.now();
    const child = fork(program.path, [file, this.name], {
      execArgv: [...program.execArgv],
      env: { ...program.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    void this.#begin(child);
    child.on('message', (message) => {
      if (this.#child === child) this.#take(message as FromChild);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000);
    });
    // Its end comes as `exit` too.
    child.on('error', (error) => {
      this.#stderr = error.message;
      if (child.pid === undefined) this.#ended(child, 'it could not be started');
    });
    child.on('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
  }

  /** While the process starts. */
  async #begin(child: ChildProcess): Promise<void> {
    const told = await this.#options.describe();
    if (this.#child !== child || !child.connected) return;
    this.#begunPaused = this.#desired === 'paused';
    child.send({ kind: 'begin', told, paused: this.#begunPaused } satisfies ToChild, () => {});
  }

  #take(message: FromChild): void {
    switch (message.kind) {
      case 'ready':
        this.#ready = true;
        for (const [id, { filter }] of this.#tails) this.#tell({ kind: 'tail', id, filter });
        // What was asked for while it started.
        if ((this.#desired === 'paused') !== this.#begunPaused)
          void this.#send({ ask: this.#begunPaused ? 'resume' : 'pause' }, answerWithinMs).catch(() => {});
        return;
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.answer);
        return;
      case 'refusal': {
        const { code, details } = message.error;
        this.#waiting.get(message.id)?.reject(new MillraceError(code, details));
        return;
      }
      case 'log':
        this.logs.add(message.line);
        this.#options.onLine(message.line);
        return;
      case 'rows':
        this.#tails.get(message.id)?.onRows(message.rows);
        return;
      case 'health': {
        const { health, reason, code } = message.status;
        this.#options.events.publish('health', { pipeline: this.name, health, reason, code });
        return;
      }
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#ready = false;
    const said = lastWords(this.#stderr);
    const reason = said === '' ? how : `${how}: ${said}`;
    const error = new MillraceError('SERVE_CHILD_ENDED', { pipeline: this.name, reason });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    if (this.#closed || this.#desired === 'stopped') return;
    this.#lastEnd = reason;
    const livedMs = Date.now() - (this.#startedAtMs ?? 0);
    this.#deaths = livedMs > recoveredMs ? 1 : this.#deaths + 1;
    const pauseMs = this.#deaths === 1 ? 0 : Math.min(firstPauseMs * 2 ** (this.#deaths - 2), longestPauseMs);
    const fields = { pipeline: this.name, reason, pauseMs };
    const { log } = this.#options;
    log.error('the process of a pipeline ended', fields);
    this.#options.events.publish('process', fields);
    void this.#startAfter(pauseMs);
  }

  async #startAfter(pauseMs: number): Promise<void> {
    const pause = new AbortController();
    this.#pause = pause;
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: pause.signal, ref: false }).catch(() => {});
    if (pause.signal.aborted || this.#child !== null || this.#closed || this.#desired === 'stopped') return;
    this.#restarts += 1;
    this.#start();
  }

  async #end(): Promise<void> {
    this.#pause?.abort();
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, 'exit');
    // From here on its end is no accident.
    this.#child = null;
    const wasReady = this.#ready;
    this.#ready = false;
    if (wasReady && child.connected) child.send({ kind: 'stop' } satisfies ToChild);
    else child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), endWithinMs);
    try {
      if (child.exitCode === null && child.signalCode === null) await exited;
    } finally {
      clearTimeout(late);
    }
    const error = new MillraceError('SERVE_CHILD_ENDED', { pipeline: this.name, reason: 'it was stopped' });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #send(question: Question, withinMs: number): Promise<unknown> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    const late = setTimeout(
      () => reject(new MillraceError('SERVE_CHILD_SILENT', { pipeline: this.name, seconds: withinMs / 1000 })),
      withinMs,
    );
    try {
      this.#tell({ kind: 'question', id, question });
      return await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  #tell(message: ToChild): void {
    // The answer, or the process's end, says whether it arrived.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }
}

/** The last line that says something: an uncaught error is `Error: words` followed by its stack. */
const lastWords = (stderr: string): string => {
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.findLast((line) => /^(\w*Error\b|FATAL ERROR)/.test(line));
  return (
    error ??
    lines.findLast((line) => line !== '' && !line.startsWith('at ') && !line.startsWith('Node.js')) ??
    ''
  ).slice(0, 300);
};
