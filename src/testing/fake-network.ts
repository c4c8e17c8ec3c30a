import { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { Dial } from '../net/dial.ts';
import type { SeededRandom } from './seeded-random.ts';

/** How bad a network is; shares are from 0 to 1. */
export interface NetworkRates {
  /** Connections that are refused. */
  readonly refuse: number;
  /** Connections that break after some bytes. */
  readonly cut: number;
  /** Pieces that are late, by up to `longestDelayMs`. */
  readonly delay: number;
  readonly longestDelayMs: number;
  /** Pieces are from 1 byte to this many, small ones as often as large ones. */
  readonly largestPieceBytes: number;
}

/** What happened to connections so far. */
export interface NetworkCounts {
  readonly connections: number;
  readonly refused: number;
  readonly cuts: number;
  /** Cuts after which nothing arrives any more and nobody is told. */
  readonly silences: number;
}

/** A wait that ends when time passes, or never, once what waits is gone. */
export type Sleep = (ms: number) => Promise<void>;

/** Kilobytes of tiny pieces would only take long: connections have this many pieces of less than 100 bytes. */
const tinyPieces = 200;
/** How long a silent connection takes until the network tells that it is broken. */
const silenceEndsMs = 120_000;

/** Connections in memory that deliver bytes late, in pieces of any size, and that break at any byte: all by seed and clock. */
export class FakeNetwork {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #accept: () => Duplex;
  readonly #links = new Set<Link>();
  readonly #counts = { connections: 0, refused: 0, cuts: 0, silences: 0 };
  #downUntilMs = 0;
  rates: NetworkRates;

  /** @param accept the server's end of a new connection. */
  constructor(clock: Clock, random: SeededRandom, rates: NetworkRates, accept: () => Duplex) {
    this.#clock = clock;
    this.#random = random;
    this.rates = rates;
    this.#accept = accept;
  }

  get counts(): NetworkCounts {
    return this.#counts;
  }

  /** Dials for one process, whose connections `closeAll` ends together. */
  dialer(): { readonly dial: Dial; readonly closeAll: () => void } {
    const links = new Set<Link>();
    let closed = false;
    const dial: Dial = async ({ host, port, signal }) => {
      const { rates } = this;
      const random = this.#random;
      const down = this.#clock.now() < this.#downUntilMs || random.chance(rates.refuse);
      if (random.chance(rates.delay)) await this.#clock.sleep(random.integer(1, rates.longestDelayMs), signal);
      if (closed) return await new Promise<never>(() => {});
      if (down || signal.aborted) {
        this.#counts.refused += 1;
        throw new MillraceError('NET_UNREACHABLE', { address: `${host}:${port}`, reason: 'refused by the simulation' });
      }
      this.#counts.connections += 1;
      const link = new Link(this.#accept(), this.#plan(), this.#counts, () => {
        links.delete(link);
        this.#links.delete(link);
      });
      links.add(link);
      this.#links.add(link);
      return link.client;
    };
    const closeAll = (): void => {
      closed = true;
      for (const link of links) link.break('reset');
    };
    return { dial, closeAll };
  }

  /** Breaks every connection. */
  cutAll(): void {
    for (const link of this.#links) {
      this.#counts.cuts += 1;
      link.break(this.#random.pick(['reset', 'end']));
    }
  }

  /** Refuses connections for a while. */
  down(ms: number): void {
    this.#downUntilMs = this.#clock.now() + ms;
  }

  /** No connection fails from now on, those that stand too. */
  heal(): void {
    this.rates = { ...this.rates, refuse: 0, cut: 0, delay: 0 };
    this.#downUntilMs = 0;
    for (const link of this.#links) link.heal();
  }

  #plan(): LinkPlan {
    const { rates } = this;
    const random = this.#random;
    const cut = random.chance(rates.cut)
      ? { fromServer: random.chance(0.8), afterBytes: logarithmic(random, 200_000) }
      : null;
    let tinyLeft = tinyPieces;
    return {
      cut,
      kind: random.pick(['reset', 'reset', 'end', 'silence']),
      pieceBytes: () => {
        const bytes = logarithmic(random, rates.largestPieceBytes);
        if (bytes >= 100) return bytes;
        tinyLeft -= 1;
        return tinyLeft >= 0 ? bytes : 1_000;
      },
      late: async () => {
        if (random.chance(this.rates.delay)) await this.#clock.sleep(random.integer(1, rates.longestDelayMs));
      },
      sleep: (ms) => this.#clock.sleep(ms),
    };
  }
}

/** From 1 to `largest`, every size class alike. */
const logarithmic = (random: SeededRandom, largest: number): number =>
  Math.ceil(2 ** (random.next() * Math.log2(largest)));

/** How a connection breaks: with an error, as if the peer had closed it, or without a word. */
type Breaking = 'reset' | 'end' | 'silence';

interface LinkPlan {
  readonly cut: { readonly fromServer: boolean; readonly afterBytes: number } | null;
  readonly kind: Breaking;
  pieceBytes(): number;
  late(): Promise<void>;
  readonly sleep: Sleep;
}

/** One connection between the client's end, made here, and the server's. */
class Link {
  readonly client: Duplex;
  readonly #server: Duplex;
  readonly #plan: LinkPlan;
  readonly #counts: { cuts: number; silences: number };
  readonly #closed: () => void;
  /** Bytes until it breaks. */
  #left: { fromServer: number; fromClient: number };
  #broken = false;
  #wanted: () => void = () => {};

  constructor(server: Duplex, plan: LinkPlan, counts: { cuts: number; silences: number }, closed: () => void) {
    this.#server = server;
    this.#plan = plan;
    this.#counts = counts;
    this.#closed = closed;
    const { cut } = plan;
    const never = Number.POSITIVE_INFINITY;
    this.#left = {
      fromServer: cut?.fromServer === true ? cut.afterBytes : never,
      fromClient: cut?.fromServer === false ? cut.afterBytes : never,
    };
    this.client = new Duplex({
      // As sockets do: what the peer has closed is closed.
      allowHalfOpen: false,
      read: () => this.#wanted(),
      write: (chunk: Buffer, _encoding, done) => {
        void this.#toServer(chunk).then(() => done());
      },
      final: (done) => {
        if (!this.#broken) server.end();
        done();
      },
      destroy: (error, done) => {
        this.#end();
        done(error);
      },
    });
    server.on('error', () => {});
    void this.#fromServer();
  }

  break(kind: Breaking): void {
    if (this.#broken) return;
    if (kind === 'silence') {
      this.#broken = true;
      this.#counts.silences += 1;
      void this.#plan.sleep(silenceEndsMs).then(() => this.#fail());
      return;
    }
    if (kind === 'end') {
      this.#end();
      this.client.push(null);
      this.client.end();
    } else {
      this.#fail();
    }
  }

  heal(): void {
    this.#left = { fromServer: Number.POSITIVE_INFINITY, fromClient: Number.POSITIVE_INFINITY };
    if (this.#broken) this.#fail();
  }

  /** The server's end goes; the client is told nothing. */
  #end(): void {
    this.#broken = true;
    this.#server.destroy();
    this.#closed();
  }

  #fail(): void {
    this.#end();
    if (!this.client.destroyed)
      this.client.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  async #fromServer(): Promise<void> {
    try {
      for await (const chunk of this.#server as AsyncIterable<Buffer>) {
        await this.#deliver(chunk, 'fromServer', async (piece) => {
          if (this.client.push(piece)) return;
          await new Promise<void>((resolve) => {
            this.#wanted = resolve;
          });
        });
      }
      if (!this.#broken) this.client.push(null);
    } catch {
      // The server broke it off.
      if (!this.#broken) this.#fail();
    }
  }

  async #toServer(chunk: Buffer): Promise<void> {
    await this.#deliver(chunk, 'fromClient', async (piece) => {
      this.#server.write(piece);
    });
  }

  async #deliver(
    chunk: Buffer,
    direction: 'fromServer' | 'fromClient',
    hand: (piece: Buffer) => Promise<void>,
  ): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const bytes = Math.min(this.#plan.pieceBytes(), chunk.length - at, this.#left[direction]);
      await this.#plan.late();
      if (this.#broken) return;
      this.#left[direction] -= bytes;
      if (bytes > 0) await hand(chunk.subarray(at, at + bytes));
      at += bytes;
      if (this.#left[direction] > 0 || this.#broken) continue;
      this.#counts.cuts += 1;
      this.break(this.#plan.kind);
      return;
    }
  }
}
