import { z } from 'zod';
import { duration, list, secret } from '../../core/settings.ts';

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
