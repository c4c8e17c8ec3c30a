import type { ConnectionOptions } from 'node:tls';

/** How brokers are reached. */
export interface ClientSettings {
  /** `host:port` each. */
  readonly bootstrapServers: readonly string[];
  /** What brokers call this client in their logs and quotas. */
  readonly clientId: string;
  /** null: without TLS. */
  readonly tls: ConnectionOptions | null;
  /** null: without a login. */
  readonly sasl: Sasl | null;
  readonly connectTimeoutMs: number;
  /** How long a broker may take to answer before the connection counts as dead. */
  readonly requestTimeoutMs: number;
}

export type Sasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }
  /** Asked anew for each login, so that an expired token is replaced. */
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> };
