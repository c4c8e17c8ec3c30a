import type { ErrorEntry } from './entry.ts';

export const webhookErrors = {
  WEBHOOK_UNAVAILABLE: {
    retryable: true,
    message: (d: { readonly receiver: string; readonly reason: string }) =>
      `${d.receiver} takes no request: ${d.reason}`,
    hint: 'The pipeline tries again by itself, from its last position. Look whether the receiver runs and can be reached from here: `curl -I URL`.',
  },
  WEBHOOK_REFUSED: {
    retryable: false,
    message: (d: { readonly receiver: string; readonly status: number }) =>
      `${d.receiver} answers HTTP ${d.status} to requests at this address`,
    hint: 'Check `url`, which is not followed when it redirects, and `authorization` or the token in the URL. The position stays before what was refused.',
  },
} as const satisfies Record<string, ErrorEntry>;
