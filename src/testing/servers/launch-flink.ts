import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../core/errors.ts';
import { flink2ConnectorJars, flink2Jars, flinkConnectorJars, flinkJars } from './flink-jars.ts';
import { javaProgram } from './java-program.ts';
import { freePort } from './launch-server.ts';
import { mavenJars } from './maven-jars.ts';
import type { Command } from './run-program.ts';
import { enter, strike, sweep } from './server-ledger.ts';

const releases = {
  '1.20.3': [flinkJars, flinkConnectorJars],
  '2.3.0': [flink2Jars, flink2ConnectorJars],
} as const;

export type FlinkRelease = keyof typeof releases;

/**
 * Starts a private Flink on loopback: a JobManager, a TaskManager with some slots, and a SQL Gateway, with checkpoints every two seconds. Put together
 * from plain jars, since Flink's own distribution is none. Throws SERVER_UNAVAILABLE and SERVER_START_FAILED.
 */
export const launchFlink = async (release: FlinkRelease): Promise<LaunchedFlink> => {
  sweep();
  const java = await javaProgram();
  const libraries: string[] = [];
  for (const jars of releases[release]) libraries.push(await mavenJars(jars));
  const home = await mkdtemp(join(tmpdir(), 'millrace-flink-'));
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const flink = new LaunchedFlink(release, java, libraries, home, ports);
  try {
    await flink.start();
    return flink;
  } catch (error) {
    await flink[Symbol.asyncDispose]();
    throw error;
  }
};

export class LaunchedFlink implements AsyncDisposable {
  readonly release: FlinkRelease;
  /** The SQL Gateway's and the JobManager's addresses. */
  readonly gateway: string;
  readonly rest: string;
  readonly #java: Command;
  readonly #libraries: readonly string[];
  readonly #home: string;
  readonly #ports: readonly [rest: number, gateway: number, rpc: number];
  readonly #children: ChildProcess[] = [];

  constructor(
    release: FlinkRelease,
    java: Command,
    libraries: readonly string[],
    home: string,
    ports: readonly [number, number, number],
  ) {
    this.release = release;
    this.rest = `http://127.0.0.1:${ports[0]}`;
    this.gateway = `http://127.0.0.1:${ports[1]}`;
    this.#java = java;
    this.#libraries = libraries;
    this.#home = home;
    this.#ports = ports;
  }

  /** Resolves when statements and jobs are taken. */
  async start(): Promise<void> {
    for (const folder of ['conf', 'tmp', 'opt', 'plugins', 'checkpoints', 'savepoints'])
      await mkdir(join(this.#home, folder), { recursive: true });
    await writeFile(join(this.#home, 'conf/config.yaml'), this.#config());
    await writeFile(join(this.#home, 'conf/log4j.properties'), logging);
    const configDir = ['--configDir', join(this.#home, 'conf')];
    const cluster = 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint';
    this.#run('jobmanager', '320m', [cluster, ...configDir, '--executionMode', 'cluster']);
    const sizes = Object.entries(taskManagerSizes).flatMap(([key, size]) => ['-D', `taskmanager.${key}=${size}`]);
    const taskManager = 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner';
    this.#run('taskmanager', '640m', [taskManager, ...configDir, ...sizes]);
    const gateway = 'org.apache.flink.table.gateway.SqlGateway';
    this.#run('gateway', '320m', [gateway, '-Dsql-gateway.endpoint.rest.address=127.0.0.1']);
    await this.#until(async () => {
      const { 'slots-total': slots } = (await answerOf(`${this.rest}/overview`)) as { readonly 'slots-total': number };
      await answerOf(`${this.gateway}/info`);
      return slots > 0;
    });
  }

  #run(name: string, heap: string, main: readonly string[]): void {
    const log = openSync(join(this.#home, `${name}.log`), 'a');
    const conf = join(this.#home, 'conf');
    const [command, ...prefix] = this.#java;
    const options = [
      '-Xms64m',
      `-Xmx${heap}`,
      '-XX:+UseSerialGC',
      ...openedPackages.map((each) => `--add-opens=java.base/${each}=ALL-UNNAMED`),
      ...exportedPackages.map((each) => `--add-exports=${each}=ALL-UNNAMED`),
      `-Dlog4j.configurationFile=file:${conf}/log4j.properties`,
      '-cp',
      this.#libraries.map((folder) => `${folder}/*`).join(':'),
    ];
    const child = spawn(command, [...prefix, ...options, ...main], {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: this.#home,
      env: {
        ...process.env,
        FLINK_CONF_DIR: conf,
        FLINK_LIB_DIR: this.#libraries[0]!,
        FLINK_OPT_DIR: join(this.#home, 'opt'),
        FLINK_PLUGINS_DIR: join(this.#home, 'plugins'),
      },
    });
    closeSync(log);
    child.unref();
    this.#children.push(child);
    child.on('exit', () => child.pid !== undefined && strike(child.pid));
    child.on('error', () => {});
    if (child.pid !== undefined) enter(child.pid, this.#home);
  }

  async #until(ready: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 180_000;
    while (Date.now() < deadline && this.#children.every(({ exitCode }) => exitCode === null)) {
      if (await ready().catch(() => false)) return;
      await sleep(200);
    }
    const logs = await Promise.all(
      ['jobmanager', 'taskmanager', 'gateway'].map((name) =>
        readFile(join(this.#home, `${name}.log`), 'utf8').catch(() => ''),
      ),
    );
    const reason = /(?:ERROR|Exception).*/.exec(logs.join('\n'))?.[0] ?? 'it did not start in 180 s';
    throw new MillraceError('SERVER_START_FAILED', { server: `flink ${this.release}`, reason });
  }

  #config(): string {
    const [rest, gateway, rpc] = this.#ports;
    // With `rest.bind-port` the Gateway would take the JobManager's port.
    return `jobmanager:
  rpc: { address: 127.0.0.1, port: ${rpc} }
  bind-host: 127.0.0.1
  memory: { process: { size: 1024m } }
taskmanager:
  host: 127.0.0.1
  bind-host: 127.0.0.1
  numberOfTaskSlots: ${slots}
  memory: { process: { size: 1280m }, network: { min: 64m, max: 64m }, managed: { size: 128m } }
parallelism: { default: 1 }
rest: { address: 127.0.0.1, bind-address: 127.0.0.1, port: ${rest} }
sql-gateway: { endpoint: { rest: { address: 127.0.0.1, bind-address: 127.0.0.1, port: ${gateway}, bind-port: "${gateway}" } } }
io: { tmp: { dirs: ${this.#home}/tmp } }
classloader: { check-leaked-classloader: false }
execution: { checkpointing: { interval: 2s, dir: "file://${this.#home}/checkpoints", savepoint-dir: "file://${this.#home}/savepoints" } }
state: { backend: { type: hashmap } }
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
        // Nothing else may be left to wait for.
        child.ref();
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}

const slots = 4;

/** What the scripts of Flink's distribution would work out. */
const taskManagerSizes = {
  'cpu.cores': slots,
  'memory.task.heap.size': '384m',
  'memory.task.off-heap.size': '0b',
  'memory.framework.heap.size': '128m',
  'memory.framework.off-heap.size': '128m',
  'memory.network.min': '64m',
  'memory.network.max': '64m',
  'memory.managed.size': '128m',
  'memory.jvm-metaspace.size': '256m',
  'memory.jvm-overhead.min': '192m',
  'memory.jvm-overhead.max': '192m',
};

const openedPackages = [
  ...['java.lang', 'java.net', 'java.io', 'java.nio', 'sun.nio.ch', 'java.lang.reflect', 'java.text', 'java.time'],
  ...['java.util', 'java.util.concurrent', 'java.util.concurrent.atomic', 'java.util.concurrent.locks'],
];
const exportedPackages = [
  'java.base/sun.net.util',
  'java.rmi/sun.rmi.registry',
  'java.security.jgss/sun.security.krb5',
];

const logging = `rootLogger.level = WARN
rootLogger.appenderRef.c.ref = C
appender.c.name = C
appender.c.type = CONSOLE
appender.c.layout.type = PatternLayout
appender.c.layout.pattern = %d %-5p %c %x - %m%n
`;

const answerOf = async (url: string): Promise<unknown> => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return await answer.json();
};
