import { nearestName } from '../core/nearest-name.ts';
import { byteSize, duration } from '../core/settings.ts';
import type { SetOption } from '../sql/ast/statement.ts';
import { sqlError } from '../sql/sql-error.ts';
import type { StateSettings } from './job.ts';

/** Flink's settings that describe how a cluster runs a job: read, and without a meaning for one process. */
const withoutEffect = [
  'parallelism.',
  'pipeline.max-parallelism',
  'pipeline.object-reuse',
  'execution.checkpointing.',
  'execution.attached',
  'execution.target',
  'restart-strategy',
  'state.',
  'taskmanager.',
  'jobmanager.',
  'table.exec.mini-batch.',
  'table.exec.resource.',
  'table.dml-sync',
  'table.optimizer.',
  'sql-client.verbose',
  'sql-client.display.',
];

const known = [
  'execution.checkpointing.dir',
  'execution.checkpointing.interval',
  'execution.runtime-mode',
  'pipeline.name',
  'sql-client.execution.result-mode',
  'state.checkpoints.dir',
  'state.memory',
  'table.exec.source.idle-timeout',
  'table.exec.state.ttl',
  'table.local-time-zone',
];

/** How a result is shown: as it stands, as lines of what comes and goes, or as such lines in a box. */
export type ResultMode = 'table' | 'changelog' | 'tableau';

/** How often a job that says nothing about it is kept, in milliseconds. */
const defaultIntervalMs = 10_000;
/** What a job's state may take of memory, in bytes. */
const defaultMemory = 192 * 1_048_576;

/** What SET has said so far. */
export class SessionSettings {
  #values = new Map<string, string>();
  readonly #alwaysBounded: boolean;
  readonly #timeZone: string;

  /** `bounded`: whatever SET says, queries end with what there is. */
  constructor({ bounded }: { readonly bounded: boolean }) {
    this.#alwaysBounded = bounded;
    this.#timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** Whether a query ends with the result of everything that there is. */
  get bounded(): boolean {
    return this.#alwaysBounded || this.#values.get('execution.runtime-mode') === 'batch';
  }

  get timeZone(): string {
    return this.#values.get('table.local-time-zone') ?? this.#timeZone;
  }

  /** How long a table may say nothing before it holds no window open any more; 0: for ever. */
  get idleTimeoutMs(): number {
    return duration.parse(this.#values.get('table.exec.source.idle-timeout') ?? 0);
  }

  /** After how long without a change what is remembered of a key is let go; 0: never. */
  get stateTtlMs(): number {
    return duration.parse(this.#values.get('table.exec.state.ttl') ?? 0);
  }

  /** Null: the job is called after what it writes. */
  get pipelineName(): string | null {
    return this.#values.get('pipeline.name') ?? null;
  }

  get state(): StateSettings {
    const folder = this.#values.get('execution.checkpointing.dir') ?? this.#values.get('state.checkpoints.dir') ?? null;
    const interval = this.#values.get('execution.checkpointing.interval');
    const memory = this.#values.get('state.memory');
    return {
      folder,
      intervalMs: interval === undefined ? defaultIntervalMs : duration.parse(interval),
      mostMemory: memory === undefined ? defaultMemory : byteSize.parse(memory),
    };
  }

  /** Null: nothing was said. */
  get resultMode(): ResultMode | null {
    return (this.#values.get('sql-client.execution.result-mode') as ResultMode | undefined) ?? null;
  }

  /** What was set, sorted. */
  get entries(): readonly (readonly [key: string, value: string])[] {
    return [...this.#values].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Takes SET with a value and RESET. Throws SQL_INVALID and SQL_UNKNOWN_NAME with the place. */
  take({ kind, key, value, ...span }: SetOption): void {
    if (kind === 'reset') {
      if (key === null) this.#values.clear();
      else this.#values.delete(key);
      return;
    }
    const checked = this.#check(key!, value!, span);
    this.#values.set(key!, checked);
  }

  #check(key: string, value: string, span: Omit<SetOption, 'kind' | 'key' | 'value'>): string {
    const oneOf = (...choices: readonly string[]): string => {
      const chosen = value.toLowerCase();
      if (choices.includes(chosen)) return chosen;
      throw sqlError('SQL_INVALID', span, {
        reason: `${key} is ${choices.map((choice) => `'${choice}'`).join(' or ')}`,
      });
    };
    switch (key) {
      case 'execution.runtime-mode':
        return oneOf('streaming', 'batch');
      case 'sql-client.execution.result-mode':
        return oneOf('table', 'changelog', 'tableau');
      case 'execution.checkpointing.interval':
      case 'state.memory': {
        const parsed = (key === 'state.memory' ? byteSize : duration).safeParse(value);
        if (parsed.success) return value;
        throw sqlError('SQL_INVALID', span, { reason: `${key} is ${parsed.error.issues[0]!.message}` });
      }
      case 'execution.checkpointing.dir':
      case 'state.checkpoints.dir':
        if (!/^[a-z][a-z0-9+.-]+:/i.test(value) && value !== '') return value;
        if (/^file:\/\/\/?[^/]/.test(value)) return decodeURIComponent(value.replace(/^file:\/\//, ''));
        throw sqlError('SQL_INVALID', span, { reason: `${key} is a folder of this machine` });
      case 'pipeline.name':
        if (value.length > 0 && value.length <= 100) return value;
        throw sqlError('SQL_INVALID', span, { reason: 'pipeline.name has 1 to 100 characters' });
      case 'table.exec.source.idle-timeout':
      case 'table.exec.state.ttl':
        if (duration.safeParse(value).success) return value;
        throw sqlError('SQL_INVALID', span, { reason: `${key} is a length of time, as '30 s'` });
      case 'table.local-time-zone':
        try {
          return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
        } catch {
          throw sqlError('SQL_INVALID', span, { reason: `there is no time zone ${value}` });
        }
      default:
        if (withoutEffect.some((prefix) => key.startsWith(prefix))) return value;
        throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'setting', name: key, suggestion: nearestName(key, known) });
    }
  }
}
