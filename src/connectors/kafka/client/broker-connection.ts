import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type TLSSocket, connect as upgradeToTls } from 'node:tls';
import type { Callback, Connection, Reader as ReaderOf, ResponseParser, Writer as WriterOf } from '@platformatic/kafka';
import type { Clock } from '../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { dialTcp } from '../../../net/dial.ts';
import type { ClientSettings } from './client-settings.ts';
import { kafkaErrorName } from './kafka-error.ts';
import { loadLogins, Reader, ResponseError, saslAuthenticateV2, saslHandshakeV1, Writer } from './protocol-library.ts';

/** A request of the client library's protocol level: its arguments' encoder and its answer's decoder. */
export type KafkaApi<Arguments extends readonly unknown[], Answer> = (
  connection: Connection,
  ...args: [...Arguments, Callback<Answer>]
) => void;

/** A request whose bytes are made here. The last of `body` may be large: it is written as it is, without a copy. */
export interface RawRequest<Answer> {
  readonly key: number;
  readonly version: number;
  readonly body: readonly Uint8Array[];
  /** Reads an answer behind its header. */
  readonly parse: (reader: ReaderOf) => Answer;
}

interface Waiting {
  readonly correlationId: number;
  readonly sinceMs: number;
  readonly hasTags: boolean;
  readonly settle: (error: Error | null, reader: ReaderOf | null) => void;
}

/**
 * A connection to one broker: requests go out as they come, answers come back in that order.
 *
 *     size i32 | api key i16 | version i16 | correlation id i32 | client id string | tags | body        a request
 *     size i32 | correlation id i32 | tags | body                                                       its answer
 *
 * https://kafka.apache.org/protocol#protocol_messages
 */
export class BrokerConnection {
  /** `host:port`. */
  readonly address: string;
  readonly #settings: ClientSettings;
  readonly #clock: Clock;
  readonly #socket: Duplex;
  readonly #clientId: Buffer;
  readonly #waiting: Waiting[] = [];
  readonly #stop = new AbortController();
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes of the answer that is arriving, its size included; 4 until the size is known. */
  #needed = 4;
  #correlationId = 0;
  #failure: Error | null = null;

  /** Connects and logs in. Throws NET_UNREACHABLE, NET_TIMEOUT or KAFKA_AUTHENTICATION_FAILED. */
  static async open(address: string, settings: ClientSettings, clock: Clock): Promise<BrokerConnection> {
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    const port = Number(address.slice(colon + 1));
    const { connectTimeoutMs, tls } = settings;
    const plain = await dialTcp({ host, port, timeoutMs: connectTimeoutMs, signal: new AbortController().signal });
    const socket = tls === null ? plain : await secured(plain, host, address, settings);
    const connection = new BrokerConnection(socket, address, settings, clock);
    try {
      await connection.#logIn();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(socket: Duplex, address: string, settings: ClientSettings, clock: Clock) {
    this.address = address;
    this.#socket = socket;
    this.#settings = settings;
    this.#clock = clock;
    const id = Buffer.from(settings.clientId);
    this.#clientId = Buffer.concat([Buffer.from([id.length >> 8, id.length & 0xff]), id]);
    socket.on('data', (chunk: Buffer) => this.#arrived(chunk));
    socket.on('error', (cause) => this.#fail(broken(address, cause)));
    socket.on('close', () => this.#fail(new MillraceError('NET_CLOSED', { address })));
    void this.#watch();
  }

  get closed(): boolean {
    return this.#failure !== null;
  }

  /**
   * Sends a request of the client library's and resolves with its answer, whose error codes are the caller's to look at. Rejects
   * when the connection breaks or stays silent.
   */
  request<Arguments extends readonly unknown[], Answer>(
    api: KafkaApi<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      api(this as unknown as Connection, ...args, (error, answer) => {
        if (error === null) resolve(answer!);
        // The library throws an answer that holds an error code; the codes stand in the answer, at their places.
        else if (error instanceof ResponseError && error['response'] !== undefined)
          resolve(error['response'] as Answer);
        else reject(error);
      });
    });
  }

  call<Answer>({ key, version, body, parse }: RawRequest<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#write(key, version, true, true, body, (error, reader) => {
        if (error !== null) {
          reject(error);
          return;
        }
        try {
          resolve(parse(reader!));
        } catch (cause) {
          reject(cause as Error);
        }
      });
    });
  }

  /** What the client library's requests call on a connection of its own. */
  send<Answer>(
    key: number,
    version: number,
    makeBody: () => WriterOf | Promise<WriterOf>,
    parse: ResponseParser<Answer>,
    requestHasTags: boolean,
    answerHasTags: boolean,
    done: (error: Error | null, answer?: Answer) => void,
  ): void {
    const body = makeBody();
    assert(body instanceof Writer, 'requests that are sent from here are made at once');
    this.#write(key, version, requestHasTags, answerHasTags, [body.buffer], (error, reader) => {
      if (error !== null) {
        done(error);
        return;
      }
      let answer: Answer;
      try {
        answer = parse(0, key, version, reader!) as Answer;
      } catch (cause) {
        done(cause as Error);
        return;
      }
      done(null, answer);
    });
  }

  close(): void {
    this.#fail(new MillraceError('NET_CLOSED', { address: this.address }));
  }

  #write(
    key: number,
    version: number,
    requestHasTags: boolean,
    answerHasTags: boolean,
    body: readonly Uint8Array[],
    settle: Waiting['settle'],
  ): void {
    if (this.#failure !== null) {
      settle(this.#failure, null);
      return;
    }
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    const head = Buffer.alloc(12 + this.#clientId.length + (requestHasTags ? 1 : 0));
    const length = body.reduce((sum, part) => sum + part.length, head.length - 4);
    head.writeInt32BE(length, 0);
    head.writeInt16BE(key, 4);
    head.writeInt16BE(version, 6);
    head.writeInt32BE(correlationId, 8);
    head.set(this.#clientId, 12);
    this.#waiting.push({ correlationId, sinceMs: this.#clock.monotonic(), hasTags: answerHasTags, settle });
    this.#socket.cork();
    this.#socket.write(head);
    for (const part of body) this.#socket.write(part);
    this.#socket.uncork();
  }

  #arrived(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
      const size = bytes.readInt32BE(0) + 4;
      if (bytes.length < size) {
        this.#chunks = [bytes];
        this.#needed = size;
        return;
      }
      const rest = bytes.subarray(size);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#held = rest.length;
      this.#needed = 4;
      this.#answered(bytes.subarray(4, size));
    }
  }

  #answered(bytes: Buffer): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined || bytes.readInt32BE(0) !== waiting.correlationId) {
      this.#fail(
        new MillraceError('NET_CLOSED', { address: this.address }, { cause: new Error('an answer to nothing asked') }),
      );
      return;
    }
    // No request that is sent from here has tags in its answer's header.
    waiting.settle(null, Reader.from(bytes.subarray(waiting.hasTags ? 5 : 4)));
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#stop.abort();
    this.#socket.destroy();
    for (const { settle } of this.#waiting.splice(0)) settle(error, null);
  }

  /** Looks in at a quarter of the time, so that no timer is set and cleared for each request. */
  async #watch(): Promise<void> {
    const { requestTimeoutMs } = this.#settings;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(requestTimeoutMs / 4, signal);
      const oldest = this.#waiting[0];
      if (oldest !== undefined && this.#clock.monotonic() - oldest.sinceMs >= requestTimeoutMs) {
        this.#fail(new MillraceError('NET_TIMEOUT', { address: this.address, waitedMs: requestTimeoutMs }));
      }
    }
  }

  async #logIn(): Promise<void> {
    const { sasl } = this.#settings;
    if (sasl === null) return;
    const { mechanism } = sasl;
    const refused = (reason: string, cause?: unknown): MillraceError =>
      new MillraceError('KAFKA_AUTHENTICATION_FAILED', { server: this.address, mechanism, reason }, { cause });
    try {
      const { errorCode, mechanisms } = await this.request(saslHandshakeV1.api, mechanism);
      if (errorCode !== 0) throw refused(`it offers ${(mechanisms ?? []).join(', ') || kafkaErrorName(errorCode)}`);
      const self = this as unknown as Connection;
      const { api } = saslAuthenticateV2;
      const { saslOAuthBearer, saslPlain, saslScramSha } = await loadLogins();
      await new Promise<void>((resolve, reject) => {
        const done = (error: Error | null, answer?: { readonly authBytes: Buffer }): void => {
          if (error !== null) reject(error);
          // To a token it does not take, a broker answers without an error code, by saying why.
          else if (mechanism === 'OAUTHBEARER' && answer !== undefined && answer.authBytes.length > 0) {
            reject(new Error(answer.authBytes.toString()));
          } else resolve();
        };
        if (mechanism === 'PLAIN') saslPlain.authenticate(api, self, sasl.username, sasl.password, done);
        else if (mechanism === 'OAUTHBEARER') saslOAuthBearer.authenticate(api, self, sasl.token, {}, done);
        else {
          const algorithm = mechanism.slice('SCRAM-'.length) as 'SHA-256' | 'SHA-512';
          saslScramSha.authenticate(
            api,
            self,
            algorithm,
            sasl.username,
            sasl.password,
            saslScramSha.defaultCrypto,
            done,
          );
        }
      });
    } catch (error) {
      if (isMillraceError(error)) throw error;
      throw refused(deepestReason(error), error);
    }
  }
}

/** With TLS 1.3 a broker looks at the client's certificate after the handshake, and says what it thinks of it by an alert. */
const broken = (address: string, cause: Error & { readonly code?: string }): MillraceError =>
  cause.code?.startsWith('ERR_SSL_') && cause.message.includes('alert')
    ? new MillraceError(
        'KAFKA_AUTHENTICATION_FAILED',
        { server: address, mechanism: 'certificate', reason: cause.message },
        { cause },
      )
    : new MillraceError('NET_CLOSED', { address }, { cause });

const deepestReason = (error: unknown): string => {
  const { message, cause, errors, serverErrorMessage } = error as Error & {
    readonly errors?: readonly Error[];
    readonly serverErrorMessage?: string | null;
  };
  const inner = cause ?? errors?.[0];
  return inner === undefined ? (serverErrorMessage ?? message) : deepestReason(inner);
};

const secured = async (
  plain: Duplex,
  host: string,
  address: string,
  { tls, connectTimeoutMs }: ClientSettings,
): Promise<Duplex> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // An address cannot be asked for by name (SNI), and is looked for in the certificate all the same: that is what `host` is for.
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket: TLSSocket = upgradeToTls({ host, ...named, ...tls, socket: plain as TLSSocket });
  const late = setTimeout(() => reject(new Error(`no TLS within ${connectTimeoutMs} ms`)), connectTimeoutMs);
  socket.once('secureConnect', resolve);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('closed during the TLS handshake: does this port speak TLS?')));
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.destroy();
    throw new MillraceError('NET_UNREACHABLE', { address, reason: (error as Error).message }, { cause: error });
  } finally {
    clearTimeout(late);
    socket.off('secureConnect', resolve);
    socket.off('error', reject);
  }
};
