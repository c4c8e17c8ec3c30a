import { createHmac } from 'node:crypto';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { WebhookConfig } from './config.ts';

/** A body, and the id by which a receiver knows it again. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** How a receiver answered a message that it will not take, however often it is sent. */
export type Refusal = { readonly status: number } | null;

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A receiver may ask for patience, but not for more than this: the position stands still meanwhile. */
const longestAskedMs = 300_000;

/** Answers that a later request may not get: request timeout, too early, too many requests. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);
/** Answers about who is asking or where, whatever the body says: unauthorised, payment, forbidden, not found, method, gone. */
const aboutAddress: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 410]);

/**
 * Whoever takes the requests. Each carries the headers of Standard Webhooks, so that their libraries verify it:
 *
 *     webhook-id: 5f2c…              the same whenever this message is sent again
 *     webhook-timestamp: 1790000000  seconds since 1970, when this request was made
 *     webhook-signature: v1,BASE64   HMAC-SHA256 of `id.timestamp.body`
 *
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export class Receiver {
  /** How it is called in messages: without the path, which may hold a token. */
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #key: Buffer | null;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #context: Context;

  /** Throws CONFIG_WRONG_VALUE. */
  constructor(config: WebhookConfig, context: Context) {
    this.#url = config.url;
    this.name = new URL(config.url).origin;
    this.#headers = {
      'content-type': 'application/json',
      'user-agent': 'millrace',
      ...customHeaders(config['custom-headers']),
      ...(config.authorization === undefined ? {} : { authorization: config.authorization }),
    };
    this.#key = signingKey(config['signing.secret']);
    this.#timeoutMs = config['request.timeout'];
    this.#retries = config['sink.max-retries'];
    this.#context = context;
  }

  /**
   * Resolves with null when the message was taken, and otherwise with how it was refused. Throws WEBHOOK_REFUSED when the address does not take
   * anything, and WEBHOOK_UNAVAILABLE after the last try.
   */
  async post(message: Message, signal: AbortSignal): Promise<Refusal> {
    const { clock } = this.#context;
    let reason = '';
    for (let attempt = 0; attempt <= this.#retries; attempt += 1) {
      signal.throwIfAborted();
      let askedMs: number | null = null;
      try {
        const answer = await this.#send(message, signal);
        // Nobody reads what it says, and what is not read keeps the connection.
        await answer.body?.cancel();
        if (answer.ok) return null;
        const { status } = answer;
        if (status < 500 && !passing.has(status)) return this.#refused(status);
        reason = `HTTP ${status}`;
        askedMs = askedPause(answer.headers.get('retry-after'), clock.now());
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MillraceError) throw error;
        reason = reasonOf(error);
      }
      if (attempt < this.#retries) await clock.sleep(askedMs ?? pauseMs(attempt), signal);
    }
    throw new MillraceError('WEBHOOK_UNAVAILABLE', { receiver: this.name, reason });
  }

  /** Throws WEBHOOK_UNAVAILABLE when nobody answers. */
  async reach(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(this.#timeoutMs);
      const answer = await fetch(this.#url, { method: 'HEAD', redirect: 'manual', signal });
      await answer.body?.cancel();
    } catch (error) {
      throw new MillraceError('WEBHOOK_UNAVAILABLE', { receiver: this.name, reason: reasonOf(error) });
    }
  }

  async #send({ id, body }: Message, signal: AbortSignal): Promise<Response> {
    const timestamp = String(Math.floor(this.#context.clock.now() / 1_000));
    const signed: Record<string, string> = { 'webhook-id': id, 'webhook-timestamp': timestamp };
    if (this.#key !== null) {
      const mac = createHmac('sha256', this.#key).update(`${id}.${timestamp}.${body}`).digest('base64');
      signed['webhook-signature'] = `v1,${mac}`;
    }
    return await fetch(this.#url, {
      method: 'POST',
      headers: { ...this.#headers, ...signed, 'idempotency-key': id },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
    });
  }

  #refused(status: number): Refusal {
    if (status >= 400 && !aboutAddress.has(status)) return { status };
    throw new MillraceError('WEBHOOK_REFUSED', { receiver: this.name, status });
  }
}

/** Between half and all of a pause that doubles. */
const pauseMs = (attempt: number): number =>
  Math.min(firstPauseMs * 2 ** attempt, longestPauseMs) * (0.5 + Math.random() / 2);

/** What Retry-After asks for, in seconds or as a date; null: nothing that can be read. */
const askedPause = (header: string | null, nowMs: number): number | null => {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), longestAskedMs);
};

/** Without the address, which errors of the network name by its host alone. */
const reasonOf = (error: unknown): string => {
  const { message, cause, name } = error as Error;
  if (name === 'TimeoutError') return 'no answer in time';
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
};

const signingKey = (secret: string | undefined): Buffer | null => {
  if (secret === undefined) return null;
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
};

const customHeaders = (text = ''): Readonly<Record<string, string>> => {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const pairs = parts.map((part) => {
    const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*:\s*([\t\x20-\x7e]*?)\s*$/.exec(part) ?? [];
    if (name !== undefined && value !== undefined) return [name.toLowerCase(), value] as const;
    const reason = 'write name:value, separated by commas';
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'custom-headers', reason });
  });
  return Object.fromEntries(pairs);
};
