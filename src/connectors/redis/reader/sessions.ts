import type { Context } from '../../../core/connector.ts';
import { dialTcp } from '../../../net/dial.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { RedisCluster } from '../cluster/redis-cluster.ts';
import { RedisConnection } from '../connection.ts';
import { clusterStore, type KeyStore, singleStore } from '../key-store.ts';
import { openPrimary } from '../sentinel.ts';
import { serverFacts } from '../server-facts.ts';
import type { RedisSinkConfig } from '../sink/config.ts';
import { OwnKeys } from '../sink/own-keys.ts';
import { ForeseenAnswers } from './foreseen-answers.ts';

/** The connections of a reader: to the primary, or to those of a cluster. */
export interface Sessions {
  readonly own: OwnKeys;
  readonly store: KeyStore;
  /** One for each server, whose answers are foreseen. */
  readonly foreseen: readonly ForeseenAnswers[];
  /** The position in `foreseen` of the server that has a key. */
  serverOf(key: Uint8Array): number;
  close(): void;
}

/** Throws what openPrimary does. */
export const openSessions = async (config: RedisSinkConfig, { clock, pipeline }: Context): Promise<Sessions> => {
  const stop = new AbortController();
  const options = { config, dial: dialTcp, clock, signal: stop.signal, name: 'millrace:verify' };
  const close = (): void => stop.abort();
  const foreseenAt = async ({ address }: RedisConnection): Promise<ForeseenAnswers> => {
    const at = address.lastIndexOf(':');
    const server = { hostname: address.slice(0, at), port: Number(address.slice(at + 1)) };
    const connection = await RedisConnection.open({ ...options, config: { ...config, ...server } });
    return new ForeseenAnswers(connection.takeStream().stream);
  };
  try {
    const connection = await openPrimary(options);
    const isCluster = (await serverFacts(connection)).mode === 'cluster';
    const own = new OwnKeys(config['position.prefix'], pipeline, isCluster);
    if (!isCluster) {
      const foreseen = [await foreseenAt(connection)];
      return { own, store: singleStore(connection), foreseen, serverOf: () => 0, close };
    }
    const cluster = await RedisCluster.open(options, connection);
    const { map } = cluster;
    return {
      own,
      store: clusterStore(cluster, await cluster.ofSlot(own.slot)),
      foreseen: await Promise.all((await cluster.primaries()).map(foreseenAt)),
      serverOf: (key) => map.ownerOf(keySlot(key)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
};
