import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import type { AuthenticationPlugin } from '../../protocol/mysql/server/password-proof.ts';
import { Faults } from './faults.ts';
import { RecordedLog } from './recorded-log.ts';
import type { Recording } from './recording.ts';
import { type SessionContext, serveSession } from './session.ts';

export interface ReplayServerOptions {
  readonly recording: Recording;
  readonly clock: Clock;
  readonly user?: string;
  readonly password?: string;
  readonly plugin?: AuthenticationPlugin;
  /** How fast dumps send; null (the default): as fast as they are read. */
  readonly bytesPerSecond?: number | null;
}

/**
 * Stands in for the MySQL server that a recording was made of: it logs clients in, answers the statements it was recorded with,
 * and serves its binlog over the replication protocol. On loopback only, or over streams in memory; time comes from `clock`.
 */
export class ReplayServer implements AsyncDisposable {
  readonly log: RecordedLog;
  readonly faults = new Faults();
  readonly #context: SessionContext;
  readonly #connections = new Set<Duplex>();
  #connectionCount = 0;
  #listener: Server | null = null;

  constructor(options: ReplayServerOptions) {
    this.log = new RecordedLog(options.recording.files);
    this.#context = {
      recording: options.recording,
      log: this.log,
      clock: options.clock,
      faults: this.faults,
      user: options.user ?? 'root',
      password: options.password ?? '',
      plugin: options.plugin ?? 'caching_sha2_password',
      bytesPerSecond: options.bytesPerSecond ?? null,
    };
  }

  /** Connections made so far. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Listens on loopback; answers the port. */
  async listen(port = 0): Promise<number> {
    this.#listener = createServer({ noDelay: true }, (socket) => this.#serve(socket)).listen(port, '127.0.0.1');
    await once(this.#listener, 'listening');
    return (this.#listener.address() as AddressInfo).port;
  }

  /** A connection in memory: what the client is to read from and write to. */
  connect(): Duplex {
    const [client, server] = duplexPair();
    this.#serve(server);
    return client;
  }

  /** The server goes on to what it was at a later time: a longer log, other answers. Dumps that wait at the end send what is new. */
  goOn(recording: Recording): void {
    this.#context.recording = recording;
    this.log.grow(recording.files);
  }

  /** Breaks every connection there is. */
  cutAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    this.cutAll();
    if (listener === null) return;
    listener.close();
    await once(listener, 'close');
  }

  #serve(duplex: Duplex): void {
    this.#connectionCount += 1;
    this.#connections.add(duplex);
    duplex.on('close', () => this.#connections.delete(duplex));
    void serveSession(this.#context, duplex, this.#connectionCount);
  }
}
