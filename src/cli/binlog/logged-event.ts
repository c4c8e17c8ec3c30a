import { type EventFrame, keepFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeTransactionPayload, type TransactionPayload } from '../../protocol/mysql/events/transaction-payload.ts';
import { inflatePayload, PayloadFramer } from '../../protocol/mysql/payload-framer.ts';

/** One event where it was found. */
export interface LoggedEvent {
  readonly file: string;
  /** Where it starts in the file; null: made up by the server for this dump, and in no file. */
  readonly position: number | null;
  readonly frame: EventFrame;
  /** Inside a compressed transaction, whose own event stands at `position`. */
  readonly inside: boolean;
}

export interface ReadOptions {
  /** Begin at this byte of the first file. */
  readonly from: number | null;
  /** End before the event at this byte of the last file. */
  readonly to: number | null;
  /** Wait at the end of a live server's log. */
  readonly stopNever: boolean;
  readonly signal: AbortSignal;
}

/** Events in small lists, as the bytes come in. Their frames stay valid until the next list is asked for. */
export type EventLists = AsyncGenerator<readonly LoggedEvent[], void, undefined>;

/** `events` with the inside of each compressed transaction after its own event. */
export async function* withPayloads(events: readonly LoggedEvent[]): EventLists {
  let from = 0;
  for (const [at, event] of events.entries()) {
    if (event.frame.type !== eventType.TRANSACTION_PAYLOAD) continue;
    yield events.slice(from, at + 1);
    yield* insideOf(event, decodeTransactionPayload(event.frame));
    from = at + 1;
  }
  if (from < events.length) yield from === 0 ? events : events.slice(from);
}

async function* insideOf({ file, position }: LoggedEvent, payload: TransactionPayload): EventLists {
  const framer = new PayloadFramer(payload);
  for await (const piece of inflatePayload(payload)) {
    const events: LoggedEvent[] = [];
    framer.push(piece, (frame) => events.push({ file, position, frame: keepFrame(frame), inside: true }));
    if (events.length > 0) yield events;
  }
  framer.finish();
}
