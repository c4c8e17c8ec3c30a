import type { TableSink } from './connected-table.ts';
import type { SqlJob } from './job.ts';

/** What a start after a crash leaves in each kind of table, in words. */
const after: Readonly<Record<TableSink['kind'], string>> = {
  mysql: 'exactly once: brought in step with the result, each tick in one transaction',
  sqlite: 'exactly once: brought in step with the result, each tick in one transaction',
  kafka: 'at least once: the whole result comes again as records of a snapshot',
  file: 'at least once: the whole result comes again',
  webhook: 'at least once: the whole result is sent again',
  print: 'printed again',
  blackhole: 'kept nowhere',
};

/** What each table of a job may count on when the job begins anew: `totals (mysql): exactly once...`. */
export const jobGuarantees = ({ inserts }: SqlJob): readonly string[] => {
  const lines = inserts.map(({ target: { name, binding } }) => {
    const kind = binding.sink!.kind;
    return `${name.split('.').at(-1)} (${binding.connector}): ${after[kind]}`;
  });
  return [...new Set(lines)];
};
