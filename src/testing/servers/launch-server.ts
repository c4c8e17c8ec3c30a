import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../core/errors.ts';
import { commonOptions, makeDataFolder } from './data-folder.ts';
import { enter, strike, sweep } from './server-ledger.ts';
import { type ClientTools, catalogueEntry, debianProgram, type ServerProgram } from './server-program.ts';

export interface LaunchOptions {
  readonly flavor: 'mysql' | 'mariadb';
  /** As in the catalogue: `9.7`, `11.8`, `10.11`. Default: the flavor's newest. */
  readonly version?: string;
  /** More options for the server, `--name=value`; they win over the ones every launch gives. */
  readonly options?: readonly string[];
  /** Where the data lives; made when it is not there, and kept at the end. Default: a throw-away folder. */
  readonly dataDir?: string;
  /** Where the throw-away folder is made. Default: the system's temporary folder. */
  readonly folder?: string;
}

/** Starts a private server on loopback with row binlog, full row metadata and GTIDs on. Disposing ends it. */
export const launchServer = async (options: LaunchOptions): Promise<LaunchedServer> => {
  const program = await debianProgram(catalogueEntry(options.flavor, options.version));
  return await launchProgram(program, options);
};

/** As launchServer, with programs already found. */
export const launchProgram = async (
  program: ServerProgram,
  options: Pick<LaunchOptions, 'options' | 'dataDir' | 'folder'> & { readonly timeoutMs?: number } = {},
): Promise<LaunchedServer> => {
  sweep();
  const home = await mkdtemp(join(options.folder ?? tmpdir(), 'millrace-'));
  const server = new LaunchedServer(program, home, options.dataDir ?? null, options.options ?? [], options.timeoutMs);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
};

/** A real server that this process started: on loopback, user root without a password. */
export class LaunchedServer implements AsyncDisposable {
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  readonly host = '127.0.0.1';
  readonly user = 'root';
  readonly password = '';
  readonly dataDir: string;
  /** Holds `binlog.000001` and so on, unless the launch options say otherwise. */
  readonly binlogFolder: string;
  readonly tools: ClientTools;
  /** What the server prints. */
  readonly logFile: string;
  readonly #program: ServerProgram;
  readonly #home: string;
  readonly #ownData: boolean;
  readonly #timeoutMs: number;
  #options: readonly string[];
  #port = 0;
  #child: ChildProcess | null = null;

  constructor(
    program: ServerProgram,
    home: string,
    dataDir: string | null,
    options: readonly string[],
    timeoutMs = 60_000,
  ) {
    this.#program = program;
    this.#home = home;
    this.#ownData = dataDir === null;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.flavor = program.flavor;
    this.version = program.version;
    this.tools = program.tools;
    this.dataDir = dataDir ?? join(home, 'data');
    this.binlogFolder = this.dataDir;
    this.logFile = join(home, 'server.log');
  }

  /** Stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `mysql://root@127.0.0.1:${this.#port}`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the server greets connections. `options` replace the launch's own. */
  async start(options: readonly string[] = this.#options): Promise<void> {
    if (this.#child !== null) return;
    this.#options = options;
    if (!(await hasData(this.dataDir))) {
      await rm(this.dataDir, { recursive: true, force: true });
      await mkdir(join(this.dataDir, '..'), { recursive: true });
      await makeDataFolder(this.#program, options, this.dataDir);
    }
    const deadline = Date.now() + this.#timeoutMs;
    const fixedPort = this.#port !== 0;
    for (;;) {
      if (!fixedPort) this.#port = await freePort();
      const child = this.#spawn();
      this.#child = child;
      while (this.#child !== null && Date.now() < deadline) {
        if (await greets(this.#port)) return;
        await sleep(25);
      }
      const reason = await this.#reason();
      await this.kill();
      // Another process may have taken the port since it was found free.
      if (!fixedPort && Date.now() < deadline && /address already in use/i.test(reason)) continue;
      throw new MillraceError('SERVER_START_FAILED', { server: this.version, reason });
    }
  }

  /** Ends the server in its own orderly way. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(options: readonly string[] = this.#options): Promise<void> {
    await this.stop();
    await this.start(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#ownData ? this.kill() : this.stop());
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  #spawn(): ChildProcess {
    const [command, ...prefix] = this.#program.daemon;
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, [...prefix, ...commonOptions(this.#program, this.dataDir), ...this.#serverOptions()], {
      stdio: ['ignore', log, log],
      // Its own process group: a Ctrl-C in the terminal reaches us, and we end the server.
      detached: true,
      cwd: this.#home,
    });
    closeSync(log);
    // A server is no reason for its owner to go on running.
    child.unref();
    child.on('error', () => this.#ended(child));
    child.on('exit', () => this.#ended(child));
    if (child.pid !== undefined) enter(child.pid, this.#home);
    return child;
  }

  #ended(child: ChildProcess): void {
    if (child.pid !== undefined) strike(child.pid);
    if (this.#child === child) this.#child = null;
  }

  #serverOptions(): readonly string[] {
    return [
      `--port=${this.#port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(this.#home, 's.sock')}`,
      `--pid-file=${join(this.#home, 'server.pid')}`,
      // A starting MariaDB clears what it takes for leftovers of temporary tables, other servers' too.
      `--tmpdir=${this.#home}`,
      '--server-id=1',
      '--log-bin=binlog',
      '--binlog-format=ROW',
      '--loose-binlog-row-metadata=FULL',
      '--secure-file-priv=',
      '--local-infile=ON',
      '--max-allowed-packet=256M',
      // Survives the death of the server, not of the machine: all that tests ask for, at a fraction of the writes.
      '--sync-binlog=0',
      '--innodb-flush-log-at-trx-commit=2',
      '--innodb-buffer-pool-size=64M',
      ...(this.flavor === 'mysql'
        ? [
            '--loose-mysqlx=OFF',
            // Together these save 300 MB.
            '--performance-schema=OFF',
            '--innodb-log-buffer-size=4M',
            '--gtid-mode=ON',
            '--enforce-gtid-consistency=ON',
            '--loose-innodb-redo-log-capacity=64M',
          ]
        : ['--gtid-strict-mode=1']),
      ...this.#options,
    ];
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

  /** Why the server is not there, in its own words. */
  async #reason(): Promise<string> {
    const lines = (await readFile(this.logFile, 'utf8').catch(() => '')).trim().split('\n');
    const error = lines.filter((line) => /\[ERROR\]|error while loading/.test(line)).slice(-3);
    return error.join(' | ') || lines.at(-1) || `it did not greet within ${this.#timeoutMs / 1000} s`;
  }
}

/** A port that is free on loopback at this moment. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return (address as { port: number }).port;
};

const hasData = async (folder: string): Promise<boolean> =>
  await access(join(folder, 'ibdata1')).then(
    () => true,
    () => false,
  );

/** Whether a server greets on this port: a listening socket alone is no server yet. */
const greets = async (port: number): Promise<boolean> => {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })) as [Buffer];
    // Protocol version 10, after the packet's own header of 4 bytes.
    return greeting[4] === 10;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
