import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { isAtLeast, parseServerVersion } from '../protocol/mysql/server-version.ts';
import { FaultProxy } from '../testing/fault-proxy.ts';
import { findLocalMysqld } from '../testing/servers/local-server.ts';
import { checksumTables } from './checksum-tables.ts';
import { closingStatement, type DemoSource } from './demo-source.ts';
import type { ShopFeatures } from './shop-schema.ts';
import { ShopWorkload } from './shop-workload.ts';

/** Transactions a second that the shop makes on a live server. */
const transactionsPerSecond = 400;
const localWithinMs = 10_000;

export interface LiveAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A shop in a database of its own on the server that a URL names. The database is dropped at the end. */
export const openNamedSource = async (url: string, seconds: number): Promise<DemoSource> => {
  const { hostname, port, username, password } = new URL(url);
  const address = {
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username || 'root'),
    password: decodeURIComponent(password),
  };
  return await openLiveSource('named server', address, `${address.host}:${address.port}`, seconds, async () => {});
};

/** A shop on a private, throw-away server of the mysqld or mariadbd on this machine; null when none serves in time. */
export const openLocalSource = async (seconds: number): Promise<DemoSource | null> => {
  const server = await findLocalMysqld({ withinMs: localWithinMs });
  if (server === null) return null;
  const where = 'started for this demo on private data';
  return await openLiveSource('local server', server, where, seconds, async () => await server[Symbol.asyncDispose]());
};

const openLiveSource = async (
  kind: 'named server' | 'local server',
  address: LiveAddress,
  where: string,
  seconds: number,
  close: () => Promise<void>,
): Promise<DemoSource> => {
  const { host, port, user, password } = address;
  const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
  const database = kind === 'local server' ? 'shop' : `millrace_demo_${process.pid}`;
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const serverVersion = String(row!['version']);
  const shop = new ShopWorkload(Date.now() & 0xffff, await featuresOf(connection, serverVersion));
  await connection.query(`CREATE DATABASE ${database}`);
  await connection.query(`USE ${database}`);
  for (const { sql } of shop.opening()) await connection.query(sql);
  const proxy = await FaultProxy.start(address);
  const flavor = serverVersion.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  return {
    title: `live ${flavor} ${serverVersion}, ${where}; ${transactionsPerSecond} transactions a second`,
    kind,
    serverVersion,
    host: proxy.host,
    port: proxy.port,
    user,
    password,
    database,
    startupMode: 'initial',
    changes: null,
    play: async (signal) => await playShop(connection, shop, seconds, signal),
    close: async () => void (await connection.query(closingStatement)),
    cut: () => proxy.cutAfter(777),
    tables: async () => await checksumTables(connection, database),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await connection.query(`DROP DATABASE IF EXISTS ${database}`).catch(() => {});
      connection.destroy();
      await close();
    },
  };
};

/** Makes the shop's transactions at a steady rate, and the schema changes in between. */
const playShop = async (
  connection: Connection,
  shop: ShopWorkload,
  seconds: number,
  signal: AbortSignal,
): Promise<void> => {
  const started = performance.now();
  const total = Math.round(seconds * transactionsPerSecond);
  for (let i = 1; i <= total && !signal.aborted; i += 1) {
    if (i % Math.ceil(total / 4) === 0) {
      const change = shop.nextSchemaChange();
      if (change !== null) await connection.query(change.sql);
    }
    await connection.query(shop.next().sql);
    const aheadMs = (i / transactionsPerSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 10) await sleep(aheadMs, undefined, { signal }).catch(() => {});
  }
};

/** What this server can do and lets this user switch on. */
const featuresOf = async (connection: Connection, serverVersion: string): Promise<ShopFeatures> => {
  const version = parseServerVersion(serverVersion);
  const allowed = async (statement: string): Promise<boolean> =>
    await connection.query(statement).then(
      () => true,
      () => false,
    );
  return {
    vectors: version !== null && version.flavor === 'mysql' && isAtLeast(version, 9, 0),
    partialJson: await allowed("SET SESSION binlog_row_value_options = ''"),
    compression: await allowed('SET SESSION binlog_transaction_compression = OFF'),
  };
};
