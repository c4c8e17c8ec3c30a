import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy on loopback in front of a real server, which does to connections what networks do: breaks them, goes silent, is
 * slow. Bytes go through untouched otherwise.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #delayMs = 0;
  #stalled = false;
  #refusing = false;
  #cutAfter: number | null = null;
  #connections = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  readonly host = '127.0.0.1';

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections made through it so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Breaks every connection there is; new ones go through. Answers how many there were. */
  cut(): number {
    const count = this.#pairs.size;
    for (const pair of this.#pairs) this.#close(pair);
    return count;
  }

  /** Breaks the connection that carries the `bytes`th byte from the server from now on, in the middle of what it sends. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  /** Connections stay open and nothing moves on them, either way, until `resume`. */
  stall(): void {
    this.#stalled = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  resume(): void {
    this.#stalled = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Everything from the server arrives this much later; 0: at once. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Whether new connections are broken at once, as by a server that is down. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.#connections += 1;
    client.on('error', () => {});
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const { host, port } = this.#target;
    const server = createConnection({ host, port, noDelay: true });
    const pair: Pair = { client, server, onTheWay: [] };
    this.#pairs.add(pair);
    server.on('error', () => this.#close(pair));
    for (const socket of [client, server]) socket.on('close', () => this.#close(pair));
    client.on('data', (chunk: Buffer) => forward(client, server, chunk));
    server.on('data', (chunk: Buffer) => this.#fromServer(pair, chunk));
    client.on('end', () => server.end());
    server.on('end', () => client.end());
    if (this.#stalled) {
      client.pause();
      server.pause();
    }
  }

  #fromServer(pair: Pair, chunk: Buffer): void {
    const send = (bytes: Buffer): void => {
      pair.onTheWay.push({ bytes, arrivesAt: performance.now() + this.#delayMs });
      if (pair.onTheWay.length === 1) deliver(pair);
    };
    if (this.#cutAfter === null || chunk.length < this.#cutAfter) {
      if (this.#cutAfter !== null) this.#cutAfter -= chunk.length;
      send(chunk);
      return;
    }
    const last = Buffer.concat([
      ...pair.onTheWay.splice(0).map(({ bytes }) => bytes),
      chunk.subarray(0, this.#cutAfter),
    ]);
    this.#cutAfter = null;
    pair.client.write(last, () => this.#close(pair));
  }

  #close(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.client.destroy();
    pair.server.destroy();
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** What the server sent, oldest first: a delay that becomes shorter lets nothing overtake. */
  readonly onTheWay: { readonly bytes: Buffer; readonly arrivesAt: number }[];
}

const deliver = (pair: Pair): void => {
  const { client, server, onTheWay } = pair;
  for (let next = onTheWay[0]; next !== undefined; next = onTheWay[0]) {
    const waitMs = next.arrivesAt - performance.now();
    if (waitMs > 0 && !client.destroyed) {
      setTimeout(deliver, waitMs, pair);
      return;
    }
    onTheWay.shift();
    forward(server, client, next.bytes);
  }
};

/** Keeps the back-pressure: who reads slowly makes the other side wait. */
const forward = (from: Socket, to: Socket, chunk: Buffer): void => {
  if (to.destroyed || to.write(chunk) || from.isPaused()) return;
  from.pause();
  to.once('drain', () => from.resume());
};
