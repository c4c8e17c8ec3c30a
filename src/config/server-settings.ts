import { z } from 'zod';
import { secret } from '../core/settings.ts';

/** The `server:` section: the HTTP API that `millrace run` starts beside the pipeline, and how `millrace serve` serves it. */
export const serverSettings = z
  .strictObject({
    listen: z
      .string()
      .regex(
        /^(?:(?:\[[0-9a-f:.]+\]|[^:[\]\s]*):)?\d{1,5}$/i,
        'not an address: write host:port, for example 127.0.0.1:8765',
      )
      .optional()
      .describe('Address of the HTTP API, `127.0.0.1:8765`; off loopback a token is needed. Default: no API.'),
    'auth.token': secret().min(8).optional().describe('What callers must show as `Authorization: Bearer TOKEN`.'),
    'tls.cert': z.string().optional().describe('PEM file with the certificate of the API; makes it HTTPS.'),
    'tls.key': z.string().optional().describe("PEM file of that certificate's private key."),
    'allow-tail': z
      .boolean()
      .default(false)
      .describe('Whether `millrace tail` may show row values to whoever may use the API.'),
  })
  .superRefine((server, context) => {
    if ((server['tls.cert'] === undefined) !== (server['tls.key'] === undefined)) {
      context.addIssue({ code: 'custom', path: ['tls.cert'], message: 'TLS needs both `tls.cert` and `tls.key`' });
    }
  });

export type ServerSettings = z.output<typeof serverSettings>;
