import { MillraceError } from '../../core/errors.ts';
import { lastCause } from './last-cause.ts';

const timeoutMs = 60_000;

/** Asks Flink by REST. Throws FLINK_UNREACHABLE, and FLINK_REFUSED with what it says. */
export const askFlink = async <Answer>(method: string, url: string, body?: unknown): Promise<Answer> => {
  const { origin } = new URL(url);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await answer.text();
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
    throw new MillraceError('FLINK_UNREACHABLE', { address: origin, reason }, { cause: error });
  }
  const said = parsed(text);
  if (answer.ok) return said as Answer;
  const errors = (said as { readonly errors?: readonly string[] } | null)?.errors ?? [text];
  throw new MillraceError('FLINK_REFUSED', {
    address: origin,
    status: answer.status,
    reason: lastCause(errors.join('\n')),
  });
};

const parsed = (text: string): unknown => {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return null;
  }
};
