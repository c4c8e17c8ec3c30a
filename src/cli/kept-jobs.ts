import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MillraceError } from '../core/errors.ts';
import { type Checkpoint, stepSpace, tableSpace } from '../sql-pipeline/checkpoint.ts';
import { ownState } from '../sql-pipeline/own-state.ts';
import { lookAtState, type SpaceSize } from '../state/look-at-state.ts';
import type { CommandCall } from './command.ts';

/** A step or a table, and how much of it is kept. */
interface KeptPart extends SpaceSize {
  readonly kind: 'step' | 'table';
  /** A step as EXPLAIN shows it, or a table's name. */
  readonly name: string;
  /** Equal for what means the same, also in other jobs. */
  readonly fingerprint: string;
  /** About what it takes in memory when all of it is there, in bytes. */
  readonly memory: number;
}

export interface KeptJob {
  readonly job: string;
  readonly folder: string;
  readonly running: boolean;
  /** Null: the first is yet to come. */
  readonly checkpoint: {
    readonly at: string | null;
    readonly ageMs: number | null;
    readonly run: string;
    readonly tick: number;
  } | null;
  /** How far each input was read, in the sources' own words. */
  readonly positions: readonly Readonly<Record<string, string>>[];
  readonly parts: readonly KeptPart[];
}

/** The jobs of a folder, all or those of one name. Throws STATE_NOT_FOUND, and STATE_UNREADABLE for a file that is broken or too new. */
export const keptJobs = (call: CommandCall, name: string | null): readonly KeptJob[] => {
  const { root, folders } = keptFolders(call, name);
  const jobs = folders
    .flatMap((folder) => keptJob(folder) ?? [])
    .filter(({ job, folder }) => name === null || job === name || basename(folder) === name);
  if (name !== null && jobs.length === 0)
    throw new MillraceError('STATE_NOT_FOUND', { what: `state of ${name}`, folder: root });
  return jobs;
};

/** Where jobs are kept, and in it the folders of all, or those that may be of one name. Throws STATE_NOT_FOUND. */
export const keptFolders = (
  call: CommandCall,
  name: string | null,
): { readonly root: string; readonly folders: readonly string[] } => {
  const chosen = call.text('dir');
  const root = chosen === null ? ownState().folder : resolve(chosen);
  if (!existsSync(root)) {
    if (chosen === null && name === null) return { root, folders: [] };
    throw new MillraceError('STATE_NOT_FOUND', { what: name === null ? 'folder' : `state of ${name}`, folder: root });
  }
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name))
    .filter((folder) => name === null || basename(folder) === name || basename(folder).slice(0, -9) === fileName(name));
  return { root, folders };
};

/** As a job's name stands in that of its folder. */
const fileName = (job: string): string => job.replaceAll(/[^\w.-]/g, '_');

const keptJob = (folder: string): KeptJob | null => {
  const look = lookAtState(folder);
  if (look === null) return null;
  const checkpoint = look.checkpoint === null ? null : (JSON.parse(look.checkpoint) as Checkpoint);
  const part = (kind: KeptPart['kind'], name: string, fingerprint: string, spaces: readonly string[]): KeptPart => {
    const sizes = spaces.flatMap((space) => look.spaces.get(space) ?? []);
    const keys = sizes.reduce((sum, size) => sum + size.keys, 0);
    const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
    return { kind, name, fingerprint, keys, bytes, memory: 300 * keys + 3 * bytes };
  };
  const numbered = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
  const tables = (checkpoint?.inputs ?? []).flatMap(({ tables }) => tables);
  return {
    job: checkpoint?.name ?? basename(folder).slice(0, -9),
    folder,
    running: look.isInUse,
    checkpoint:
      checkpoint === null
        ? null
        : {
            at: checkpoint.at === undefined ? null : new Date(checkpoint.at).toISOString(),
            ageMs: checkpoint.at === undefined ? null : Math.max(0, Date.now() - checkpoint.at),
            run: checkpoint.run,
            tick: checkpoint.tick,
          },
    positions: (checkpoint?.inputs ?? []).map(({ place }) =>
      // The definitions of tables are a long text, and no place.
      Object.fromEntries(Object.entries(place.lanes).filter(([lane]) => !lane.endsWith('/schema'))),
    ),
    parts: [
      ...(checkpoint?.steps ?? []).map(({ fingerprint, step, states }) =>
        part(
          'step',
          step,
          fingerprint,
          numbered(states).map((at) => stepSpace(fingerprint, at)),
        ),
      ),
      ...tables.map(({ name, identity }) =>
        part(
          'table',
          name,
          identity,
          numbered(2).map((at) => tableSpace(identity, at)),
        ),
      ),
    ],
  };
};
