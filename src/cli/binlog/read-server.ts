import { randomInt, randomUUID } from 'node:crypto';
import { type MysqlConfig, mysqlConfig } from '../../connectors/mysql/config.ts';
import { MysqlConnection } from '../../connectors/mysql/connection.ts';
import { LogOffset } from '../../connectors/mysql/log-offset.ts';
import { dumpFailure } from '../../connectors/mysql/mysql-failure.ts';
import { readServerFacts } from '../../connectors/mysql/server-facts.ts';
import { statements } from '../../connectors/mysql/statements.ts';
import { MillraceError } from '../../core/errors.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { dumpFlag, encodeBinlogDump, encodeBinlogDumpGtid } from '../../protocol/mysql/dump-commands.ts';
import { type EventFrame, eventFlag, keepFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeRotate } from '../../protocol/mysql/events/rotate.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import { NetworkFramer } from '../../protocol/mysql/network-framer.ts';
import { encodePacket } from '../../protocol/mysql/packet.ts';
import { isAtLeast } from '../../protocol/mysql/server-version.ts';
import { type EventLists, type LoggedEvent, type ReadOptions, withPayloads } from './logged-event.ts';

const HEARTBEAT_MS = 10_000;

/** The events of a server's log, by the replication protocol, up to its present end or for ever. */
export async function* readServer(url: string, options: ReadOptions): EventLists {
  const { signal } = options;
  const target = readUrl(url);
  await using connection = await MysqlConnection.open({
    config: target.config,
    dial: dialTcp,
    clock: systemClock,
    signal,
  });
  const facts = await readServerFacts(connection);
  await connection.run(statements.dumpSession(HEARTBEAT_MS, randomUUID()));
  const position = options.from ?? target.position;
  const dump = {
    file: target.file,
    position,
    // A server answers a dump without an end, unless told not to wait.
    flags: (options.stopNever ? 0 : dumpFlag.NON_BLOCK) | dumpFlag.HEARTBEAT_V2_OR_ANNOTATE,
    // An id of the upper half that no other replica is likely to have: two with the same id end each other's dumps.
    serverId: randomInt(0x8000_0000, 0xffff_ffff),
  };
  let command: Buffer;
  if (target.gtid !== null && facts.flavor === 'mysql') {
    const executed = MysqlGtidSet.parse(target.gtid);
    command = encodeBinlogDumpGtid({ ...dump, executed, tagged: isAtLeast(facts.version, 8, 3) });
  } else {
    if (target.gtid !== null) await connection.run(statements.mariadbStart(target.gtid));
    command = encodeBinlogDump(dump);
  }

  const stream = connection.takeStream();
  signal.addEventListener('abort', () => stream.close(), { once: true });
  stream.deadline(options.stopNever ? HEARTBEAT_MS * 3 : target.config['connect.timeout']);
  stream.write(encodePacket(command, 0));
  const framer = new NetworkFramer({ checksum: 'crc32' });
  const log = new LogOffset(target.file, position);
  let events: LoggedEvent[] = [];
  let ended = false;
  const collect = (frame: EventFrame): void => {
    const before = log.next;
    const start = log.advance(frame);
    // What does not move the log on stands in no file: the server made it up, or repeats it, for this dump.
    const artificial = (frame.flags & eventFlag.ARTIFICIAL) !== 0 || log.next === before;
    if (options.to !== null && !artificial && start >= options.to) ended = true;
    if (isHeartbeat(frame) || ended) return;
    events.push({ file: log.file, position: artificial ? null : start, frame: keepFrame(frame), inside: false });
    if (frame.type === eventType.ROTATE) {
      const next = decodeRotate(frame);
      log.moveTo(next.file, Number(next.position));
    }
  };
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    try {
      framer.push(chunk, collect);
    } catch (error) {
      throw dumpFailure(error, {
        address: facts.address,
        user: target.config.username ?? '',
        start: { by: 'file', file: target.file, offset: position },
        identity: dump,
      });
    }
    yield* withPayloads(events);
    events = [];
    if (ended || framer.ended) return;
  }
}

const isHeartbeat = ({ type }: EventFrame): boolean => type === eventType.HEARTBEAT || type === eventType.HEARTBEAT_V2;

interface Target {
  readonly config: MysqlConfig;
  readonly file: string;
  readonly position: number;
  readonly gtid: string | null;
}

const PARAMETERS = ['file', 'pos', 'gtid', 'password_env', 'ssl-mode'];

/** `mysql://user:password@host:port/?file=binlog.000003&pos=157`. Throws CLI_ARGUMENTS. */
const readUrl = (text: string): Target => {
  const refuse = (reason: string): never => {
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace binlog', reason });
  };
  const url = URL.canParse(text) ? new URL(text) : refuse('the server is written mysql://user:password@host:port/');
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name))
      refuse(`a server's URL has no parameter ${name}; it takes ${PARAMETERS.join(', ')}`);
  }
  const passwordVariable = url.searchParams.get('password_env');
  const config = mysqlConfig.safeParse({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    username: decodeURIComponent(url.username),
    password: passwordVariable === null ? decodeURIComponent(url.password) : (process.env[passwordVariable] ?? ''),
    tables: '\\.*.\\.*',
    ...(url.searchParams.has('ssl-mode') ? { 'ssl.mode': url.searchParams.get('ssl-mode') } : {}),
  });
  if (!config.success) return refuse(config.error.issues[0]?.message ?? 'the URL cannot be used');
  const position = Number(url.searchParams.get('pos') ?? 4);
  if (!Number.isSafeInteger(position) || position < 4) return refuse('pos is a byte of the file, from 4 on');
  return {
    config: config.data,
    file: url.searchParams.get('file') ?? '',
    position,
    gtid: url.searchParams.get('gtid'),
  };
};
