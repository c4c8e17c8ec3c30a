import { MillraceError } from '../../../core/errors.ts';
import { type Cluster, refusal } from './cluster.ts';
import { type FetchedPartition, type FetchOptions, fetchRequest } from './fetch-request.ts';
import { DamagedRecords, type RecordView, readRecords } from './record-reader.ts';

const options: FetchOptions = {
  isolation: 'read_committed',
  maxWaitMs: 250,
  minBytes: 1,
  maxBytes: 8 * 1_048_576,
  partitionMaxBytes: 8 * 1_048_576,
};

/** Hands every committed record of a partition from `from` up to where it ends now on to `take`. Gives the offset behind them. */
export const readPartition = async (
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
  take: (record: RecordView) => void,
): Promise<number> => {
  const end = await cluster.offset(topic, partition, 'latest');
  let offset = Math.max(from, await cluster.offset(topic, partition, 'earliest'));
  while (offset < end) {
    const fetched = await fetchPartition(cluster, topic, partition, offset);
    try {
      offset = readRecords(fetched, offset, take);
    } catch (error) {
      if (!(error instanceof DamagedRecords)) throw error;
      const reason = error.message;
      throw new MillraceError('KAFKA_CORRUPT_RECORDS', { topic, partition, offset, reason }, { cause: error });
    }
  }
  return offset;
};

/** Committed records of a partition from an offset on, as far as they fit; none when there are none within `maxWaitMs`. */
export const fetchPartition = (
  cluster: Cluster,
  topic: string,
  partition: number,
  offset: number,
  maxWaitMs = options.maxWaitMs,
): Promise<FetchedPartition> =>
  cluster.settled(async () => {
    const broker = await cluster.leader(topic, partition);
    if (broker === null) throw refusal(noLeader, topic, 'Fetch', `the topic ${topic}`, 'read');
    const answer = (await broker.call(fetchRequest([{ topic, partition, offset }], { ...options, maxWaitMs })))[0]!;
    if (answer.errorCode !== 0) {
      throw refusal(answer.errorCode, broker.address, 'Fetch', `the topic ${topic}`, 'read');
    }
    return answer;
  });

const noLeader = 5;
