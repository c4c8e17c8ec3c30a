import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../../protocol/redis/reply.ts';
import { addressText, type ServerAddress } from '../../cluster/cluster-map.ts';
import type { RedisCluster } from '../../cluster/redis-cluster.ts';
import type { RedisConnection } from '../../connection.ts';
import type { LinkPlace } from '../link-place.ts';

/** What a node says of its stream. */
export interface Histories {
  /** Names the history that it writes. */
  readonly own: string;
  /** Names that which it goes on from, because it was promoted or started again. */
  readonly before: string;
  /** How far it is. */
  readonly offset: number;
}

/** Throws what the refusal means where the account may not ask. */
export const historiesOf = async (connection: RedisConnection): Promise<Histories> => {
  const [info] = await connection.send(encodeCommand('INFO', 'replication'), 1);
  if (info instanceof ReplyError) throw connection.failure(info, 'INFO');
  const fact = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(String(info))?.[1] ?? '';
  return {
    own: fact('master_replid'),
    before: fact('master_replid2'),
    offset: Number(fact('master_repl_offset')),
  };
};

/** Where to begin with the nodes of a cluster. */
export interface Beginning {
  /** Nodes to link to, each with the place where it goes on; null: nothing is held of it. */
  readonly nodes: readonly { readonly address: ServerAddress; readonly from: LinkPlace | null }[];
  /** Held places that no node goes on from. */
  readonly lost: readonly LinkPlace[];
}

interface Known {
  readonly address: ServerAddress;
  readonly histories: Histories;
  readonly hasSlots: boolean;
  from: LinkPlace | null;
}

/**
 * Finds for each place that is held the node that goes on from it: the one that writes this history, or the replica that took its place. A
 * node that has given all its slots away may still have something to tell of the time before.
 */
export const beginningOf = async (cluster: RedisCluster, held: readonly LinkPlace[]): Promise<Beginning> => {
  const nodes = await Promise.all(cluster.map.primaries.map((address) => know(cluster, address, true)));
  let lost = match(nodes, held);
  if (lost.length > 0) {
    const others = await Promise.allSettled(
      (await withoutSlots(cluster)).map((address) => know(cluster, address, false)),
    );
    for (const other of others) if (other.status === 'fulfilled') nodes.push(other.value);
    lost = match(nodes, lost);
  }
  return { nodes: nodes.filter(({ from, hasSlots }) => hasSlots || from !== null), lost };
};

const know = async (cluster: RedisCluster, address: ServerAddress, hasSlots: boolean): Promise<Known> => ({
  address,
  hasSlots,
  histories: await historiesOf(await cluster.at(address)),
  from: null,
});

/** Gives places to the nodes that go on from them; the others. */
const match = (nodes: readonly Known[], held: readonly LinkPlace[]): readonly LinkPlace[] => {
  const rest: LinkPlace[] = [];
  for (const place of held) {
    const node = nodes.find(({ histories }) => histories.own === place.replicationId);
    if (node === undefined) rest.push(place);
    else node.from = place;
  }
  return rest.filter((place) => {
    const node = nodes.find(({ histories }) => histories.before === place.replicationId);
    // One that is behind its node's own place is past.
    if (node !== undefined) node.from ??= place;
    return node === undefined;
  });
};

/** Primaries that have no slots, as one node sees it: those that cannot be reached left out. */
const withoutSlots = async (cluster: RedisCluster): Promise<readonly ServerAddress[]> => {
  const lines = String(await (await cluster.ofPrimary(0)).command('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.flatMap((line) => {
    // 07c37dfe… 127.0.0.1:30004@31004,name master - 0 1426238317239 4 connected 0-5460 [93->-292f8b36…]
    const [, where = '', flags = '', , , , , , ...slots] = line.split(' ');
    const is = (flag: string): boolean => flags.split(',').includes(flag);
    if (!is('master') || is('fail') || is('handshake') || is('noaddr') || slots.some((text) => /^\d/.test(text)))
      return [];
    const address = where.slice(0, where.lastIndexOf('@'));
    const at = address.lastIndexOf(':');
    const port = Number(address.slice(at + 1));
    return at > 0 && port > 0 ? [{ hostname: address.slice(0, at), port }] : [];
  });
};

/**
 * What a node that turns up is to those that are followed: another, one of them under another name, or a `successor` that goes on from one
 * that has no slots any more.
 */
export const relationOf = async (
  cluster: RedisCluster,
  node: RedisConnection,
  followed: ReadonlyMap<string, LinkPlace>,
): Promise<'other' | 'same' | 'successor'> => {
  const { own, before } = await historiesOf(node);
  const owners = new Set(cluster.map.primaries.map(addressText));
  for (const [address, { replicationId }] of followed) {
    if (replicationId === own) return 'same';
    // A replica that was set free goes on from its primary's history, too, without having any of its keys.
    if (replicationId === before && !owners.has(address)) return 'successor';
  }
  return 'other';
};
