import { z } from 'zod';
import { duration, secret } from '../../core/settings.ts';

const sslModes = ['disabled', 'required', 'verify-ca', 'verify-identity'] as const;

/** How a Redis or Valkey is reached: the same keys for the source and the sink. */
export const connectionSettings = {
  hostname: z.string().min(1).describe('Host name or address of the Redis or Valkey server.'),
  port: z.coerce.number().int().min(1).max(65_535).default(6379).describe('TCP port of the server.'),
  username: z.string().optional().describe('ACL user, from Redis 6 on. Default: the user default.'),
  password: secret().optional().describe('Password of that user, or the one of `requirepass`.'),
  database: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('The number of the database, as `SELECT` takes it. A cluster has 0 alone.'),
  'connect.timeout': duration.default(30_000).describe('How long connecting and each answer to a command may take.'),
  'ssl.mode': z
    .enum(sslModes)
    .default('disabled')
    .describe(
      '`disabled`, `required` (TLS, whatever certificate), `verify-ca` (its certificate is signed by `ssl.ca` or a known authority) or `verify-identity` (and names this host).',
    ),
  'ssl.ca': z.string().optional().describe('PEM file of the authorities to trust.'),
  'ssl.cert': z.string().optional().describe('PEM file of the certificate to show to the server.'),
  'ssl.key': z.string().optional().describe("PEM file of that certificate's private key."),
};

const shape = z.object(connectionSettings);
export type ConnectionSettings = z.output<typeof shape>;
