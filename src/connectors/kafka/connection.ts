/** How brokers are reached, from the settings that say so. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { MillraceError } from '../../core/errors.ts';
import type { ClientSettings, Sasl } from './client/client-settings.ts';
import { clientCredentialsToken } from './client-credentials.ts';
import type { ConnectionConfig } from './connection-config.ts';

export const clientSettings = (config: ConnectionConfig, pipeline: string): ClientSettings => {
  const protocol = config['properties.security.protocol'];
  return {
    bootstrapServers: config['properties.bootstrap.servers'],
    clientId: config['properties.client.id'] ?? `millrace-${pipeline}`,
    tls: protocol.endsWith('SSL') ? tlsOptions(config) : null,
    sasl: protocol.startsWith('SASL') ? saslOptions(config) : null,
    connectTimeoutMs: config['properties.socket.connection.setup.timeout.ms'],
    requestTimeoutMs: config['properties.request.timeout.ms'],
  };
};

const tlsOptions = (config: ConnectionConfig): ConnectionOptions => {
  const trusted = textOf(
    config['properties.ssl.truststore.certificates'],
    config['properties.ssl.truststore.location'],
  );
  const chain = textOf(config['properties.ssl.keystore.certificate.chain'], config['properties.ssl.keystore.location']);
  const key = config['properties.ssl.keystore.key'] ?? chain;
  const passphrase = config['properties.ssl.key.password'];
  return {
    ...(trusted === null ? {} : { ca: trusted }),
    ...(chain === null || key === null ? {} : { cert: chain, key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(config['properties.ssl.endpoint.identification.algorithm'] === ''
      ? { checkServerIdentity: () => undefined }
      : {}),
  };
};

const textOf = (text: string | undefined, path: string | undefined): string | null => {
  if (text !== undefined) return text;
  if (path === undefined) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong('properties.ssl.*.location', `${path} cannot be read: ${(error as Error).message}`);
  }
};

const saslOptions = (config: ConnectionConfig): Sasl => {
  const mechanism = config['properties.sasl.mechanism'];
  const jaas = config['properties.sasl.jaas.config'] ?? '';
  const option = (name: string): string => {
    const value = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|([^\\s;]+))`).exec(jaas);
    if (value === null) throw wrong('properties.sasl.jaas.config', `${mechanism} needs ${name}="…" in it`);
    return value[1]?.replaceAll(/\\(.)/g, '$1') ?? value[2] ?? value[3]!;
  };
  if (mechanism !== 'OAUTHBEARER') return { mechanism, username: option('username'), password: option('password') };
  const url = config['properties.sasl.oauthbearer.token.endpoint.url'];
  if (url === undefined) throw wrong('properties.sasl.oauthbearer.token.endpoint.url', 'OAUTHBEARER needs it');
  const scope = /\bscope\s*=/.test(jaas) ? option('scope') : null;
  return { mechanism, token: clientCredentialsToken(url, option('clientId'), option('clientSecret'), scope) };
};

const wrong = (key: string, reason: string): MillraceError => new MillraceError('CONFIG_WRONG_VALUE', { key, reason });
