/** Where a connector stands, in whatever form its offsets can be had. */
import { z } from 'zod';
import { MillraceError } from '../../core/errors.ts';
import type { Draft } from './draft.ts';

/**
 * Makes the draft go on there: a dump of Kafka Connect's offsets topic, its standalone worker's offsets file, the answer of its REST API
 * (`/connectors/x/offsets`), or one offset as JSON. `server`: which of several connectors' (Debezium's `topic.prefix`); the last of
 * its offsets counts. Throws CONVERT_INPUT when there is none.
 */
export const takeOffsets = (draft: Draft, server: string | null, file: string, text: string): void => {
  if (draft.source.get('type') === 'kafka') takeTopicOffsets(draft, file, text);
  else takeLogOffset(draft, file, offsetOf(server, file, text));
};

type Offset = Readonly<Record<string, unknown>>;

/** The offset's object, whatever stands around it: also in the serialized Java map of an offsets file its JSON is plain text. */
const offsetOf = (server: string | null, file: string, text: string): Offset => {
  const offsets: { readonly server: string | null; readonly offset: Offset }[] = [];
  let last: string | null = null;
  for (const match of text.matchAll(/"server"\s*:\s*"((?:[^"\\]|\\.)*)"|\{[^{}]*"file"\s*:\s*"[^"]*"[^{}]*\}/g)) {
    if (match[1] !== undefined) last = match[1];
    else offsets.push({ server: last, offset: parsed(file, match[0]) });
  }
  const own = offsets.filter((each) => server === null || each.server === null || each.server === server);
  const found = own.at(-1);
  if (found !== undefined) return found.offset;
  const others = [...new Set(offsets.map((each) => each.server))].join(', ');
  const reason =
    offsets.length > 0
      ? `it holds offsets of ${others}, and this connector's topic.prefix is ${server}`
      : 'it holds no offset with "file" and "pos"';
  throw new MillraceError('CONVERT_INPUT', { file, reason });
};

const parsed = (file: string, text: string): Offset => {
  try {
    return JSON.parse(text) as Offset;
  } catch {
    throw new MillraceError('CONVERT_INPUT', { file, reason: 'an offset in it is no JSON' });
  }
};

const takeLogOffset = (draft: Draft, file: string, offset: Offset): void => {
  const { source } = draft;
  const snapshot = String(offset['snapshot'] ?? 'false').toLowerCase();
  if (snapshot !== 'false' && offset['snapshot_completed'] !== true) {
    draft.changed('offsets', 'Debezium had not finished its snapshot: the pipeline takes a new one');
    source.set('scan.startup.mode', 'initial');
    return;
  }
  source.set('scan.startup.mode', 'specific-offset', 'Where Debezium stood.');
  const gtids = offset['gtids'];
  const pos = Number(offset['pos']);
  if (typeof gtids === 'string' && gtids !== '') source.set('scan.startup.specific-offset.gtid-set', gtids);
  else if (Number.isSafeInteger(pos) && pos >= 4) {
    source.set('scan.startup.specific-offset.file', String(offset['file']));
    source.set('scan.startup.specific-offset.pos', pos);
  } else throw new MillraceError('CONVERT_INPUT', { file, reason: 'its offset has neither gtids nor a pos' });
  if (Number(offset['event'] ?? 0) > 0)
    draft.changed(
      'offsets',
      'Debezium stood inside a transaction, which is read again from its start: its first rows come twice',
    );
};

const topicOffsets = z.object({
  offsets: z
    .array(
      z.object({
        partition: z.object({ kafka_topic: z.string(), kafka_partition: z.int().min(0) }),
        offset: z.object({ kafka_offset: z.int().min(0) }),
      }),
    )
    .min(1),
});

/** The REST API's answer for a sink connector. */
const takeTopicOffsets = (draft: Draft, file: string, text: string): void => {
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    // What is no JSON holds no offsets either.
  }
  const answer = topicOffsets.safeParse(json);
  if (!answer.success) {
    throw new MillraceError('CONVERT_INPUT', {
      file,
      reason: 'it holds no "offsets" of topics, as `GET /connectors/NAME/offsets` gives them',
    });
  }
  const places = answer.data.offsets.map(({ partition, offset }) => ({
    topic: partition.kafka_topic,
    partition: partition.kafka_partition,
    offset: offset.kafka_offset,
  }));
  const topics = new Set(places.map((place) => place.topic));
  if (topics.size > 1 || draft.source.has('topic-pattern')) {
    draft.changed('offsets', 'offsets of several topics are those of the consumer group, where the pipeline goes on');
    return;
  }
  draft.source.set('scan.startup.mode', 'specific-offsets', 'Where the connector stood.');
  const words = places
    .toSorted((a, b) => a.partition - b.partition)
    .map(({ partition, offset }) => `partition:${partition},offset:${offset}`);
  draft.source.set('scan.startup.specific-offsets', words.join(';'));
};
