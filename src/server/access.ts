import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { MillraceError } from '../core/errors.ts';

/** `host:port`; an IPv6 address stands in brackets. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Reads `8765`, `127.0.0.1:8765`, `[::1]:8765`, `:8765` (loopback). Null: it is no address. */
export const parseListen = (text: string): Listen | null => {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]\s]*):)?(\d{1,5})$/i.exec(text.trim());
  if (match === null || Number(match[2]) > 65_535) return null;
  return { host: match[1]?.replace(/[[\]]/g, '') || '127.0.0.1', port: Number(match[2]) };
};

/** Whether only programs of this machine reach the address. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

export const listenText = ({ host, port }: Listen): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const bearerToken = (header: string): string | undefined => /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1];

const basicPassword = (header: string): string | undefined => {
  const [, pair] = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header) ?? [];
  return pair === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(pair, 'base64').toString('utf8'))?.[1];
};

/** Who may use the API. Each check throws the API_* error that says what to do. */
export class Access {
  readonly #token: Buffer | null;
  readonly #listen: Listen;

  /** Throws API_LISTEN_OPEN: off loopback a token is needed. */
  constructor(listen: Listen, token: string | null) {
    if (token === null && !isLoopback(listen.host)) {
      throw new MillraceError('API_LISTEN_OPEN', { listen: listenText(listen) });
    }
    this.#listen = listen;
    // Digests have one length, so comparing them tells nothing about the token's.
    this.#token = token === null ? null : digest(token);
  }

  get wantsToken(): boolean {
    return this.#token !== null;
  }

  /**
   * Refuses what a web page of another site could make a browser send. A page whose name was pointed to this address afterwards names
   * its own host (DNS rebinding); with a token such a page can do nothing, since it has none.
   */
  checkBrowser(request: IncomingMessage): void {
    const { host = '', origin } = request.headers;
    const name = host.replace(/:\d+$/, '').replace(/[[\]]/g, '').toLowerCase();
    if (this.#token === null && !isLoopback(name) && name !== this.#listen.host) {
      throw new MillraceError('API_FOREIGN_HOST', { host: host.slice(0, 100) });
    }
    const site = request.headers['sec-fetch-site'];
    const foreign = origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
    if (foreign || site === 'cross-site' || site === 'same-site') {
      throw new MillraceError('API_FOREIGN_ORIGIN', { origin: (origin ?? 'another site').slice(0, 100) });
    }
  }

  /** `takesBasic`: the token may come as the password of Basic authentication too, as Kafka Connect's clients send it. */
  checkToken(request: IncomingMessage, takesBasic = false): void {
    if (this.#token === null) return;
    const header = request.headers.authorization ?? '';
    const given = bearerToken(header) ?? (takesBasic ? basicPassword(header) : undefined);
    if (given === undefined) throw new MillraceError('API_TOKEN_MISSING', undefined);
    if (!timingSafeEqual(digest(given), this.#token)) throw new MillraceError('API_TOKEN_WRONG', undefined);
  }
}
