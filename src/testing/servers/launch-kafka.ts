import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../core/errors.ts';
import { javaProgram } from './java-program.ts';
import { kafkaJars } from './kafka-jars.ts';
import { freePort } from './launch-server.ts';
import { mavenJars } from './maven-jars.ts';
import { type Command, runProgram } from './run-program.ts';
import { exclusively, serverCache } from './server-cache.ts';
import { enter, strike, sweep } from './server-ledger.ts';

const kafkaVersion = '4.3.1';

/** A further way in to the only broker. */
export interface KafkaListener {
  readonly name: string;
  readonly protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly port: number;
}

export interface KafkaOptions {
  /** Default 1. Three keep three copies of everything, of which two must be in step. */
  readonly brokers?: 1 | 3;
  /** More lines for each broker's server.properties; they win over the ones every launch gives. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Beside the plain one, for a Kafka of one broker. */
  readonly listeners?: readonly KafkaListener[];
  /** The most memory each broker's heap takes, in MiB. */
  readonly heapMiB?: number;
}

/** Starts a private Apache Kafka on loopback, each node broker and controller at once. Topics are not made by themselves. */
export const launchKafka = async (options: KafkaOptions = {}): Promise<LaunchedKafka> => {
  sweep();
  const [java, libraries] = await Promise.all([javaProgram(), mavenJars(kafkaJars)]);
  const home = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const count = options.brokers ?? 1;
  const ports = await distinctPorts(count * 2);
  const voters = Array.from({ length: count }, (_, i) => `${i + 1}@127.0.0.1:${ports[count + i]}`).join(',');
  const brokers = Array.from({ length: count }, (_, i) => {
    const given = propertiesOf(i + 1, ports[i]!, ports[count + i]!, voters, count);
    const properties = { ...given, ...listenersOf(given, options.listeners ?? []), ...options.properties };
    return new KafkaBroker(
      java,
      libraries,
      join(home, String(i + 1)),
      i + 1,
      ports[i]!,
      properties,
      options.heapMiB ?? 384,
    );
  });
  const kafka = new LaunchedKafka(home, brokers);
  try {
    await Promise.all(brokers.map((broker) => broker.start()));
    return kafka;
  } catch (error) {
    await kafka[Symbol.asyncDispose]();
    throw error;
  }
};

export class LaunchedKafka implements AsyncDisposable {
  readonly brokers: readonly KafkaBroker[];
  readonly #home: string;

  constructor(home: string, brokers: readonly KafkaBroker[]) {
    this.#home = home;
    this.brokers = brokers;
  }

  get bootstrapServers(): string {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.discard()));
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One node, on the same port and data over restarts. */
export class KafkaBroker {
  readonly id: number;
  readonly port: number;
  readonly #java: Command;
  readonly #libraries: string;
  readonly #folder: string;
  readonly #properties: Readonly<Record<string, string>>;
  readonly #heapMiB: number;
  #child: ChildProcess | null = null;
  #makesArchive = false;

  constructor(
    java: Command,
    libraries: string,
    folder: string,
    id: number,
    port: number,
    properties: Readonly<Record<string, string>>,
    heapMiB: number,
  ) {
    this.#java = java;
    this.#libraries = libraries;
    this.#folder = folder;
    this.id = id;
    this.port = port;
    this.#properties = { ...properties, 'log.dirs': join(folder, 'data') };
    this.#heapMiB = heapMiB;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the broker takes connections. */
  async start(): Promise<void> {
    if (this.#child !== null) return;
    if (!(await exists(join(this.#folder, 'data')))) await this.#makeData();
    this.#makesArchive = this.id === 1 && !(await exists(this.#archive));
    const settings = join(this.#folder, 'server.properties');
    await writeFile(settings, linesOf(this.#properties));
    const log = openSync(this.#logFile, 'a');
    const [command, ...prefix] = this.#java;
    const child = spawn(command, [...prefix, ...this.#javaOptions(), 'kafka.Kafka', settings], {
      stdio: ['ignore', log, log],
      // Its own process group: a Ctrl-C in the terminal reaches us, and we end the broker.
      detached: true,
      cwd: this.#folder,
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    child.on('error', () => this.#ended(child));
    child.on('exit', () => this.#ended(child));
    if (child.pid !== undefined) enter(child.pid, join(this.#folder, '..'));
    const deadline = Date.now() + 90_000;
    while (this.#child !== null && Date.now() < deadline) {
      if (await accepts(this.port)) return;
      await sleep(50);
    }
    const reason =
      (await readFile(this.#logFile, 'utf8').catch(() => '')).trim().split('\n').at(-1) || 'it did not start';
    await this.kill();
    throw new MillraceError('SERVER_START_FAILED', { server: `kafka ${kafkaVersion}`, reason });
  }

  /** Ends it in its own orderly way. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it when nobody needs its data any more. */
  async discard(): Promise<void> {
    if (!this.#makesArchive) return await this.kill();
    await this.stop();
    await rename(this.#archiveInMaking, this.#archive).catch(() => {});
  }

  /** Classes as the first orderly end of a broker leaves them: the next ones start in half the time. */
  get #archive(): string {
    return `${this.#libraries}.jsa`;
  }

  get #archiveInMaking(): string {
    return `${this.#archive}.${process.pid}`;
  }

  get #logFile(): string {
    return join(this.#folder, 'kafka.log');
  }

  #ended(child: ChildProcess): void {
    if (child.pid !== undefined) strike(child.pid);
    if (this.#child === child) this.#child = null;
  }

  #javaOptions(): readonly string[] {
    return [
      '-Xms64m',
      `-Xmx${this.#heapMiB}m`,
      '-XX:+UseSerialGC',
      '-Djava.awt.headless=true',
      this.#makesArchive
        ? `-XX:ArchiveClassesAtExit=${this.#archiveInMaking}`
        : `-XX:SharedArchiveFile=${this.#archive}`,
      '-cp',
      `${this.#libraries}/*`,
    ];
  }

  /** Formatting takes a start of Java, so it is done once for each node and copied from then on. */
  async #makeData(): Promise<void> {
    const template = join(serverCache(), `${kafkaJars.name}.data`, String(this.id));
    await mkdir(this.#folder, { recursive: true });
    await exclusively(`${template}.lock`, async () => {
      if (await exists(template)) return;
      const partial = `${template}.partial`;
      await rm(partial, { recursive: true, force: true });
      const settings = join(this.#folder, 'format.properties');
      await writeFile(settings, linesOf({ ...this.#properties, 'log.dirs': partial }));
      const tool = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${this.#libraries}/*`, 'kafka.tools.StorageTool'];
      const [command, ...prefix] = this.#java;
      const outcome = await runProgram([command, ...prefix, ...tool, 'format', '-t', clusterId, '-c', settings]);
      if (outcome.status !== 0) {
        const reason = outcome.output.trim().split('\n').at(-1) || `status ${outcome.status}`;
        throw new MillraceError('SERVER_START_FAILED', { server: `kafka ${kafkaVersion}`, reason });
      }
      await rename(partial, template);
    });
    await runProgram(['cp', '-a', template, join(this.#folder, 'data')]);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await exited;
    clearTimeout(late);
  }
}

/** Any 16 bytes in base64url will do. */
const clusterId = 'bWlsbHJhY2UtdGVzdGluZw';

const propertiesOf = (
  id: number,
  port: number,
  controllerPort: number,
  voters: string,
  copies: number,
): Readonly<Record<string, string>> => {
  const inStep = String(Math.min(2, copies));
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': voters,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'num.partitions': '1',
    'default.replication.factor': String(copies),
    'min.insync.replicas': inStep,
    'offsets.topic.replication.factor': String(copies),
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': String(copies),
    'transaction.state.log.min.isr': inStep,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': String(copies),
    'share.coordinator.state.topic.min.isr': inStep,
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.session.timeout.ms': '3000',
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': '300',
    'auto.create.topics.enable': 'false',
    'log.segment.bytes': '134217728',
  };
};

/** The settings of listeners, with more of them. */
const listenersOf = (
  given: Readonly<Record<string, string>>,
  more: readonly KafkaListener[],
): Readonly<Record<string, string>> => {
  const places = more.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
  const protocols = more.map(({ name, protocol }) => `${name}:${protocol}`);
  const extended = (key: string, further: readonly string[]): string => [given[key]!, ...further].join(',');
  return {
    listeners: extended('listeners', places),
    'advertised.listeners': extended('advertised.listeners', places),
    'listener.security.protocol.map': extended('listener.security.protocol.map', protocols),
  };
};

const linesOf = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const distinctPorts = async (count: number): Promise<readonly number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
};

const accepts = async (port: number): Promise<boolean> => {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
