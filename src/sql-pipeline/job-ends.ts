import { kafkaSource } from '../connectors/kafka/source/connector.ts';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { mysql } from '../connectors/mysql/connector.ts';
import { readTables } from '../connectors/mysql/read-tables.ts';
import { connectors } from '../connectors/registry.ts';
import type { Connector } from '../core/connector.ts';
import type { Table } from '../core/table.ts';
import { scannedTables } from '../sql/statement/scanned-tables.ts';
import type { TableSink, TableSource } from './connected-table.ts';
import type { SqlJob } from './job.ts';
import { jobTargets } from './job-source.ts';
import { kafkaTableConfig } from './kafka-input.ts';
import type { QueryTable } from './query-tables.ts';
import { exactPattern } from './scan-config.ts';

/** A system that a job reads or writes, with the connector that can look at it. */
export interface JobEnd {
  readonly role: 'source' | 'sink';
  readonly name: string;
  readonly connector: Connector;
  readonly config: unknown;
  /** Of a sink: what the job writes there, and what that is computed from. */
  readonly written: readonly { readonly target: Table; readonly reads: readonly string[] }[];
}

/** The systems of a job; what is made up or printed is in none. Nothing is connected to. */
export const jobEnds = async (job: SqlJob, now: () => number): Promise<readonly JobEnd[]> => [
  ...sourceEnds([...job.tables.values()]),
  ...(await sinkEnds(job, now)),
];

const sourceEnds = (tables: readonly QueryTable[]): readonly JobEnd[] => {
  const servers = Map.groupBy(tables, ({ source: { kind, settings } }) => JSON.stringify([kind, settings]));
  return [...servers.values()].flatMap(endsOfGroup);
};

/** Tables that are read from one place. */
const endsOfGroup = (group: readonly QueryTable[]): readonly JobEnd[] => {
  const [first] = group;
  const { source } = first!;
  const end = { role: 'source', name: source.kind, written: [] } as const;
  switch (source.kind) {
    case 'mysql':
      return [{ ...end, connector: mysql as Connector, config: serverConfig(source.settings, group) }];
    case 'scan':
      return [{ ...end, name: 'mysql', connector: scannedServer, config: serverConfig(source.settings, group) }];
    case 'kafka':
      return group.map((table) => ({
        ...end,
        name: `kafka ${String(source.settings['topic'])}`,
        connector: kafkaSource as Connector,
        config: kafkaTableConfig(table, table.source as Extract<TableSource, { kind: 'kafka' }>),
      }));
    case 'filesystem':
    case 'datagen':
      return [];
  }
};

const serverConfig = (settings: TableSource['settings'], group: readonly QueryTable[]) => {
  const tables = group.flatMap(({ source }) =>
    source.kind === 'mysql' || source.kind === 'scan'
      ? [`${exactPattern(source.database)}.${exactPattern(source.table)}`]
      : [],
  );
  return mysqlConfig.parse({ ...settings, tables: [...new Set(tables)] });
};

/** A server whose tables are read once with SELECT: it needs no log, and only has to have them. */
const scannedServer: Connector = {
  type: 'mysql',
  config: mysqlConfig,
  check: async (config, { clock, passed }) => {
    const tables = await readTables(config as never, clock);
    for (const { database, name } of tables) passed?.(`${database}.${name} can be read`);
    return [];
  },
};

const sinkEnds = async (job: SqlJob, now: () => number): Promise<readonly JobEnd[]> => {
  const targets = jobTargets(job, now);
  const written = job.inserts.map(({ target, plan }, at) => ({
    sink: target.binding.sink!,
    target: targets[at]!.table,
    reads: [...scannedTables(plan)],
  }));
  const groups = Map.groupBy(
    written.filter(({ sink }) => sink.kind !== 'print'),
    ({ sink }) => JSON.stringify([sink.kind, sink.settings]),
  );
  const ends: JobEnd[] = [];
  for (const group of groups.values()) {
    const { sink } = group[0]!;
    const connector = await sinkConnector(sink);
    const config = connector.config.parse(sink.settings);
    ends.push({ role: 'sink', name: sink.kind, connector, config, written: group });
  }
  return ends;
};

const sinkConnector = ({ kind }: TableSink): Promise<Connector> =>
  connectors.find(({ type, roles }) => type === kind && roles.includes('sink'))!.load();
