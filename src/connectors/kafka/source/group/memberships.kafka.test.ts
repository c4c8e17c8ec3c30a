/** Both protocols of groups against a real coordinator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../pipeline/system-clock.ts';
import { kafkaSettings } from '../../../../testing/kafka-exactly-once.ts';
import { testKafka } from '../../../../testing/servers/test-kafka.ts';
import { Cluster } from '../../client/cluster.ts';
import { kafkaSourceConfig } from '../config.ts';
import { fetchGroupOffsets } from '../group-offsets.ts';
import { laneOf } from '../lane.ts';
import type { Membership } from './membership.ts';
import { openMembership } from './open-membership.ts';

const bootstrapServers = await testKafka();

/** A process that follows its membership, and what it owns. */
class Follower implements AsyncDisposable {
  readonly owned = new Set<string>();
  readonly membership: Membership;
  readonly #cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  #stopped = false;
  readonly #following: Promise<void>;

  constructor(protocol: 'consumer' | 'classic', topic: string) {
    const config = kafkaSourceConfig.parse({
      'properties.bootstrap.servers': bootstrapServers,
      topic,
      'properties.group.protocol': protocol,
      'properties.session.timeout.ms': '5s',
    });
    const another = () => new Cluster(kafkaSettings(bootstrapServers), systemClock);
    this.membership = openMembership(this.#cluster, another, topic, config)!;
    this.#following = this.#follow(topic);
  }

  async #follow(topic: string): Promise<void> {
    const { membership } = this;
    await membership.subscribe([topic]);
    while (!this.#stopped) {
      membership.expectMember();
      for (const name of membership.revoked) {
        this.owned.delete(laneOf(name));
        membership.released(name);
      }
      for (let [name] = membership.added; name !== undefined; [name] = membership.added) {
        membership.taken(name);
        this.owned.add(laneOf(name));
      }
      await Promise.race([membership.changed(), systemClock.sleep(50)]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#following;
    await this.membership[Symbol.asyncDispose]();
    this.#cluster[Symbol.dispose]();
  }
}

for (const protocol of ['classic', 'consumer'] as const) {
  test(`members share the partitions, one takes what another leaves, and offsets are the group's: ${protocol}`, {
    timeout: 120_000,
  }, async () => {
    using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
    const topic = `membership-${protocol}-${process.pid}`;
    await cluster.createTopics([{ name: topic, partitions: 4, replicationFactor: null, configs: {} }]);
    const until = async (done: () => boolean): Promise<void> => {
      while (!done()) await systemClock.sleep(20);
    };
    await using stays = new Follower(protocol, topic);
    await until(() => stays.owned.size === 4);
    {
      await using goes = new Follower(protocol, topic);
      await until(() => goes.owned.size === 2 && stays.owned.size === 2);
      assert.ok(stays.owned.isDisjointFrom(goes.owned));
    }
    await until(() => stays.owned.size === 4);
    await stays.membership.commit([{ topic, partition: 1, offset: 42 }]);
    const offsets = await fetchGroupOffsets(cluster, topic, [{ topic, partition: 1 }]);
    assert.deepEqual([...offsets], [[`${topic}/1`, 42]]);
  });
}
