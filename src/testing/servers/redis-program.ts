import { join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { unpackDebian, unpackedProgram } from './debian-packages.ts';
import { type Command, runProgram } from './run-program.ts';
import { serverCache } from './server-cache.ts';

export type RedisName = 'redis-7.0' | 'redis-8.0' | 'valkey-8.1';

interface RedisEntry {
  readonly name: RedisName;
  /** The Debian suite whose packages hold this version. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** What its programs are called by: `redis-server`, `redis-cli`. */
  readonly prefix: 'redis' | 'valkey';
}

/** The servers that tests run on. */
export const redisCatalogue: readonly RedisEntry[] = [
  { name: 'redis-7.0', suite: 'bookworm', packages: ['redis-server', 'redis-tools'], prefix: 'redis' },
  { name: 'redis-8.0', suite: 'trixie', packages: ['redis-server', 'redis-tools'], prefix: 'redis' },
  { name: 'valkey-8.1', suite: 'trixie', packages: ['valkey-server', 'valkey-tools'], prefix: 'valkey' },
];

export interface RedisProgram {
  readonly name: RedisName;
  /** As the program prints it: `7.0.15`. */
  readonly version: string;
  readonly server: Command;
  /** Runs as a Sentinel with `--sentinel`. */
  readonly cli: Command;
  /** `redis-check-rdb` and `redis-check-aof`. */
  readonly checkRdb: Command;
  readonly checkAof: Command;
  readonly benchmark: Command;
}

/** The programs of a server, fetched when they are not in the cache. Throws SERVER_UNAVAILABLE. */
export const redisProgram = async (name: RedisName): Promise<RedisProgram> => {
  const entry = redisCatalogue.find((each) => each.name === name)!;
  const folder = join(serverCache(), `${entry.prefix}-${entry.suite}`);
  await unpackDebian(entry.suite, entry.packages, folder);
  const program = async (what: string): Promise<Command> =>
    await unpackedProgram(folder, `usr/bin/${entry.prefix}-${what}`);
  const server = await program('server');
  return {
    name,
    version: await versionOf(server, name),
    server,
    cli: await program('cli'),
    checkRdb: await program('check-rdb'),
    checkAof: await program('check-aof'),
    benchmark: await program('benchmark'),
  };
};

const versionOf = async (server: Command, name: RedisName): Promise<string> => {
  const { status, output } = await runProgram([...server, '--version'], { timeoutMs: 10_000 });
  const version = / v=(\S+)/.exec(output)?.[1];
  if (status === 0 && version !== undefined) return version;
  throw new MillraceError('SERVER_UNAVAILABLE', { server: name, reason: `--version failed with status ${status}` });
};
