import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { javaProgram } from '../src/testing/servers/java-program.ts';
import { freePort } from '../src/testing/servers/launch-server.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';
import { connectJars, debeziumJars } from './peers/kafka-jars.ts';
import { processUsage } from './run-contender.ts';

type ConnectorConfig = Readonly<Record<string, string>>;

/** Starts a Kafka Connect worker that has Debezium's MySQL connector, told what to do over REST. */
export const startConnect = async (bootstrapServers: string): Promise<Connect> => {
  const [java, libraries, plugin] = await Promise.all([javaProgram(), mavenJars(connectJars), mavenJars(debeziumJars)]);
  const home = await mkdtemp(join(tmpdir(), 'millrace-connect-'));
  const port = await freePort();
  await mkdir(join(home, 'plugins'));
  await symlink(plugin, join(home, 'plugins', 'debezium-connector-mysql'));
  const settings = {
    'bootstrap.servers': bootstrapServers,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'offset.storage.file.filename': join(home, 'offsets'),
    'offset.flush.interval.ms': '5000',
    listeners: `http://127.0.0.1:${port}`,
    'plugin.path': join(home, 'plugins'),
    'plugin.discovery': 'only_scan',
  };
  const file = join(home, 'worker.properties');
  await writeFile(file, propertiesText(settings));
  const log = openSync(join(home, 'connect.log'), 'a');
  // The heap that connect-standalone.sh and connect-distributed.sh give a worker.
  const options = ['-Xms256m', '-Xmx2g', '-XX:+UseG1GC', '-cp', `${libraries}/*`];
  const child = spawn(java[0], [...java.slice(1), ...options, 'org.apache.kafka.connect.cli.ConnectStandalone', file], {
    stdio: ['ignore', log, log],
  });
  const connect = new Connect(child, `http://127.0.0.1:${port}`, home);
  await connect.until('the worker answers', async () => (await fetch(`${connect.url}/connectors`)).ok);
  return connect;
};

export class Connect implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #home: string;

  constructor(child: ChildProcess, url: string, home: string) {
    this.#child = child;
    this.url = url;
    this.#home = home;
  }

  /** Resolves when the connector's task runs. */
  async create(name: string, config: ConnectorConfig): Promise<void> {
    await this.#ask('PUT', `/connectors/${name}/config`, config);
    await this.until(`${name} runs`, async () => (await this.state(name)) === 'RUNNING');
  }

  async stop(name: string): Promise<void> {
    await this.#ask('PUT', `/connectors/${name}/stop`);
    await this.until(`${name} stops`, async () => (await this.state(name)) === null);
  }

  async resume(name: string): Promise<void> {
    await this.#ask('PUT', `/connectors/${name}/resume`);
  }

  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', `/connectors/${name}`);
  }

  /** Where a stopped connector goes on from. */
  async offsets(name: string): Promise<unknown> {
    return await this.#ask('GET', `/connectors/${name}/offsets`);
  }

  async setOffsets(name: string, offsets: unknown): Promise<void> {
    await this.#ask('PATCH', `/connectors/${name}/offsets`, offsets);
  }

  usage(): { readonly cpuSeconds: number; readonly peakRssMiB: number } {
    return processUsage(this.#child.pid) ?? { cpuSeconds: 0, peakRssMiB: 0 };
  }

  async until(what: string, holds: () => Promise<boolean>, withinMs = 150_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (this.#child.exitCode !== null) throw new Error(`Kafka Connect ended; its log is in ${this.#home}`);
      if (await holds().catch(passFailures)) return;
      await sleep(20);
    }
    throw new Error(`not within ${withinMs / 1000} s: ${what}; the log is in ${this.#home}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The task's state; null: it has none. Throws when it has failed. */
  async state(name: string): Promise<string | null> {
    const status = (await this.#ask('GET', `/connectors/${name}/status`)) as {
      tasks: { state: string; trace?: string }[];
    };
    const task = status.tasks[0];
    if (task?.state === 'FAILED') throw new ConnectorFailed(`${name} failed: ${task.trace?.slice(0, 2_000)}`);
    return task?.state ?? null;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: HTTP ${answer.status} ${text.slice(0, 1_000)}`);
    return text === '' ? null : JSON.parse(text);
  }
}

class ConnectorFailed extends Error {}

/** A worker that does not answer yet is waited for. */
const passFailures = (error: unknown): false => {
  if (error instanceof ConnectorFailed) throw error;
  return false;
};

const propertiesText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
