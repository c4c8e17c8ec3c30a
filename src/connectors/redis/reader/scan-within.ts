import type { Buffer } from 'node:buffer';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { Keyspace } from './kept-rows.ts';
import { refused } from './refused-reply.ts';

/** Keys that are looked into at once, and elements that one step looks at, about. */
const keysAtOnce = 50;
const scanCount = 500;

/** Elements of what is at a key, some of them. */
export interface ScannedPage {
  /** The key's place among those that were asked for. */
  readonly index: number;
  /** Fields of a hash, or members. */
  readonly elements: readonly Buffer[];
  /** The key's first page. */
  readonly first: boolean;
}

/**
 * Goes through what is in some hashes, sets or sorted sets, page by page: most are over with the first, so these are asked for together.
 * An element may come twice; a key that holds another type has none. `match`: how elements look. Throws REDIS_NOT_READY where a key goes to
 * another node.
 */
export async function* scanWithin(
  space: Keyspace,
  command: 'HSCAN' | 'SSCAN' | 'ZSCAN',
  keys: readonly Buffer[],
  match?: Buffer,
): AsyncGenerator<ScannedPage> {
  const how = [...(match === undefined ? [] : ['MATCH', match]), 'COUNT', scanCount];
  const read = (reply: Reply): readonly [Buffer, readonly Buffer[]] => {
    const [cursor, found] = reply as readonly [Buffer, readonly Buffer[]];
    return [cursor, command === 'SSCAN' ? found : found.filter((_, place) => place % 2 === 0)];
  };
  for (let at = 0; at < keys.length; at += keysAtOnce) {
    const some = keys.slice(at, at + keysAtOnce);
    const replies = await space.use(async ({ store }) => {
      const all = await store.ask(some, (commands, key) => void commands.add(command, key, '0', ...how));
      for (const reply of all) refused(store, reply, 'WRONGTYPE');
      return all;
    });
    for (const [i, key] of some.entries()) {
      const reply = replies[i]!;
      if (reply instanceof ReplyError) continue;
      const [cursor, elements] = read(reply);
      yield { index: at + i, elements, first: true };
      if (String(cursor) === '0') continue;
      // The answer may have come from a node that it only passes through, whose cursors are its own: from the beginning, of its owner.
      for (let from: Buffer | string = '0'; ; ) {
        const asked: Buffer | string = from;
        const page = await space.use(async ({ store }) => {
          const server = await store.of(key);
          const [answer] = await server.send(encodeCommand(command, key, asked, ...how), 1);
          refused(store, answer!, 'WRONGTYPE');
          return answer!;
        });
        if (page instanceof ReplyError) break;
        const [next, more] = read(page);
        yield { index: at + i, elements: more, first: false };
        from = next;
        if (String(from) === '0') break;
      }
    }
  }
}
