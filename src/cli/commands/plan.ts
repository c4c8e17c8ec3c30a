import type { PipelineFile, SinkSection } from '../../config/pipeline-file.ts';
import type { MysqlConfig } from '../../connectors/mysql/config.ts';
import { readTables } from '../../connectors/mysql/read-tables.ts';
import type { Batch } from '../../core/batch.ts';
import type { Context } from '../../core/connector.ts';
import { isMillraceError } from '../../core/errors.ts';
import { nameTemplate } from '../../core/name-template.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Operator } from '../../operators/operator.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { SqlJob } from '../../sql-pipeline/job.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { pipelineOperators, sourceOperators } from '../pipeline-operators.ts';
import { declaredName } from '../pipeline-plan.ts';

/** One table on its way: from where, under which names, and whether the sink has it. */
interface PlannedTable {
  readonly source: string;
  readonly sink: string;
  readonly type: string;
  /** The table, topic or file that its rows go to. */
  readonly target: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  /** Null: the sink cannot be asked. */
  readonly exists: boolean | null;
  /** What the sink would run before rows come; null: it has no definitions, or cannot be asked. */
  readonly statements: readonly string[] | null;
  /** Why the sink could not say them. */
  readonly refusal: string | null;
}

interface Plan {
  readonly pipeline: string;
  readonly tables: readonly PlannedTable[];
  /** Of queries: what their tables may count on after a crash. */
  readonly guarantees: readonly string[];
}

/** Reads the sources' catalogues and says what goes where; nothing is written anywhere. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const plans: Plan[] = [];
  for (const file of loaded.flatMap(({ pipelines }) => pipelines)) plans.push(await planOf(file));
  const all = plans.flatMap(({ tables }) => tables);
  const missing = all.filter(({ exists }) => exists === false).length;
  const changed = all.filter(isToChange).length;
  const refused = all.filter(({ refusal }) => refusal !== null).length;
  if (format === 'json') await terminal.print(envelope('plan', { plans, toCreate: missing, toChange: changed }));
  else {
    for (const { pipeline, tables, guarantees } of plans) {
      await terminal.print(`${terminal.paintData('bold', pipeline)}\n`);
      for (const table of tables) await terminal.print(tableText(table, terminal.paintData));
      for (const line of guarantees) await terminal.print(`  after a restart  ${line}\n`);
      if (tables.length === 0) await terminal.print('  no table matches\n');
    }
    if (!call.flag('quiet'))
      terminal.say(
        missing + changed + refused === 0
          ? 'nothing is to be made'
          : `to be made (+): ${missing}; to be changed (~): ${changed}; not known (!): ${refused}`,
      );
  }
  return call.flag('detailed') && missing + changed > 0 ? exitCode.different : exitCode.ok;
};

const isToChange = ({ exists, statements }: PlannedTable): boolean => exists === true && (statements?.length ?? 0) > 0;

const tableText = (table: PlannedTable, paint: CommandCall['terminal']['paintData']): string => {
  const mark = isToChange(table)
    ? paint('yellow', '~')
    : table.exists === null
      ? ' '
      : table.exists
        ? '='
        : paint('green', '+');
  const below = (table.statements ?? []).map((statement) => `      ${statement};\n`);
  if (table.refusal !== null) below.push(`      ${paint('yellow', '!')} ${table.refusal}\n`);
  const key = table.key.length === 0 ? 'no key' : `key ${table.key.join(', ')}`;
  return `  ${mark} ${table.source} -> ${table.sink} ${table.target}  (${table.columns.join(', ')}; ${key})\n${below.join('')}`;
};

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const planOf = async (file: PipelineFile): Promise<Plan> => {
  const context: Context = { pipeline: file.name, log: silent, clock: systemClock };
  if (file.sql !== null) return await queriesPlan(file.name, file.sql.job, context);
  const tables: PlannedTable[] = [];
  for (const source of file.sources) {
    const config = source.config as MysqlConfig;
    if (source.connector.type !== 'mysql' || config['binlog.files'] !== undefined) continue;
    const operators = [...sourceOperators(source.frame), ...(await pipelineOperators(file, context.clock))];
    const ways: Way[] = (await readTables(config, context.clock)).flatMap((table) =>
      targetsOf(table, operators).map((target) => ({ source: qualifiedName(table), target })),
    );
    for (const sink of file.sinks) tables.push(...(await planned(ways, sink, context)));
  }
  return { pipeline: file.name, tables, guarantees: [] };
};

const queriesPlan = async (pipeline: string, job: SqlJob, context: Context): Promise<Plan> => {
  const [{ jobEnds }, { jobGuarantees }] = await Promise.all([
    import('../../sql-pipeline/job-ends.ts'),
    import('../../sql-pipeline/job-guarantee.ts'),
  ]);
  const tables: PlannedTable[] = [];
  for (const { name, connector, config, written } of await jobEnds(job, context.clock.now)) {
    const ways = written.map(
      ({ target, reads }): Way => ({ source: reads.map(declaredName).join(', ') || 'no table', target }),
    );
    tables.push(...(await planned(ways, { name, connector, config }, context)));
  }
  return { pipeline, tables, guarantees: jobGuarantees(job) };
};

/** What a table is behind the operators: none, one, or several under several names. Rows, which merging routes let through too, are asked with. */
const targetsOf = (table: Table, operators: readonly Operator[]): readonly Table[] => {
  const rows = { length: 0, byteLength: 0, has: () => false, before: () => null, after: () => null, write: () => {} };
  const change = { kind: 'rows', op: 'read', table, rows, origin: planOrigin } as const;
  const batch: Batch = { changes: [change], positions: new Map(), version: '0' };
  return operators
    .reduce((each, operator) => operator(each), batch)
    .changes.flatMap((each) => (each.kind === 'rows' ? [each.table] : []));
};

const planOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 0,
  gtid: null,
  file: '',
  offset: 0,
  commitMicros: 0,
  thread: null,
  query: null,
} as const;

/** A source's table, or the tables of a query, and what that is behind the operators. */
interface Way {
  readonly source: string;
  readonly target: Table;
}

type PlannedSink = Pick<SinkSection, 'name' | 'connector' | 'config'>;

const planned = async (ways: readonly Way[], sink: PlannedSink, context: Context): Promise<PlannedTable[]> => {
  const { statements, refusal } = await definitionsOf(ways, sink, context);
  const tables: PlannedTable[] = [];
  for (const [i, { source, target }] of ways.entries()) {
    tables.push({
      source,
      sink: sink.name,
      type: sink.connector.type,
      target: targetName(target, sink),
      columns: target.columns.map(({ name }) => name),
      key: target.primaryKey.map((at) => target.columns[at]!.name),
      exists: refusal === null ? await existsIn(target, sink, context) : null,
      statements: statements?.[i] ?? null,
      refusal,
    });
  }
  return tables;
};

const definitionsOf = async (ways: readonly Way[], { connector, config }: PlannedSink, context: Context) => {
  if (!connector.planTables) return { statements: null, refusal: null };
  try {
    const targets = ways.map(({ target }) => target);
    return { statements: await connector.planTables(config as never, context, targets), refusal: null };
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return { statements: null, refusal: `${error.code}  ${error.message}` };
  }
};

/** A sink with a `topic` or `path` of templates names its targets by it; the others by the table. */
const targetName = (table: Table, { connector, config }: PlannedSink): string => {
  const { topic, 'topic.prefix': prefix } = config as { readonly topic?: unknown; readonly 'topic.prefix'?: unknown };
  if (typeof topic !== 'string')
    return connector.type === 'kafka' && typeof prefix === 'string'
      ? `${prefix}.${qualifiedName(table)}`
      : qualifiedName(table);
  try {
    return nameTemplate(topic, ['database', 'table']).fill({ database: table.database, table: table.name });
  } catch (error) {
    if (!isMillraceError(error, 'CONFIG_TEMPLATE')) throw error;
    return topic;
  }
};

const existsIn = async (
  table: Table,
  { connector, config }: PlannedSink,
  context: Context,
): Promise<boolean | null> => {
  if (!connector.openReader) return null;
  try {
    await using reader = await connector.openReader(config as never, context);
    return (await reader.describe(table.database, table.name)) !== null;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    // A database that is not there yet, most often.
    return error.retryable ? null : false;
  }
};
