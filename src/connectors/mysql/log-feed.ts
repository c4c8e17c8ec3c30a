import type { EventFrame } from '../../protocol/mysql/event-frame.ts';

/** The bytes of a log and how events are cut out of them: a dump over the network, or files. */
export interface LogFeed {
  /** The next bytes; null: the log ends here (a stopped dump, or all files read). */
  read(): Promise<Buffer | null>;
  /** Calls `onEvent` for each event that these bytes complete. The frame is overwritten for every event. */
  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void;
  close(): void;
}
