import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import {
  encodeError,
  encodeResult,
  eofPayload,
  okPayload,
  type ServerError,
} from '../../protocol/mysql/server/answers.ts';
import { type Command, type DumpRequest, decodeCommand } from '../../protocol/mysql/server/command.ts';
import { encodeGreeting, scrambleLength } from '../../protocol/mysql/server/greeting.ts';
import { decodeLoginRequest } from '../../protocol/mysql/server/login-request.ts';
import { framePackets, PacketSplitter, packetCount } from '../../protocol/mysql/server/packets.ts';
import { type AuthenticationPlugin, proves } from '../../protocol/mysql/server/password-proof.ts';
import { type AtEnd, DumpRefused, dumpEvents } from './dump-events.ts';
import type { Faults } from './faults.ts';
import type { RecordedLog } from './recorded-log.ts';
import type { Recording } from './recording.ts';
import { answerStatement } from './statement-answer.ts';

/** What all connections of a replay server share. */
export interface SessionContext {
  /** Changes when the server goes on. */
  recording: Recording;
  readonly log: RecordedLog;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly user: string;
  readonly password: string;
  readonly plugin: AuthenticationPlugin;
  /** How fast dumps send; null: as fast as they are read. */
  readonly bytesPerSecond: number | null;
}

/** Serves one client over `duplex` until either side closes. */
export const serveSession = async (context: SessionContext, duplex: Duplex, connectionId: number): Promise<void> => {
  await new Session(context, duplex).run(connectionId);
  // In order: what was sent arrives first.
  duplex.end();
};

class Session {
  readonly #context: SessionContext;
  readonly #duplex: Duplex;
  readonly #closed = new AbortController();
  readonly #inbox: { readonly payload: Buffer; readonly sequence: number }[] = [];
  #wake: () => void = () => {};
  /** The user variables the client has set. */
  readonly #variables = new Map<string, string>();
  /** The number of the next packet to send. */
  #sequence = 0;

  constructor(context: SessionContext, duplex: Duplex) {
    this.#context = context;
    this.#duplex = duplex;
    const splitter = new PacketSplitter();
    duplex.on('data', (chunk: Buffer) => {
      splitter.push(chunk, (payload, sequence) => this.#inbox.push({ payload, sequence }));
      this.#wake();
    });
    const close = (): void => {
      this.#closed.abort();
      this.#wake();
    };
    for (const event of ['end', 'close', 'error']) duplex.on(event, close);
  }

  async run(connectionId: number): Promise<void> {
    if (!(await this.#login(connectionId))) return;
    for (;;) {
      const payload = await this.#receive();
      if (payload === null) return;
      const command = decoded(() => decodeCommand(payload));
      if (command === null) return await this.#send(malformedPacket);
      if (command.kind === 'quit') return;
      if (command.kind === 'dump') return await this.#dump(command);
      await this.#answer(command);
    }
  }

  async #login(connectionId: number): Promise<boolean> {
    const { user, password, plugin, recording } = this.#context;
    // Printable, so without NUL.
    const scramble = Buffer.from(randomBytes(scrambleLength).map((byte) => 33 + (byte % 94)));
    await this.#send(encodeGreeting({ serverVersion: recording.serverVersion, connectionId, scramble, plugin }));
    const payload = await this.#receive();
    if (payload === null) return false;
    const request = decoded(() => decodeLoginRequest(payload));
    if (request === null) {
      await this.#send(malformedPacket);
      return false;
    }
    let proof = request.proof;
    if (request.plugin !== null && request.plugin !== plugin) {
      await this.#send(Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), scramble, Buffer.from([0])]));
      const answer = await this.#receive();
      if (answer === null) return false;
      proof = answer;
    }
    if (request.user !== user || !proves(plugin, password, scramble, proof)) {
      const using = proof.length > 0 ? 'YES' : 'NO';
      const message = `Access denied for user '${request.user}'@'localhost' (using password: ${using})`;
      await this.#send(encodeError({ code: 1045, state: '28000', message }));
      return false;
    }
    if (plugin === 'caching_sha2_password' && proof.length > 0) await this.#send(fastAuthenticationSuccess);
    await this.#send(okPayload);
    return true;
  }

  async #answer(command: Exclude<Command, { kind: 'dump' }>): Promise<void> {
    if (command.kind === 'unknown') {
      await this.#send(encodeError({ code: 1047, state: '08S01', message: `Unknown command ${command.code}` }));
      return;
    }
    if (command.kind !== 'query') return await this.#send(okPayload);
    this.#keepVariables(command.sql);
    const answer = answerStatement(command.sql, this.#context.recording, this.#context.log);
    if (answer === 'ok') await this.#send(okPayload);
    else if ('columns' in answer) await this.#send(...encodeResult(answer));
    else await this.#send(encodeError(answer));
  }

  #keepVariables(sql: string): void {
    if (!/^\s*SET\s/i.test(sql)) return;
    for (const [, name, text] of sql.matchAll(/@(\w+)\s*:?=\s*('(?:[^']|'')*'|[\w.]+)/g)) {
      this.#variables.set(name!.toLowerCase(), text!.startsWith("'") ? text!.slice(1, -1) : text!);
    }
  }

  /** A variable that has had two names. */
  #variable(name: string): string | null {
    return this.#variables.get(`source_${name}`) ?? this.#variables.get(`master_${name}`) ?? null;
  }

  async #dump(request: DumpRequest): Promise<void> {
    const { log, recording, faults } = this.#context;
    const wanted = this.#variable('binlog_checksum')?.toLowerCase() ?? null;
    const checksum = wanted === null ? null : wanted === 'crc32' ? 'crc32' : 'none';
    const events = dumpEvents(log, request, checksum, recording.serverUuid, () => faults.takeRepeat());
    try {
      while (this.#open) {
        const { value } = events.next();
        if (Buffer.isBuffer(value)) {
          await this.#sendEvent(value);
          continue;
        }
        await this.#flush();
        if (request.nonBlocking) return await this.#send(eofPayload);
        await this.#waitAtEnd(value);
      }
    } catch (error) {
      if (!(error instanceof DumpRefused)) throw error;
      await this.#flush();
      await this.#refuse(error.answer);
    }
  }

  /** Until the log grows; a client that asked for heartbeats gets them meanwhile. */
  async #waitAtEnd({ heartbeat }: AtEnd): Promise<void> {
    const { log, clock } = this.#context;
    const { growth } = log;
    const woken = AbortSignal.any([growth, this.#closed.signal]);
    const periodMs = Number(this.#variable('heartbeat_period') ?? 0) / 1_000_000;
    while (!woken.aborted) {
      await clock.sleep(periodMs > 0 ? periodMs : silenceMs, woken);
      if (periodMs === 0 || woken.aborted) continue;
      await this.#sendEvent(heartbeat());
      await this.#flush();
    }
  }

  async #refuse(answer: ServerError): Promise<void> {
    await this.#send(encodeError(answer));
  }

  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** Gathers events into writes of some size: a write for each would make the socket the measure of everything. */
  async #sendEvent(event: Buffer): Promise<void> {
    const payload = Buffer.concat([eventStatus, event]);
    this.#pending.push(...framePackets(payload, this.#sequence));
    this.#sequence += packetCount(payload.length);
    this.#pendingBytes += payload.length + 4;
    const { bytesPerSecond } = this.#context;
    const enough = bytesPerSecond === null ? writeBytes : Math.min(writeBytes, bytesPerSecond / slicesPerSecond);
    if (this.#pendingBytes >= enough) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    const { faults, clock, bytesPerSecond } = this.#context;
    const delayMs = faults.takeDelayMs();
    if (delayMs > 0) await clock.sleep(delayMs, this.#closed.signal);
    const allowed = faults.take(bytes.length);
    if (allowed !== null) {
      this.#closed.abort();
      this.#duplex.write(bytes.subarray(0, allowed), () => this.#duplex.destroy());
      return;
    }
    await this.#write(bytes);
    if (bytesPerSecond !== null) await clock.sleep((bytes.length / bytesPerSecond) * 1000, this.#closed.signal);
  }

  get #open(): boolean {
    return !this.#closed.signal.aborted;
  }

  /** The client's next payload; null once it is gone. */
  async #receive(): Promise<Buffer | null> {
    while (this.#inbox.length === 0) {
      if (!this.#open) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const { payload, sequence } = this.#inbox.shift()!;
    this.#sequence = sequence + 1;
    return payload;
  }

  /** Sends payloads that follow the client's last one. */
  async #send(...payloads: readonly Buffer[]): Promise<void> {
    const packets: Buffer[] = [];
    for (const payload of payloads) {
      packets.push(...framePackets(payload, this.#sequence));
      this.#sequence += packetCount(payload.length);
    }
    await this.#write(Buffer.concat(packets));
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#open || this.#duplex.write(bytes)) return;
    // Rejects when the client goes, which the reader of this session sees by itself.
    await once(this.#duplex, 'drain', { signal: this.#closed.signal }).catch(() => {});
  }
}

/** What a client sent, or null where it makes no sense: clients may send anything. */
const decoded = <T>(decode: () => T): T | null => {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MillraceError) return null;
    throw error;
  }
};

const malformedPacket = encodeError({ code: 1835, state: 'HY000', message: 'Malformed communication packet.' });
/** "The proof matches, no need for the password itself" of caching_sha2_password. */
const fastAuthenticationSuccess = Buffer.from([1, 3]);
const eventStatus = Buffer.from([0]);
const writeBytes = 32 * 1024;
const slicesPerSecond = 50;
/** How long a dump without heartbeats sleeps at a time; it wakes when the client goes. */
const silenceMs = 60_000;
