import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { connect, fillOrders } from '../orders.ts';
import type { Result } from '../result.ts';

/**
 * A binlog of 200,000 new rows of eight mixed columns into another MySQL: millrace from the file's bytes on, with its position in
 * each transaction, and a hand-written program that has its rows in memory and upserts a thousand at a time over four connections.
 */
export const mysqlApply = async (rounds: number): Promise<readonly Result[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-apply-'));
  try {
    const rows = await recordOrders(folder);
    // The target logs and flushes as MySQL does by default.
    await using target = await launchServer({
      flavor: 'mysql',
      options: ['--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'],
    });
    const address = [target.host, target.port, target.user, target.password].map(String);
    await makeTarget(target);
    const contender = (name: string, script: string, ...args: readonly string[]) => ({
      name,
      command: process.execPath,
      args: [
        ...publishedFlags,
        fileURLToPath(new URL(`../contenders/${script}.ts`, import.meta.url)),
        ...address,
        String(rows),
        ...args,
      ],
    });
    return await measure(
      'mysql-apply',
      [
        contender('millrace', 'mysql-apply', join(folder, 'binlog'), '4'),
        contender('millrace, one writer', 'mysql-apply', join(folder, 'binlog'), '1'),
        contender('multi-row upserts, 4 connections', 'mysql-upserts'),
      ],
      rounds,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Keeps the binlog of a server that is gone when this returns. */
const recordOrders = async (folder: string): Promise<number> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
  process.stderr.write('mysql-apply  recording 200,000 rows\n');
  const { rows, file } = await fillOrders(server, 200, 1_000);
  cpSync(join(server.binlogFolder, file), join(folder, 'binlog', file), { recursive: true });
  return rows;
};

/** The empty table that rows are written to. */
export const makeTarget = async (address: Parameters<typeof connect>[0]): Promise<void> => {
  const connection = await connect(address, { multipleStatements: true });
  await connection.query(`CREATE DATABASE bench; CREATE TABLE bench.orders (
    id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, sku VARCHAR(40) NOT NULL, qty INT NOT NULL,
    price DECIMAL(12,2) NOT NULL, status ENUM('new','paid','shipped','done'), note VARCHAR(200), created DATETIME(6),
    KEY (customer_id))`);
  await connection.end();
};
