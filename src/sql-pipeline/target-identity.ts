import { digestOf } from '../sql/plan/fingerprint.ts';
import type { SqlJob } from './job.ts';

type Insert = SqlJob['inserts'][number];

/** Which table an INSERT INTO writes, and where. */
export const targetPlace = ({ target: { binding } }: Insert): readonly unknown[] => {
  const { kind, database, table, settings } = binding.sink!;
  return [
    kind,
    database,
    table,
    binding.store,
    settings['path'],
    settings['position.path'],
    settings['properties.bootstrap.servers'],
  ];
};

/** The same as a short text. */
export const targetIdentity = (insert: Insert): string => digestOf(targetPlace(insert));

/** Whether rows that were written once stay: a log, out of which nothing can be taken. */
export const keepsAll = ({ target: { binding } }: Insert): boolean => /^(kafka|file)$/.test(binding.sink!.kind);
