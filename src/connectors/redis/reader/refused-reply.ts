import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { KeyStore } from '../key-store.ts';

/** Throws for a refusal of another kind than those that are looked for, by how they begin. */
export const refused = (store: KeyStore, reply: Reply, ...expected: readonly string[]): void => {
  if (reply instanceof ReplyError && !expected.some((start) => reply.message.startsWith(start)))
    throw store.home.failure(reply, 'a row');
};
