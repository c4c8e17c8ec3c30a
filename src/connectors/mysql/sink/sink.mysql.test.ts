import type { Batch } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import type { Sink } from '../../../core/connector.ts';
import { defineTable, type Table } from '../../../core/table.ts';
import { MysqlSinkRig } from '../../../testing/mysql-sink-rig.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { type SinkHarness, sinkContract } from '../../../testing/sink-contract.ts';

/** The contract's tables are in one database; each rig has its own on a server that all share. */
const moved = (table: Table, database: string): Table => {
  const { id: _, ...definition } = table;
  return defineTable({ ...definition, database });
};

const movedChange = (change: Change, database: string): Change => {
  if (change.kind !== 'schema') return { ...change, table: moved(change.table, database) };
  const { before, after } = change;
  return { ...change, before: before && moved(before, database), after: after && moved(after, database) };
};

const movedSink = (sink: Sink, database: string): Sink => ({
  inFlight: sink.inFlight ?? 1,
  claim: (lane) => sink.claim(lane),
  write: (batch: Batch, signal) =>
    sink.write({ ...batch, changes: batch.changes.map((change) => movedChange(change, database)) }, signal),
  [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
});

const harness = async (
  server: ReturnType<typeof testServers>[number],
  settings: Readonly<Record<string, unknown>>,
): Promise<SinkHarness> => {
  const rig = await MysqlSinkRig.open(server);
  return {
    open: async () => movedSink(await rig.sink(settings), rig.database),
    rows: (table) => rig.rows(moved(table, rig.database)),
    // Its sockets close, which is all that the server sees of a kill.
    kill: async (sink) => await sink[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
};

for (const server of testServers()) sinkContract(server.name, () => harness(server, {}));

const [first] = testServers();
if (first !== undefined) {
  sinkContract(`${first.name}, four writers`, () =>
    harness(first, { 'sink.parallelism': 4, 'sink.statement.max-rows': 7 }),
  );
}
