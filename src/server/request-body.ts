import type { IncomingMessage } from 'node:http';
import { MillraceError } from '../core/errors.ts';

/** How long a body may take, in seconds. */
const withinSeconds = 20;

/** The whole body as text. Throws API_BODY_TOO_LARGE before reading more than `limit` bytes, and API_BODY_SLOW. */
export const readBody = async (request: IncomingMessage, limit: number): Promise<string> => {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new MillraceError('API_BODY_TOO_LARGE', { limit });
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(
    () => reject(new MillraceError('API_BODY_SLOW', { seconds: withinSeconds })),
    withinSeconds * 1000,
  );
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) {
      request.pause();
      reject(new MillraceError('API_BODY_TOO_LARGE', { limit }));
    } else chunks.push(chunk);
  });
  request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  request.on('error', () => reject(new MillraceError('API_BAD_JSON', { reason: 'the connection broke' })));
  request.on('close', () => reject(new MillraceError('API_BAD_JSON', { reason: 'the connection was closed' })));
  try {
    return await promise;
  } finally {
    clearTimeout(late);
  }
};

/** The body as a JSON object. An empty one counts as `{}`. */
export const readJson = async (request: IncomingMessage, limit: number): Promise<unknown> => {
  const text = await readBody(request, limit);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message quotes the body, which may hold anything.
    throw new MillraceError('API_BAD_JSON', { reason: 'it is no JSON' });
  }
};
