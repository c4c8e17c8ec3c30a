import { type LaunchedKafka, launchKafka } from './launch-kafka.ts';

/** How the test runner passes the Kafka it started on to the test files, and a user a Kafka of theirs: `host:port,host:port`. */
export const kafkaVariable = 'MILLRACE_TEST_KAFKA';

/** The bootstrap servers of this run's one broker. A test file run by itself, without the runner, starts its own. */
export const testKafka = async (): Promise<string> => {
  const given = process.env[kafkaVariable];
  if (given) return given;
  launched ??= launchKafka();
  return (await launched).bootstrapServers;
};

let launched: Promise<LaunchedKafka> | null = null;
