import { readFile } from 'node:fs/promises';
import type { SslOptions } from 'mysql2';
import type { MysqlConfig } from './config.ts';

/** mysql2's options of TLS for every `ssl.mode` but `disabled`. Throws Node's error for a file that cannot be read. */
export const tlsOptions = async (
  config: Pick<MysqlConfig, 'ssl.mode' | 'ssl.ca' | 'ssl.cert' | 'ssl.key'>,
): Promise<SslOptions> => {
  const mode = config['ssl.mode'];
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : await readFile(path, 'utf8');
  const [ca, cert, key] = await Promise.all([
    read(config['ssl.ca']),
    read(config['ssl.cert']),
    read(config['ssl.key']),
  ]);
  return {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-identity',
    verifyIdentity: mode === 'verify-identity',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
};

/** Whether mysql2 gave up because the server has no TLS, which `preferred` does without. */
export const offersNoTls = (cause: unknown): boolean =>
  (cause as { readonly code?: string } | undefined)?.code === 'HANDSHAKE_NO_SSL_SUPPORT';
