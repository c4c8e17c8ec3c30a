/**
 * What a replica sends, as packet payloads.
 *
 *   COM_BINLOG_DUMP       12 | position u4 | flags u2 | server_id u4 | file name to the end
 *   COM_BINLOG_DUMP_GTID  1e | flags u2 | server_id u4 | name_length u4 | file name | position u8 | set_length u4 | GTID set
 *   COM_REGISTER_SLAVE    15 | server_id u4 | length u1, host | length u1, user | length u1, password | port u2 | rank u4 | source_id u4
 *   semi-sync ACK         ef | position u8 | file name to the end                             as a packet of its own, sequence 0
 *
 * MySQL sql-common/client.cc (mysql_binlog_open), sql/rpl_replica.cc (register_replica), plugin/semisync.
 */

import { MillraceError } from '../../core/errors.ts';
import type { MysqlGtidSet } from './gtid/mysql-gtid-set.ts';

/** Bits of a dump's flags. */
export const dumpFlag = {
  /** End with an EOF packet instead of waiting for more. */
  NON_BLOCK: 0x1,
  /** MySQL: HEARTBEAT_V2 instead of HEARTBEAT. MariaDB: send ANNOTATE_ROWS. */
  HEARTBEAT_V2_OR_ANNOTATE: 0x2,
  /** What MySQL's own replicas set in COM_BINLOG_DUMP_GTID. */
  THROUGH_GTID: 0x4,
} as const;

export interface BinlogDump {
  /** '': the first file the server still has; for MariaDB also when `@slave_connect_state` says where to start. */
  readonly file: string;
  /** Where an event starts; 4 is the beginning. */
  readonly position: number;
  readonly flags: number;
  /** Must be no other replica's. */
  readonly serverId: number;
}

/** Throws BINLOG_POSITION_TOO_FAR for positions beyond 4 GiB, which this command cannot say. */
export const encodeBinlogDump = (dump: BinlogDump): Buffer => {
  if (dump.position > 0xffffffff) {
    throw new MillraceError('BINLOG_POSITION_TOO_FAR', { file: dump.file, position: dump.position });
  }
  const head = Buffer.alloc(11);
  head[0] = 0x12;
  head.writeUInt32LE(dump.position, 1);
  head.writeUInt16LE(dump.flags, 5);
  head.writeUInt32LE(dump.serverId, 7);
  return Buffer.concat([head, Buffer.from(dump.file)]);
};

export interface BinlogDumpGtid extends BinlogDump {
  /** What need not be sent. */
  readonly executed: MysqlGtidSet;
  /** Whether the server is 8.3 or later and so reads sets with tags. */
  readonly tagged: boolean;
}

export const encodeBinlogDumpGtid = (dump: BinlogDumpGtid): Buffer => {
  const file = Buffer.from(dump.file);
  const head = Buffer.alloc(11);
  head[0] = 0x1e;
  head.writeUInt16LE(dump.flags, 1);
  head.writeUInt32LE(dump.serverId, 3);
  head.writeUInt32LE(file.length, 7);
  const set = dump.executed.encode(dump.tagged);
  const tail = Buffer.alloc(12);
  tail.writeBigUInt64LE(BigInt(dump.position), 0);
  tail.writeUInt32LE(set.length, 8);
  return Buffer.concat([head, file, tail, set]);
};

export interface ReplicaRegistration {
  readonly serverId: number;
  /** What SHOW REPLICAS prints; at most 255 bytes. */
  readonly host: string;
  readonly port: number;
}

/** Names the replica in SHOW REPLICAS; dumps work without. */
export const encodeRegisterReplica = (registration: ReplicaRegistration): Buffer => {
  const host = Buffer.from(registration.host).subarray(0, 255);
  const bytes = Buffer.alloc(6 + host.length + 12);
  bytes[0] = 0x15;
  bytes.writeUInt32LE(registration.serverId, 1);
  bytes[5] = host.length;
  host.copy(bytes, 6);
  // User and password stay empty, rank and source id 0.
  bytes.writeUInt16LE(registration.port, 6 + host.length + 2);
  return bytes;
};

/** Says that everything up to `position`, the log_pos of an event that asked for it, is stored durably. */
export const encodeSemiSyncAck = (file: string, position: number): Buffer => {
  const head = Buffer.alloc(9);
  head[0] = 0xef;
  head.writeBigUInt64LE(BigInt(position), 1);
  return Buffer.concat([head, Buffer.from(file)]);
};
