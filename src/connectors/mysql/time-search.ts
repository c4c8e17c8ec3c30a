import { eventType } from '../../protocol/mysql/event-type.ts';
import type { LogFeed } from './log-feed.ts';

/**
 * The last of `files` that was begun before a second, the first one when none was: where to look for the first transaction of
 * that second (a file begun within it may follow on one that still got some). Files are in the order they were written, so half of them are ruled out by each look.
 */
export const findFileAt = async (
  files: readonly string[],
  seconds: number,
  open: (file: string) => Promise<LogFeed>,
): Promise<string | null> => {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((await begunAt(await open(files[middle]!))) < seconds) low = middle;
    else high = middle - 1;
  }
  return files[low] ?? null;
};

/** When a file was begun, by its FORMAT_DESCRIPTION, in seconds since 1970. Ends the feed. */
const begunAt = async (feed: LogFeed): Promise<number> => {
  let seconds: number | null = null;
  try {
    for (let chunk = await feed.read(); chunk !== null && seconds === null; chunk = await feed.read()) {
      feed.push(chunk, (frame) => {
        if (frame.type === eventType.FORMAT_DESCRIPTION) seconds ??= frame.timestamp;
      });
    }
  } finally {
    feed.close();
  }
  return seconds ?? 0;
};
