import { parseScript } from '../sql/parse/script.ts';
import { digestOf } from '../sql/plan/fingerprint.ts';
import { sqlError } from '../sql/sql-error.ts';
import type { BindingSurroundings } from './bind-options.ts';
import type { SqlJob } from './job.ts';
import { SqlProgram } from './sql-program.ts';

export interface FileJob {
  readonly job: SqlJob;
  /** What SET 'pipeline.name' said; null: nothing. */
  readonly name: string | null;
}

export interface FileSurroundings extends BindingSurroundings {
  /** What paths of modules are relative to. */
  readonly folder: string;
}

/**
 * The statements of a pipeline file as one job: declarations and settings, and every INSERT INTO of them
 * together. Modules of functions are loaded, and the servers of catalogs asked. Throws SQL_ errors with the place, and what a server says.
 */
export const fileJob = async (sql: string, surroundings: FileSurroundings): Promise<FileJob> => {
  const program = new SqlProgram({ bounded: false, server: null, ...surroundings });
  const jobs: SqlJob[] = [];
  for (const statement of parseScript(sql)) {
    await program.prepare(statement);
    const outcome = program.take(statement);
    if (outcome.kind === 'job') jobs.push(outcome.job);
    else if (outcome.kind !== 'done') {
      throw sqlError('SQL_INVALID', statement, {
        reason:
          'a pipeline shows nothing: declarations, SET and INSERT INTO stand here; `millrace sql -f` runs the rest',
      });
    }
  }
  const [first] = jobs;
  if (first === undefined)
    throw sqlError(
      'SQL_INVALID',
      { start: 0, end: sql.length },
      { reason: 'there is no INSERT INTO, so nothing would run' },
    );
  const job: SqlJob = {
    ...first,
    inserts: jobs.flatMap(({ inserts }) => inserts),
    tables: new Map(jobs.flatMap(({ tables }) => [...tables])),
    settings: jobs.at(-1)!.settings,
    identity: digestOf(jobs.map(({ identity }) => identity)),
    state: jobs.at(-1)!.state,
    bounded: jobs.at(-1)!.bounded,
  };
  return { job, name: program.pipelineName };
};
