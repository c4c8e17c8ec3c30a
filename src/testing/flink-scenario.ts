import { FlinkCluster, type FlinkJob } from '../connectors/flink/cluster-client.ts';
import { GatewaySession } from '../connectors/flink/gateway-client.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';

export interface ScenarioResult {
  /** The rows that a statement gave. */
  readonly tables: readonly (readonly unknown[])[];
  /** The job while it ran, with a checkpoint behind it. */
  readonly running: FlinkJob;
  readonly savepoint: string;
  /** The same job after that. */
  readonly stopped: FlinkJob;
  /** A job whose rows cannot be computed. */
  readonly failing: FlinkJob;
  /** What a statement that names no column, and a job that there is not, are refused with. */
  readonly refusals: readonly string[];
}

/** What millrace asks of a Flink cluster, from the first statement to a savepoint: made with a real one for the recording, and with the recording. */
export const flinkScenario = async (
  { gateway, rest }: { readonly gateway: string; readonly rest: string },
  clock: Clock,
): Promise<ScenarioResult> => {
  await using session = await GatewaySession.open(gateway, clock);
  const cluster = new FlinkCluster(rest, clock);
  const until = async (id: string, done: (job: FlinkJob) => boolean): Promise<FlinkJob> => {
    for (;;) {
      const job = await cluster.job(id);
      if (done(job)) return job;
      await clock.sleep(500);
    }
  };
  await session.run(
    "CREATE TABLE made (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '5')",
    'CREATE TABLE made',
  );
  await session.run("CREATE TABLE kept (id INT, n BIGINT) WITH ('connector' = 'blackhole')", 'CREATE TABLE kept');
  const { rows: tables } = await session.run('SHOW TABLES', 'SHOW TABLES');
  await session.run("SET 'pipeline.name' = 'counted'", 'SET');
  const counted = await session.run('INSERT INTO kept SELECT id, COUNT(*) FROM made GROUP BY id', 'INSERT INTO kept');
  const running = await until(counted.jobId!, ({ checkpoints }) => checkpoints.completed > 0);
  const savepoint = await cluster.stop(counted.jobId!, null);
  const stopped = await until(counted.jobId!, ({ state }) => state !== 'RUNNING');
  await session.run("SET 'pipeline.name' = 'failing'", 'SET');
  const wrong = await session.run(
    "INSERT INTO kept SELECT CAST('x' || CAST(id AS STRING) AS INT), 1 FROM made",
    'INSERT INTO kept',
  );
  const failing = await until(wrong.jobId!, ({ failure }) => failure !== null);
  const refusals = [
    await refusalOf(() => session.run('INSERT INTO kept SELECT nope, 1 FROM made', 'INSERT INTO kept')),
    await refusalOf(() => cluster.job('00000000000000000000000000000000')),
  ];
  return { tables, running, savepoint, stopped, failing, refusals };
};

const refusalOf = async (ask: () => Promise<unknown>): Promise<string> => {
  try {
    await ask();
    return 'nothing was refused';
  } catch (error) {
    return isMillraceError(error) ? `${error.code} ${error.message}` : String(error);
  }
};
