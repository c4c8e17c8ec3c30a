import { mysql } from '../../connectors/mysql/connector.ts';
import { readTables } from '../../connectors/mysql/read-tables.ts';
import type { Answer, Dataflow, Question } from '../../operators/incremental/dataflow.ts';
import type { TableSource } from '../connected-table.ts';
import { type InputsOptions, tableNamed } from '../open-inputs.ts';
import { scanConfig } from '../scan-config.ts';
import { AskedTable, type MatchingReader } from './asked-table.ts';

/** Everything that a dataflow's ticks ask for rows. */
export class Lookups implements AsyncDisposable {
  readonly #tables: readonly AsyncDisposable[];
  readonly #answer: readonly AskedTable['answer'][];

  constructor(tables: readonly Pick<AskedTable, 'answer' | typeof Symbol.asyncDispose>[]) {
    this.#tables = tables;
    this.#answer = tables.map((table) => table.answer.bind(table));
  }

  async answer({ of, keys }: Question, signal: AbortSignal): Promise<Answer> {
    return await this.#answer[of]!(keys, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#tables.map((table) => table[Symbol.asyncDispose]()));
  }
}

/** Opens the tables that the dataflow asks, in their order. All of them, or none. */
export const openLookups = async (flow: Dataflow, options: InputsOptions): Promise<Lookups> => {
  const opened: AskedTable[] = [];
  try {
    for (const lookup of flow.lookups) opened.push(await openTable(lookup, options));
    return new Lookups(opened);
  } catch (error) {
    await new Lookups(opened)[Symbol.asyncDispose]();
    throw error;
  }
};

const openTable = async (
  lookup: Dataflow['lookups'][number],
  { tables, evaluation, context }: InputsOptions,
): Promise<AskedTable> => {
  const queryTable = tables.get(lookup.table.name)!;
  const source = queryTable.source as Extract<TableSource, { kind: 'scan' }>;
  const config = scanConfig(source.settings, { database: source.database, name: source.table });
  const table = tableNamed(await readTables(config, context.clock), source, queryTable);
  return new AskedTable({
    reader: (await mysql.openReader!(config, context)) as MatchingReader,
    table,
    columns: queryTable.columns(table, evaluation),
    lookup,
    settings: source.lookup,
    evaluation,
    clock: context.clock,
  });
};
