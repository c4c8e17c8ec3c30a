import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventRing } from './event-ring.ts';
import { EventStream } from './event-stream.ts';

/**
 * Sends what happens: first what the client missed since its `Last-Event-ID`, or a snapshot of everything when it never was here, was away
 * for too long, or does not read as fast as things happen.
 */
export const sendEvents = (
  request: IncomingMessage,
  response: ServerResponse,
  ring: EventRing,
  snapshot: () => Promise<unknown>,
): void => {
  let unlisten = (): void => {};
  const stream = new EventStream(
    request,
    response,
    () => unlisten(),
    () => void sendSnapshot(),
  );
  /** Events up to here have been sent, or are in the snapshot that was. */
  let sent = 0;
  let waiting = false;
  const sendSnapshot = async (): Promise<void> => {
    waiting = true;
    const id = ring.lastId;
    const data = await snapshot();
    waiting = false;
    sent = id;
    stream.send('snapshot', data, id);
    sendMissed();
  };
  const sendMissed = (): void => {
    for (const event of ring.since(sent) ?? []) {
      if (stream.behind) return;
      stream.send(event.type, event.data, event.id);
      sent = event.id;
    }
  };
  const last = request.headers['last-event-id'];
  const since = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : null;
  unlisten = ring.listen(() => {
    if (!waiting && !stream.behind) sendMissed();
  });
  if (since !== null && ring.since(since) !== null) {
    sent = since;
    sendMissed();
  } else void sendSnapshot();
};
