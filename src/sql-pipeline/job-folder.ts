import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isMillraceError } from '../core/errors.ts';
import { digestOf } from '../sql/plan/fingerprint.ts';
import { lookAtState } from '../state/look-at-state.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { SqlJob } from './job.ts';
import { targetIdentity, targetPlace } from './target-identity.ts';

/**
 * The folder of a job among those of all jobs in `root`: for each name of a job and the tables it writes, so that two that have a name in
 * common and write elsewhere are apart. One of the job's name that wrote some of its tables, and others beside or fewer, becomes its own.
 */
export const jobFolder = (root: string, job: SqlJob): string => {
  const name = job.name.replaceAll(/[^\w.-]/g, '_');
  const own = join(root, `${name}-${digestOf(job.inserts.map(targetPlace)).slice(0, 8)}`);
  if (existsSync(own) || !existsSync(root)) return own;
  const targets = new Set(job.inserts.map(targetIdentity));
  const former = readdirSync(root)
    .filter((other) => other.length === name.length + 9 && other.startsWith(`${name}-`))
    .map((other) => join(root, other))
    .find((folder) => writes(folder, targets));
  if (former !== undefined) renameSync(former, own);
  return own;
};

const writes = (folder: string, targets: ReadonlySet<string>): boolean => {
  let found: ReturnType<typeof lookAtState> = null;
  try {
    found = lookAtState(folder);
  } catch (error) {
    // What cannot be read is nobody's, until somebody asks for it by its own name.
    if (!isMillraceError(error, 'STATE_UNREADABLE')) throw error;
  }
  if (found === null || found.checkpoint === null || found.isInUse) return false;
  const { outputs = [] } = JSON.parse(found.checkpoint) as Checkpoint;
  return outputs.some(({ target }) => targets.has(target));
};
