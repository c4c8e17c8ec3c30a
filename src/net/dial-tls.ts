import { type ConnectionOptions, connect } from 'node:tls';
import { MillraceError } from '../core/errors.ts';
import type { Dial } from './dial.ts';

export interface TlsSettings {
  /** `required`: any certificate; `verify-ca`: signed by `ca` or a known authority; `verify-identity`: and names the host. */
  readonly mode: 'required' | 'verify-ca' | 'verify-identity';
  /** PEM. Left out: the authorities Node knows; for `cert` and `key`: this side shows no certificate. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Speaks TLS from the first byte on over what `dial` opens. Throws NET_TLS when the two cannot agree, and what `dial` throws. */
export const dialTls =
  (dial: Dial, settings: TlsSettings): Dial =>
  async (target) => {
    const { host, port, timeoutMs, signal } = target;
    const socket = await dial(target);
    const options: ConnectionOptions = {
      socket,
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      rejectUnauthorized: settings.mode !== 'required',
      ...(settings.mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : { host }),
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
      ...(settings.cert === undefined ? {} : { cert: settings.cert }),
      ...(settings.key === undefined ? {} : { key: settings.key }),
    };
    const address = `${host}:${port}`;
    return await new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        socket.destroy();
        reject(new MillraceError('NET_TLS', { address, reason: cause.message }, { cause }));
      };
      let secured: ReturnType<typeof connect>;
      try {
        secured = connect(options);
      } catch (cause) {
        // A certificate or key that cannot be read.
        failed(cause as Error);
        return;
      }
      const late = setTimeout(() => settle(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      const settle = (error?: Error): void => {
        clearTimeout(late);
        signal.removeEventListener('abort', aborted);
        secured.off('error', settle);
        secured.off('close', closed);
        if (error === undefined) {
          resolve(secured);
          return;
        }
        // An error that comes after this one has nobody left to tell.
        secured.on('error', () => {});
        secured.destroy();
        failed(error);
      };
      const aborted = (): void => settle(new Error('stopped while connecting'));
      const closed = (): void => settle(new Error('the server closed the connection'));
      secured.once('secureConnect', () => settle());
      secured.once('error', settle);
      secured.once('close', closed);
      signal.addEventListener('abort', aborted, { once: true });
    });
  };
