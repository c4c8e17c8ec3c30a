import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../core/errors.ts';
import { encodeCommand } from '../../protocol/redis/command-writer.ts';
import { freePort } from './launch-server.ts';
import { type RedisName, type RedisProgram, redisProgram } from './redis-program.ts';
import { enter, strike, sweep } from './server-ledger.ts';

export interface RedisOptions {
  /** Default: Redis 8.0. */
  readonly server?: RedisName;
  /** More settings as `redis.conf` has them; they win over the ones every launch gives. A list sets one several times. */
  readonly settings?: Readonly<Record<string, string | readonly string[]>>;
}

/** Starts a private Redis or Valkey on loopback, without a password and without saving by itself. Disposing ends it. */
export const launchRedis = async (options: RedisOptions = {}): Promise<LaunchedRedis> => {
  sweep();
  const program = await redisProgram(options.server ?? 'redis-8.0');
  const home = await mkdtemp(join(tmpdir(), 'millrace-redis-'));
  const redis = new LaunchedRedis(program, home, await freePort(), options.settings ?? {});
  try {
    await redis.start();
    return redis;
  } catch (error) {
    await redis[Symbol.asyncDispose]();
    throw error;
  }
};

/** One server, on the same port and data over restarts. */
export class LaunchedRedis implements AsyncDisposable {
  readonly name: RedisName;
  readonly version: string;
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Holds `dump.rdb` and `appendonlydir`. */
  readonly folder: string;
  readonly program: RedisProgram;
  #settings: Readonly<Record<string, string | readonly string[]>>;
  #child: ChildProcess | null = null;

  constructor(program: RedisProgram, folder: string, port: number, settings: RedisOptions['settings'] & {}) {
    this.name = program.name;
    this.version = program.version;
    this.program = program;
    this.folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the server answers; it may still be loading. `settings` replace the launch's own. */
  async start(settings = this.#settings): Promise<void> {
    if (this.#child !== null) return;
    this.#settings = settings;
    const log = openSync(this.#logFile, 'a');
    const [command, ...prefix] = this.program.server;
    const child = spawn(command, [...prefix, ...this.#arguments()], {
      stdio: ['ignore', log, log],
      // Its own process group: a Ctrl-C in the terminal reaches us, and we end the server.
      detached: true,
      cwd: this.folder,
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    child.on('error', () => this.#ended(child));
    child.on('exit', () => this.#ended(child));
    if (child.pid !== undefined) enter(child.pid, this.folder);
    const deadline = Date.now() + 20_000;
    while (this.#child !== null && Date.now() < deadline) {
      if (await answers(this.port)) return;
      await sleep(10);
    }
    const lines = (await readFile(this.#logFile, 'utf8').catch(() => '')).trim().split('\n');
    await this.kill();
    throw new MillraceError('SERVER_START_FAILED', { server: this.name, reason: lines.at(-1) || 'it did not start' });
  }

  /** Ends it in its own orderly way, which saves what its settings say. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it where it stands until `resume`, as an overloaded machine would. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #logFile(): string {
    return join(this.folder, 'server.log');
  }

  #arguments(): readonly string[] {
    const settings: Readonly<Record<string, string | readonly string[]>> = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      'enable-debug-command': 'yes',
      // A background save that fails must not refuse the writes of a test.
      'stop-writes-on-bgsave-error': 'no',
      ...this.#settings,
    };
    return Object.entries(settings).flatMap(([name, value]) =>
      [value].flat().flatMap((each) => [`--${name}`, ...(each === '' ? [''] : each.split(' '))]),
    );
  }

  #ended(child: ChildProcess): void {
    if (child.pid !== undefined) strike(child.pid);
    if (this.#child === child) this.#child = null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(late);
  }
}

/** Whether something on this port answers a PING, be it with a refusal. */
const answers = async (port: number): Promise<boolean> => {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    socket.write(encodeCommand('PING'));
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })) as [Buffer];
    return data[0] === 0x2b || data[0] === 0x2d;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
