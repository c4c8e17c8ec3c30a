import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { connectJars } from '../bench/peers/kafka-jars.ts';
import { javaProgram } from '../src/testing/servers/java-program.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';
import { enter, strike } from '../src/testing/servers/server-ledger.ts';

/** Starts a worker of Kafka Connect, whose log is `connect.log` in `home`. Gives what ends it. */
export const startConnectWorker = async (
  kind: 'Standalone' | 'Distributed',
  home: string,
  files: readonly string[],
): Promise<() => Promise<void>> => {
  const [command, ...prefix] = await javaProgram();
  const log = openSync(join(home, 'connect.log'), 'a');
  const program = `org.apache.kafka.connect.cli.Connect${kind}`;
  const options = ['-Xmx768m', '-XX:+UseSerialGC', '-cp', `${await mavenJars(connectJars)}/*`, program];
  const child = spawn(command, [...prefix, ...options, ...files], { stdio: ['ignore', log, log] });
  closeSync(log);
  // Ends with this process, however that ends: alone, a worker fills the disk with its complaints.
  if (child.pid !== undefined) enter(child.pid, home);
  const exited = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await exited;
    if (child.pid !== undefined) strike(child.pid);
  };
};
