import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { MillraceError } from '../core/errors.ts';

interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Opens a byte stream to a server. Tests hand in one that cuts, delays and remembers. */
export type Dial = (target: DialTarget) => Promise<Duplex>;

/** Idle time after which the kernel asks whether the peer is still there. */
const keepAliveMs = 30_000;

/** A TCP connection. Throws NET_UNREACHABLE when it cannot be made in time. */
export const dialTcp: Dial = ({ host, port, timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    const options: NetConnectOpts = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    const socket = connect(options);
    const settle = (error?: Error): void => {
      socket.off('connect', connected);
      socket.off('error', settle);
      socket.off('timeout', timedOut);
      signal.removeEventListener('abort', aborted);
      socket.setTimeout(0);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      // An error that comes after this one has nobody left to tell.
      socket.on('error', () => {});
      socket.destroy();
      const address = `${host}:${port}`;
      const reason = reasonOf(error, [address, host]);
      reject(new MillraceError('NET_UNREACHABLE', { address, reason }, { cause: error }));
    };
    const connected = (): void => settle();
    const timedOut = (): void => settle(new Error(`no connection within ${timeoutMs} ms`));
    const aborted = (): void => settle(new Error('stopped while connecting'));
    socket.once('connect', connected);
    socket.once('error', settle);
    socket.setTimeout(timeoutMs, timedOut);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });

/**
 * Node tries every address of a name and wraps their errors; the first one says enough. It ends with the address, which stays only where
 * it is another one than what was asked for: what a name came to.
 */
const reasonOf = (error: Error, asked: readonly string[]): string => {
  const { message } = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const words = message.replace(/^(connect|getaddrinfo) /, '');
  const repeated = asked.find((address) => words.endsWith(` ${address}`));
  return repeated === undefined ? words : words.slice(0, -repeated.length - 1);
};
