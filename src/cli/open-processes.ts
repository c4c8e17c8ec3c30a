import { basename } from 'node:path';
import type { PipelineFile } from '../config/pipeline-file.ts';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import type { DeadLetters } from '../pipeline/dead-letters.ts';
import { loadModule } from '../pipeline/load-module.ts';
import type { Process } from '../pipeline/process/process.ts';
import type { BatchStep } from '../pipeline/process/process-batches.ts';
import { ProcessStep } from '../pipeline/process/process-step.ts';

export interface ProcessSurroundings {
  readonly clock: Clock;
  readonly deadLetters: DeadLetters | null;
}

/**
 * Loads the modules that a file's `process` section names, as they are now: a file that was changed since is loaded anew. null: the
 * section names none. Throws PROCESS_MODULE_UNUSABLE.
 */
export const openProcesses = async (
  { processes }: Pick<PipelineFile, 'processes'>,
  { clock, deadLetters }: ProcessSurroundings,
): Promise<BatchStep | null> => {
  const steps: ProcessStep[] = [];
  for (const { module, concurrency, timeout, 'source-table': table } of processes) {
    const process = await load(module);
    const { matches } = tablePatterns([table], []);
    steps.push(
      new ProcessStep({
        process,
        module: basename(module),
        matches,
        concurrency,
        timeoutMs: timeout,
        clock,
        deadLetters,
      }),
    );
  }
  if (steps.length === 0) return null;
  return {
    apply: async (batch, signal) => {
      let result = batch;
      for (const step of steps) result = await step.apply(result, signal);
      return result;
    },
  };
};

const load = async (path: string): Promise<Process> => {
  const unusable = (reason: string, cause?: unknown): MillraceError =>
    new MillraceError('PROCESS_MODULE_UNUSABLE', { module: path, reason }, { cause });
  let loaded: { readonly default?: unknown };
  try {
    loaded = await loadModule(path);
  } catch (error) {
    throw unusable((error as Error).message, error);
  }
  const process = loaded.default;
  if (typeof process !== 'object' || process === null) throw unusable('it has no default export');
  const known = {
    columns: 'object',
    key: 'object',
    filter: 'function',
    map: 'function',
    flatMap: 'function',
    lookup: 'function',
  };
  for (const [name, value] of Object.entries(process)) {
    const kind = known[name as keyof typeof known];
    if (kind === undefined) throw unusable(`its default export has ${name}, which no process has`);
    if (value !== undefined && (typeof value !== kind || value === null)) throw unusable(`its ${name} is no ${kind}`);
  }
  return process as Process;
};
