/**
 * A process to be killed: keeps queries over a history (sql-history.ts) in a SQLite mirror and a change log, from where both stand,
 * and ends with the history. Prints a line for each tick that is durable in both. With a fault it kills itself at the n-th time that it
 * comes to a step of a commit group or of a checkpoint:
 *
 * `sql-job-process.ts FOLDER SEED TRANSACTIONS [FAULT N]`
 */
import { qualifiedName } from '../core/table.ts';
import { KeyedState } from '../operators/incremental/state/keyed-state.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { jobOptions } from '../sql-pipeline/job-options.ts';
import { serverColumns } from '../sql-pipeline/scanned-columns.ts';
import { ScannedTable } from '../sql-pipeline/scanned-table.ts';
import { SourceInput } from '../sql-pipeline/source-input.ts';
import { StateFile } from '../state/state-file.ts';
import { TickJournal } from '../state/tick-journal.ts';
import { HistorySource, tableOf } from './sql-history.ts';
import { historyJob } from './sql-job.ts';

const [folder, seed, transactions, fault = 'none', times = '1'] = process.argv.slice(2) as [string, string, string];

let left = Number(times);
const at = (step: string): void => {
  if (step !== fault) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

/** Comes by `before` and `after` around a method. */
const around = <Key extends string>(
  of: { [key in Key]: (...args: never[]) => unknown },
  name: Key,
  step: string,
): void => {
  const plain = of[name];
  of[name] = function (this: unknown, ...args: never[]) {
    at(`before ${step}`);
    const result = plain.apply(this, args);
    at(`after ${step}`);
    return result;
  };
};
around(TickJournal.prototype, 'append', 'the journal line');
around(TickJournal.prototype, 'forgetBefore', 'old lines go');
around(KeyedState.prototype, 'write', 'changed keys are written');
around(StateFile.prototype, 'commit', 'the state commits');
around(StateFile.prototype, 'settle', 'the state settles');

const told = (text: string, details: object = {}): boolean =>
  process.stderr.write(`${text} ${JSON.stringify(details)}\n`);
const log = { debug() {}, info: told, warn: told, error: told };
const options = jobOptions(await historyJob(folder), {
  log,
  clock: systemClock,
  print: async () => {},
  state: { folder: `${folder}/state`, version: 'test' },
  open: async (flow) => {
    const tables = [...flow.inputs].map(([name, input]) => {
      const table = tableOf(name);
      return [qualifiedName(table), [new ScannedTable(table, serverColumns(table), input, { name })]] as const;
    });
    const source = new HistorySource(Number(seed), Number(transactions), Math.random);
    return [new SourceInput({ identity: 'history', source, tables: new Map(tables), snapshots: true })];
  },
});
const pipeline = createPipeline({
  ...options,
  grouping: { maxMs: 1, maxBytes: 4_096 },
  source: async (letters) => {
    const source = await options.source(letters);
    const acknowledge = source.acknowledge!.bind(source);
    source.acknowledge = async (held) => {
      at('before the acknowledgement');
      await acknowledge(held);
      process.stdout.write('.\n');
    };
    return source;
  },
  sinks: options.sinks.map((place) => ({
    ...place,
    open: async () => {
      const sink = await place.open();
      const write = sink.write.bind(sink);
      sink.write = async (batch, signal) => {
        at(`before ${place.name} commits`);
        await write(batch, signal);
        at(`after ${place.name} commits`);
      };
      return sink;
    },
  })),
});
await pipeline.run(new AbortController().signal);
