import { z } from 'zod';
import { type MysqlConfig, mysqlConfig } from '../connectors/mysql/config.ts';
import { connectionSettings } from '../connectors/redis/connection-settings.ts';
import { routeSettings } from '../connectors/redis/route-settings.ts';
import type { MysqlAddress, RedisAddress } from './cache-options.ts';

/** Statements of the cache are short: a server that takes longer is as good as away. */
const mysqlPatience = '10s';

const redisSettings = z.strictObject({ ...connectionSettings, ...routeSettings });

/** How a Redis is reached, with every choice made. */
export type RedisSettings = z.output<typeof redisSettings>;

/** Throws zod's error for settings that it does not take, and TypeError for a URL of something else. */
export const redisAddress = (address: RedisAddress): RedisSettings => {
  if (typeof address !== 'string') return redisSettings.parse(address);
  const url = new URL(address);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw new TypeError('write redis://user:password@host:port/database');
  const [, database] = /^\/?(\d*)$/.exec(url.pathname) ?? [];
  if (database === undefined) throw new TypeError('what follows redis://host:port/ is the number of a database');
  return redisSettings.parse({
    hostname: hostOf(url),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { 'ssl.mode': 'verify-identity' } : {}),
    ...(database === '' ? {} : { database }),
  });
};

/** Likewise. */
export const mysqlAddress = (address: MysqlAddress): MysqlConfig => {
  const rest = { tables: '\\.*.\\.*', 'connect.timeout': mysqlPatience };
  if (typeof address !== 'string') return mysqlConfig.parse({ ...address, ...rest });
  const url = new URL(address);
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:')
    throw new TypeError('write mysql://user:password@host:port');
  return mysqlConfig.parse({
    hostname: hostOf(url),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(url.searchParams.has('ssl-mode') ? { 'ssl.mode': url.searchParams.get('ssl-mode') } : {}),
    ...rest,
  });
};

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
