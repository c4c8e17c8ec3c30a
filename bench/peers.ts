import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Address, Workload } from './orders.ts';
import type { Contender } from './run-contender.ts';

const sources = fileURLToPath(new URL('./peers/', import.meta.url));
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'peers');

/** go-mysql, built once into the user's cache; null where there is no Go or no way to its module. */
export const goMysql = (server: Address, workload: Workload): Contender | null => {
  const binary = join(cache, 'go-mysql-1.13.0');
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    if (!succeeds('go', ['build', '-o', binary, '.'], join(sources, 'go-mysql'))) return null;
  }
  return { name: 'go-mysql 1.13', command: binary, args: where(server, workload) };
};

/** The Node readers of the zongji family, installed once into the user's cache. */
export const zongjis = (server: Address, workload: Workload): readonly Contender[] => {
  const folder = join(cache, 'zongji');
  if (!existsSync(join(folder, 'node_modules'))) {
    cpSync(join(sources, 'zongji'), folder, { recursive: true });
    if (!succeeds('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder)) return [];
  }
  return ['@vlasky/zongji', '@powersync/mysql-zongji'].map((name) => ({
    name,
    command: process.execPath,
    args: [join(sources, 'zongji', 'reader.mjs'), name, ...where(server, workload)],
    cwd: folder,
  }));
};

/** @tanstack/db-ivm on one of the queries of the sql benchmarks; null where npm cannot install it. */
export const dbIvm = (query: string): Contender | null => {
  const folder = join(cache, 'db-ivm-0.2.0');
  if (!existsSync(join(folder, 'node_modules'))) {
    cpSync(join(sources, 'db-ivm'), folder, { recursive: true });
    if (!succeeds('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder)) return null;
  }
  return {
    name: '@tanstack/db-ivm 0.2.0',
    command: process.execPath,
    args: [join(sources, 'db-ivm', 'runner.mjs'), query],
    cwd: folder,
  };
};

/** node-redis with MULTI; null where npm cannot install it. */
export const nodeRedis = (server: { readonly host: string; readonly port: number }, rows: number): Contender | null =>
  nodeRedisRunner('node-redis 6.3 multi', 'runner.mjs', server, rows);

/** node-redis reading rows that are there, one HGETALL after the other; null where npm cannot install it. */
export const nodeRedisReads = (
  server: { readonly host: string; readonly port: number },
  rows: number,
): Contender | null => nodeRedisRunner('node-redis 6.3 hGetAll', 'reader.mjs', server, rows);

const nodeRedisRunner = (
  name: string,
  script: string,
  server: { readonly host: string; readonly port: number },
  rows: number,
): Contender | null => {
  const folder = join(cache, 'node-redis-6.3.1');
  if (!existsSync(join(folder, 'node_modules'))) {
    cpSync(join(sources, 'node-redis'), folder, { recursive: true });
    if (!succeeds('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder)) return null;
  }
  return {
    name,
    command: process.execPath,
    args: [join(sources, 'node-redis', script), server.host, String(server.port), String(rows)],
    cwd: folder,
  };
};

const where = (server: Address, workload: Workload): readonly string[] =>
  [server.host, server.port, server.user, server.password, workload.file, workload.position, workload.rows].map(String);

const succeeds = (command: string, args: readonly string[], cwd: string): boolean => {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    return true;
  } catch {
    return false;
  }
};
