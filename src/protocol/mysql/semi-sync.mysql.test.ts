import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { type LaunchedServer, launchServer } from '../../testing/servers/launch-server.ts';
import { encodeBinlogDump, encodeSemiSyncAck } from './dump-commands.ts';
import { NetworkFramer } from './network-framer.ts';
import { encodePacket } from './packet.ts';

const connect = async (server: LaunchedServer): Promise<Connection> =>
  await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    supportBigNumbers: true,
    charset: 'utf8mb4',
  });

test('a semi-synchronous source takes the acknowledgements it asks for', async () => {
  await using server = await launchServer({ flavor: 'mariadb', version: '11.8' });
  const connection = await connect(server);
  await connection.query('CREATE DATABASE semi');
  await connection.query('CREATE TABLE semi.t (id int PRIMARY KEY)');
  const [[log]] = await connection.query<RowDataPacket[]>('SHOW MASTER STATUS');
  await connection.query('SET GLOBAL rpl_semi_sync_master_timeout = 10000');
  await connection.query('SET GLOBAL rpl_semi_sync_master_enabled = ON');

  const replica = await connect(server);
  await replica.query("SET @master_binlog_checksum = 'CRC32'");
  await replica.query('SET @rpl_semi_sync_slave = 1');
  await replica.query('SET @mariadb_slave_capability = 4');
  const { stream } = (replica as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  const framer = new NetworkFramer({ checksum: 'crc32' });
  let failure: unknown = null;
  let acknowledged = 0;
  stream.on('data', (chunk: Buffer) => {
    try {
      framer.push(chunk, (frame) => {
        if (!framer.acknowledgementWanted) return;
        acknowledged += 1;
        stream.write(encodePacket(encodeSemiSyncAck(log!['File'], frame.logPos), 0));
      });
    } catch (error) {
      failure ??= error;
    }
  });
  stream.write(
    encodePacket(encodeBinlogDump({ file: log!['File'], position: log!['Position'], flags: 0, serverId: 7 }), 0),
  );
  for (let clients = 0; clients === 0; ) {
    const [[row]] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'");
    clients = Number(row!['Value']);
  }
  for (let id = 0; id < 20; id += 1) await connection.query(`INSERT INTO semi.t VALUES (${id})`);
  const [[row]] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Rpl_semi_sync_master_yes_tx'");
  assert.equal(failure, null);
  assert.equal(Number(row!['Value']), 20);
  assert.equal(acknowledged, 20);
  replica.destroy();
  await connection.end();
});
