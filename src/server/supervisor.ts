import { createHash } from 'node:crypto';
import { existsSync, type FSWatcher, readdirSync, unlinkSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { diagnosticObject } from '../config/diagnostic-object.ts';
import type { LoadedFile, PipelineFile } from '../config/pipeline-file.ts';
import { placeName } from '../config/source-text.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { ChildPipeline, type ChildProgram } from './child-pipeline.ts';
import { DesiredStates, writeWhole } from './desired-states.ts';
import { EventRing } from './event-ring.ts';
import type { FilePut, Fleet, FleetFiles, OperatedPipeline } from './fleet.ts';
import type { LogLine } from './log-ring.ts';
import type { Desired } from './pipeline-view.ts';
import { planChanges } from './plan-changes.ts';
import { RefusedFile } from './refused-file.ts';
import { type ToldPipeline, toldPipeline } from './told-pipeline.ts';

export interface SupervisorOptions {
  /** Files named one by one. */
  readonly files: readonly string[];
  /** A folder whose .yaml and .yml files are run; null: none. */
  readonly folder: string | null;
  readonly stateFolder: string;
  readonly program: ChildProgram;
  /** Lints a file; `text` instead of what is on the disk, where given. */
  readonly load: (path: string, text?: string) => Promise<LoadedFile>;
  /** Every setting of a pipeline, secrets hidden. */
  readonly plan: (file: PipelineFile) => unknown;
  readonly log: Log;
  /** A line that a pipeline logged. */
  readonly onLine: (pipeline: string, line: LogLine) => void;
}

/** One pipeline as its file describes it. */
interface Described {
  readonly path: string;
  readonly plan: unknown;
  readonly told: ToldPipeline;
  /** Differs whenever anything does, secrets included. */
  readonly fingerprint: string;
  /** The file describes this pipeline and no other. */
  readonly alone: boolean;
}

interface Entry {
  readonly described: Described;
  readonly child: ChildPipeline;
}

/** Editors write a file in several steps, and folders that are mounted change all files at once. */
const settleMs = 200;

/** Runs the pipelines of files, each in a process of its own, and follows what changes in the files. */
export class Supervisor implements Fleet, FleetFiles, AsyncDisposable {
  readonly events = new EventRing();
  readonly #options: SupervisorOptions;
  readonly #states: DesiredStates;
  readonly #entries = new Map<string, Entry>();
  readonly #operated = new Map<string, OperatedPipeline>();
  readonly #watchers: FSWatcher[] = [];
  /** Wrong files that were told about, by path: the fingerprint of what was said. */
  readonly #complaints = new Map<string, string>();
  #settle: NodeJS.Timeout | null = null;
  /** Changes are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#states = new DesiredStates(options.stateFolder);
  }

  /** Starts everything that the files describe. A wrong file is told about in the log, and does not keep the others. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options);
    await supervisor.#inTurn(() => supervisor.#reload());
    supervisor.#watch();
    return supervisor;
  }

  get pipelines(): ReadonlyMap<string, OperatedPipeline> {
    return this.#operated;
  }

  get files(): FleetFiles {
    return this;
  }

  /** Reads all files again: starts, changes and ends what differs. What cannot be read is told, and changes nothing. */
  async reload(): Promise<void> {
    try {
      await this.#inTurn(() => this.#reload());
    } catch (error) {
      const { log } = this.#options;
      log.error('cannot read the files again', {
        code: isMillraceError(error) ? error.code : 'INTERNAL',
        error: (error as Error).message,
      });
    }
  }

  get stateFolder(): string {
    return this.#options.stateFolder;
  }

  put(name: string, text: string, begin: Desired = 'running'): Promise<FilePut> {
    return this.#inTurn(() => this.#put(name, text, begin));
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(() => this.#remove(name));
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const { child } of this.#entries.values()) child.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#settle !== null) clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
    await Promise.all([...this.#entries.values()].map(({ child }) => child.close()));
    await this.#last;
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const described = new Map<string, Described>();
    const kept = new Set<string>();
    for (const path of this.#paths()) {
      const loaded = await this.#options.load(path);
      if (loaded.pipelines.length === 0) {
        this.#complain(loaded);
        // What ran from this file goes on running as it was.
        for (const [name, entry] of this.#entries) if (entry.described.path === path) kept.add(name);
        continue;
      }
      this.#complaints.delete(path);
      for (const [name, pipeline] of this.#describe(loaded)) {
        const other = described.get(name);
        if (other === undefined) described.set(name, pipeline);
        else {
          const error = new MillraceError('API_NAME_TAKEN', { pipeline: name, file: other.path });
          const { log } = this.#options;
          log.error('two pipelines have one name', { code: error.code, pipeline: name, file: path, other: other.path });
        }
      }
    }
    for (const name of this.#entries.keys()) if (!described.has(name) && !kept.has(name)) await this.#drop(name);
    for (const [name, pipeline] of described) if (!kept.has(name)) await this.#apply(name, pipeline);
  }

  async #put(name: string, text: string, begin: Desired): Promise<FilePut> {
    if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) {
      throw new MillraceError('API_BAD_JSON', { reason: 'a name has letters, digits, dots, dashes and underscores' });
    }
    const { load, stateFolder, folder } = this.#options;
    const present = this.#entries.get(name)?.described;
    if (present !== undefined && !this.#owns(present)) {
      throw new MillraceError('API_NAME_TAKEN', { pipeline: name, file: present.path });
    }
    const path = present?.path ?? join(folder ?? join(stateFolder, 'pipelines'), `${name}.yaml`);
    const loaded = await load(path, text);
    const diagnostics = loaded.diagnostics.map((diagnostic) => diagnosticObject(loaded, diagnostic));
    const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      const first = loaded.redact(errors[0]!.error.message);
      throw new RefusedFile({ pipeline: name, errors: errors.length, first }, diagnostics);
    }
    const described = this.#describe(loaded);
    if (described.size !== 1 || !described.has(name)) {
      const names = [...described.keys()].join(', ');
      throw new MillraceError('API_BAD_JSON', { reason: `the file describes ${names}, and the path names ${name}` });
    }
    const wanted = described.get(name)!;
    if (present === undefined && existsSync(path))
      throw new MillraceError('API_NAME_TAKEN', { pipeline: name, file: path });
    if (present === undefined && begin !== 'running') this.#states.set(name, begin);
    writeWhole(path, text);
    const change =
      present === undefined ? 'added' : present.fingerprint === wanted.fingerprint ? 'unchanged' : 'changed';
    await this.#apply(name, wanted);
    return { change, diagnostics };
  }

  async #remove(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new MillraceError('API_UNKNOWN_PIPELINE', { pipeline: name, suggestion: null });
    if (!this.#owns(entry.described)) {
      throw new MillraceError('API_NOT_SUPPORTED', {
        what: `removing ${name}, which ${entry.described.path} describes,`,
      });
    }
    unlinkSync(entry.described.path);
    this.#states.set(name, 'running');
    await this.#drop(name);
  }

  /** Whether the API may write the file: it lies in the folder, and describes one pipeline. */
  #owns({ path, alone }: Described): boolean {
    const { folder, stateFolder } = this.#options;
    return alone && dirname(path) === resolve(folder ?? join(stateFolder, 'pipelines'));
  }

  #paths(): readonly string[] {
    const { files, folder, stateFolder } = this.#options;
    return [...files.map((file) => resolve(file)), ...filesIn(folder ?? join(stateFolder, 'pipelines'))];
  }

  #describe(loaded: LoadedFile): ReadonlyMap<string, Described> {
    const alone = loaded.pipelines.length === 1;
    return new Map(
      loaded.pipelines.map((pipeline) => [
        pipeline.name,
        {
          path: resolve(loaded.file),
          plan: this.#options.plan(pipeline),
          told: toldPipeline(pipeline, loaded.secrets),
          fingerprint: fingerprintOf(pipeline),
          alone,
        },
      ]),
    );
  }

  async #apply(name: string, described: Described): Promise<void> {
    const { log } = this.#options;
    const present = this.#entries.get(name);
    if (present?.described.fingerprint === described.fingerprint && present.described.path === described.path) return;
    if (present === undefined) {
      log.info('a pipeline was added', { pipeline: name, file: described.path, wanted: this.#states.of(name) });
      this.events.publish('added', { pipeline: name, file: described.path });
    } else {
      const changes = planChanges(present.described.plan, described.plan);
      log.info('a pipeline was changed', {
        pipeline: name,
        file: described.path,
        changes: changes.join('; ') || 'secrets',
      });
      this.events.publish('changed', { pipeline: name, changes });
      await present.child.close();
    }
    const child = this.#childOf(name, described);
    this.#entries.set(name, { described, child });
    this.#operated.set(name, this.#remembering(child));
  }

  /** What a process is told at its start: what the file says now, or what it said last when it is wrong by now. */
  #tells(name: string, { path, told }: Described): () => Promise<ToldPipeline> {
    let last = told;
    let isFirst = true;
    return async () => {
      if (!isFirst) {
        const { pipelines, secrets } = await this.#options.load(path);
        const pipeline = pipelines.find((each) => each.name === name);
        if (pipeline !== undefined) last = toldPipeline(pipeline, secrets);
      }
      isFirst = false;
      return last;
    };
  }

  #childOf(name: string, described: Described): ChildPipeline {
    const { path, plan } = described;
    const { program, log, onLine } = this.#options;
    return new ChildPipeline({
      name,
      file: path,
      plan,
      describe: this.#tells(name, described),
      program,
      desired: this.#states.of(name),
      events: this.events,
      log,
      onLine: (line) => onLine(name, line),
    });
  }

  /** What is asked of the pipeline is written down before it is done. */
  #remembering(child: ChildPipeline): OperatedPipeline {
    const want = async (desired: Desired): Promise<void> => {
      this.#states.set(child.name, desired);
      await child.want(desired);
    };
    return {
      name: child.name,
      logs: child.logs,
      verifications: child.verifications,
      plan: child.plan,
      view: () => child.view(),
      ask: (question) => child.ask(question),
      tail: (filter, onRows) => child.tail(filter, onRows),
      want,
      restart: async () => {
        await child.restart();
        this.#states.set(child.name, child.desired);
      },
    };
  }

  async #drop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    this.#operated.delete(name);
    const { log } = this.#options;
    log.info('a pipeline was removed', { pipeline: name, file: entry?.described.path ?? null });
    this.events.publish('removed', { pipeline: name });
    await entry?.child.close();
  }

  /** Once for each state of a wrong file. */
  #complain(loaded: LoadedFile): void {
    const said = loaded.diagnostics.map(({ severity, error, place }) => ({
      severity,
      code: error.code,
      text: `${place === null ? loaded.file : placeName(place)}: ${loaded.redact(error.message)}`,
      remedy: error.hint,
    }));
    const mark = JSON.stringify(said);
    if (this.#complaints.get(loaded.file) === mark) return;
    this.#complaints.set(loaded.file, mark);
    const { log } = this.#options;
    for (const { severity, code, text, remedy } of said) {
      const fields = { code, finding: text, remedy };
      if (severity === 'error') log.error('a file has an error', fields);
      else log.warn('a file has a warning', fields);
    }
    const running = [...this.#entries].filter(([, { described }]) => described.path === loaded.file);
    log.error('a pipeline file is wrong', {
      file: loaded.file,
      goesOn: running.map(([name]) => name).join(', ') || 'nothing',
    });
  }

  #watch(): void {
    const folders = new Set(this.#paths().map((path) => dirname(path)));
    if (this.#options.folder !== null) folders.add(resolve(this.#options.folder));
    for (const folder of folders) {
      try {
        const watcher = watch(folder, () => this.#changed());
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch (error) {
        const { log } = this.#options;
        log.warn('cannot follow a folder; SIGHUP reads it again', {
          folder,
          error: (error as Error).message,
        });
      }
    }
  }

  #changed(): void {
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.reload(), settleMs);
    this.#settle.unref();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

const filesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith('.'))
      .sort()
      .map((name) => resolve(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new MillraceError('CONFIG_UNREADABLE', {
      file: folder,
      reason: (error as NodeJS.ErrnoException).code ?? 'unreadable',
    });
  }
};

const fingerprintOf = ({
  name,
  sources,
  sinks,
  transforms,
  routes,
  processes,
  settings,
  sql,
}: PipelineFile): string => {
  const ends = [...sources, ...sinks].map(({ name: end, connector, config, frame }) => [
    end,
    connector.type,
    config,
    frame,
  ]);
  const plain = JSON.stringify([name, ends, transforms, routes, processes, settings, sql?.text], (_, value: unknown) =>
    typeof value === 'bigint'
      ? String(value)
      : value instanceof Map || value instanceof Set
        ? [...value]
        : value instanceof RegExp
          ? String(value)
          : value,
  );
  return createHash('sha256').update(plain).digest('hex');
};
