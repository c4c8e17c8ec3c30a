import type { ErrorEntry } from './entry.ts';

export const netErrors = {
  NET_CLOSED: {
    retryable: true,
    message: (d: { readonly address: string }) => `connection to ${d.address} closed`,
    hint: 'millrace reconnects by itself. When it repeats, look at the server log and at timeouts of proxies in between.',
  },
  NET_UNREACHABLE: {
    retryable: true,
    message: (d: { readonly address: string; readonly reason: string }) => `cannot reach ${d.address}: ${d.reason}`,
    hint: 'Check hostname and port, that the server runs, and that no firewall stands in between.',
  },
  NET_TIMEOUT: {
    retryable: true,
    message: (d: { readonly address: string; readonly waitedMs: number }) =>
      `${d.address} sent nothing for ${d.waitedMs} ms`,
    hint: 'The connection counts as dead and is opened again. Raise `heartbeat.interval` when the server is only slow.',
  },
  NET_TLS: {
    retryable: false,
    message: (d: { readonly address: string; readonly reason: string }) => `no TLS with ${d.address}: ${d.reason}`,
    hint: 'Check `ssl.mode` and `ssl.ca` (also `ssl.cert` and `ssl.key` where the server asks for a certificate), and that `port` is the one that takes TLS.',
  },
} as const satisfies Record<string, ErrorEntry>;
