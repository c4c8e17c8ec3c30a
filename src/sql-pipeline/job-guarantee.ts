import type { TableSink } from './connected-table.ts';
import type { SqlJob } from './job.ts';

type Words = Readonly<Record<TableSink['kind'], string>>;

/** What a start after a crash leaves in each kind of table, in words: where the job begins anew each time. */
const anew: Words = {
  mysql: 'exactly once: brought in step with the result, each tick in one transaction',
  sqlite: 'exactly once: brought in step with the result, each tick in one transaction',
  kafka: 'at least once: the whole result comes again as records of a snapshot',
  file: 'at least once: the whole result comes again',
  webhook: 'at least once: the whole result is sent again',
  print: 'printed again',
  blackhole: 'kept nowhere',
};

/** The same where the job goes on from its checkpoint. */
const kept: Words = {
  ...anew,
  mysql: 'exactly once: what is new, each tick in one transaction',
  sqlite: 'exactly once: what is new, each tick in one transaction',
  kafka: 'exactly once: what is new; the whole result again where it has to be computed anew',
  file: 'exactly once: what is new; the whole result again where it has to be computed anew',
  webhook: 'at least once: what was not known to have arrived; the whole result where it has to be computed anew',
};

/** What each table of a job may count on after a restart: `totals (mysql): exactly once...`. */
export const jobGuarantees = ({ inserts, tables, state }: SqlJob): readonly string[] => {
  const isKept =
    state.intervalMs > 0 && [...tables.values()].every(({ source: { kind } }) => /^(mysql|kafka)$/.test(kind));
  const lines = inserts.map(({ target: { name, binding } }) => {
    const { kind, settings } = binding.sink!;
    const isLoose = settings['sink.delivery-guarantee'] === 'at-least-once';
    const words =
      isKept && isLoose ? 'at least once: what was not known to have arrived' : (isKept ? kept : anew)[kind];
    return `${name.split('.').at(-1)} (${binding.connector}): ${words}`;
  });
  return [...new Set(lines)];
};
