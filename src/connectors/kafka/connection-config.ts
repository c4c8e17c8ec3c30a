import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { MillraceError } from '../../core/errors.ts';
import { duration, list, secret } from '../../core/settings.ts';
import type { ClientSettings, Sasl } from './client/client-settings.ts';
import { clientCredentialsToken } from './client-credentials.ts';

/** The settings that say how brokers are reached, under Kafka's own names with Flink's `properties.` before them. */
export const connectionShape = {
  'properties.bootstrap.servers': list.describe('Brokers to ask first, `host:port` each, separated by commas.'),
  'properties.client.id': z
    .string()
    .min(1)
    .optional()
    .describe(
      'What brokers call millrace in their logs and quotas. Default: `millrace-` and the name of the pipeline.',
    ),
  'properties.security.protocol': z
    .enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'])
    .default('PLAINTEXT')
    .describe('Whether the listener wants TLS (`SSL`), a login (`SASL`), or both.'),
  'properties.sasl.mechanism': z
    .enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'])
    .default('PLAIN')
    .describe('How to log in, where `security.protocol` asks for it.'),
  'properties.sasl.jaas.config': secret()
    .optional()
    .describe(
      'The login as Kafka writes it: `… required username="…" password="…";`, or `clientId` and `clientSecret` for OAUTHBEARER.',
    ),
  'properties.sasl.oauthbearer.token.endpoint.url': z
    .string()
    .optional()
    .describe('Where OAUTHBEARER gets its tokens, by the client credentials of `sasl.jaas.config`.'),
  'properties.ssl.truststore.type': z
    .enum(['PEM'])
    .default('PEM')
    .describe('Only PEM files are read; keytool exports a JKS to PEM.'),
  'properties.ssl.truststore.location': z
    .string()
    .optional()
    .describe('File with the certificates to trust, as PEM. Default: those that Node trusts.'),
  'properties.ssl.truststore.certificates': z.string().optional().describe('The certificates to trust, as PEM text.'),
  'properties.ssl.keystore.type': z.enum(['PEM']).default('PEM').describe('Only PEM files are read.'),
  'properties.ssl.keystore.location': z
    .string()
    .optional()
    .describe('File with the private key and certificate chain to show the broker (mTLS), as PEM.'),
  'properties.ssl.keystore.certificate.chain': z
    .string()
    .optional()
    .describe('The certificate to show the broker, as PEM text.'),
  'properties.ssl.keystore.key': secret().optional().describe('Its private key, as PEM text.'),
  'properties.ssl.key.password': secret().optional().describe('What the private key is encrypted with.'),
  'properties.ssl.endpoint.identification.algorithm': z
    .enum(['https', ''])
    .default('https')
    .describe("Empty: take any name in the broker's certificate."),
  'properties.request.timeout.ms': duration
    .prefault('30s')
    .describe('How long a broker may take to answer before the connection counts as dead.'),
  'properties.socket.connection.setup.timeout.ms': duration.prefault('10s').describe('How long connecting may take.'),
};

export type ConnectionConfig = z.output<z.ZodObject<typeof connectionShape>>;

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
