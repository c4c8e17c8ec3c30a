import { MillraceError } from '../../core/errors.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import {
  dumpFlag,
  encodeBinlogDump,
  encodeBinlogDumpGtid,
  encodeRegisterReplica,
} from '../../protocol/mysql/dump-commands.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import { NetworkFramer } from '../../protocol/mysql/network-framer.ts';
import { encodePacket } from '../../protocol/mysql/packet.ts';
import { isAtLeast } from '../../protocol/mysql/server-version.ts';
import type { MysqlConnection } from './connection.ts';
import type { LogFeed } from './log-feed.ts';
import { dumpFailure } from './mysql-failure.ts';
import type { ReplicaIdentity } from './replica-identity.ts';
import type { ServerFacts } from './server-facts.ts';
import { statements } from './statements.ts';

/** Where a dump begins. */
export type DumpStart =
  /** `gtids` need not be sent: a MySQL set, or MariaDB's position. */
  | { readonly by: 'gtid'; readonly gtids: string }
  | { readonly by: 'file'; readonly file: string; readonly offset: number };

export interface DumpOptions {
  readonly connection: MysqlConnection;
  readonly server: ServerFacts;
  readonly identity: ReplicaIdentity;
  readonly start: DumpStart;
  /** The server sends a sign of life after so long without events. */
  readonly heartbeatMs: number;
  /** End at the end of the log instead of waiting for more. */
  readonly once: boolean;
  readonly user: string;
}

/** A server may look for the place of a GTID set for long without a word. */
const seekMs = 600_000;
/** Signs of life that may fail to appear before the connection counts as dead. */
const missedHeartbeats = 3;

/** Registers as a replica and asks for the log. Errors of the server come with the first `read`. */
export const openDump = async (options: DumpOptions): Promise<LogFeed> => {
  const { connection, server, identity, start, heartbeatMs } = options;
  await connection.run(statements.patience);
  await connection.run(statements.dumpSession(heartbeatMs, identity.uuid));
  const mariadbGtids = server.flavor === 'mariadb' && start.by === 'gtid';
  if (mariadbGtids) await connection.run(statements.mariadbStart(start.gtids));
  const stream = connection.takeStream();
  const registration = encodeRegisterReplica({ serverId: identity.serverId, host: identity.host, port: 0 });
  stream.write(encodePacket(registration, 0));
  stream.deadline(heartbeatMs * missedHeartbeats);
  await readAnswer(stream, options);
  stream.deadline(seekMs);
  stream.write(encodePacket(dumpCommand(options), 0));
  return new DumpFeed(stream, options);
};

class DumpFeed implements LogFeed {
  readonly #stream: ByteStream;
  readonly #options: DumpOptions;
  readonly #framer = new NetworkFramer({ checksum: 'crc32' });
  #begun = false;

  constructor(stream: ByteStream, options: DumpOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  async read(): Promise<Buffer | null> {
    if (this.#framer.ended) return null;
    const chunk = await this.#stream.read();
    if (!this.#begun) {
      this.#begun = true;
      this.#stream.deadline(this.#options.heartbeatMs * missedHeartbeats);
    }
    return chunk;
  }

  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void {
    try {
      this.#framer.push(chunk, onEvent);
    } catch (error) {
      throw dumpFailure(error, { ...this.#options, address: this.#stream.address });
    }
  }

  close(): void {
    this.#stream.close();
  }
}

const dumpCommand = ({ server, identity, start, once }: DumpOptions): Buffer => {
  const flags = dumpFlag.HEARTBEAT_V2_OR_ANNOTATE | (once ? dumpFlag.NON_BLOCK : 0);
  const { serverId } = identity;
  if (start.by === 'file') return encodeBinlogDump({ file: start.file, position: start.offset, flags, serverId });
  if (server.flavor === 'mariadb') return encodeBinlogDump({ file: '', position: 4, flags, serverId });
  return encodeBinlogDumpGtid({
    file: '',
    position: 4,
    flags: flags | dumpFlag.THROUGH_GTID,
    serverId,
    executed: MysqlGtidSet.parse(start.gtids),
    tagged: isAtLeast(server.version, 8, 3),
  });
};

/** Takes the one packet that answers a command: OK, or the server's error. */
const readAnswer = async (stream: ByteStream, options: DumpOptions): Promise<void> => {
  let answer: Buffer = Buffer.alloc(0);
  while (answer.length < 4 || answer.length < 4 + answer.readUIntLE(0, 3)) {
    const chunk = await stream.read();
    if (chunk === null) throw new MillraceError('NET_CLOSED', { address: stream.address });
    answer = Buffer.concat([answer, chunk]);
  }
  if (answer[4] === 0) return;
  try {
    new NetworkFramer({ checksum: 'crc32' }).push(answer, () => {});
  } catch (error) {
    throw dumpFailure(error, { ...options, address: stream.address });
  }
};
