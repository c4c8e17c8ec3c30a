import { z } from 'zod';
import { duration, secret } from '../../core/settings.ts';

const isWebAddress = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '';
};

export const webhookConfig = z.strictObject({
  url: z
    .string()
    .refine(isWebAddress, 'write https://host/path, without a user in it')
    .meta({ secret: true })
    .describe('Where requests are posted. Treated as a secret, since many services put their token into it.'),
  'value.format': z
    .enum(['change-json', 'json'])
    .default('change-json')
    .describe(
      'What a body is: `change-json` tells of the change, with both images; `json` is the new row alone, and a deleted row sends nothing.',
    ),
  'batch.max-rows': z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('Changes in one request. 1: each body is an object; more: a JSON array.'),
  'sink.max-in-flight': z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Requests under way at once. Those about one key follow each other.'),
  'signing.secret': secret()
    .min(1)
    .optional()
    .describe(
      'Key of the HMAC-SHA256 in `webhook-signature`. A text that begins with `whsec_` is base64, as in Standard Webhooks. Left out: requests are not signed.',
    ),
  authorization: secret().min(1).optional().describe('The header `Authorization`, for example `Bearer` and a token.'),
  'custom-headers': z.string().optional().describe('Headers for each request, `name:value` each, separated by commas.'),
  'request.timeout': duration.default(10_000).describe('How long a receiver may take to answer.'),
  'sink.max-retries': z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(5)
    .describe(
      'How often a request is sent again, with growing pauses, before the pipeline is `degraded` and begins its write anew.',
    ),
  'position.path': z
    .string()
    .min(1)
    .optional()
    .describe(
      "File that holds how far the pipeline is. Default: the pipeline's name with `.webhook-position` behind it, in the working directory. Two webhooks of one pipeline need a file each.",
    ),
});

export type WebhookConfig = z.output<typeof webhookConfig>;
