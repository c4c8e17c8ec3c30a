import type { ErrorEntry } from './entry.ts';

export const kafkaErrors = {
  KAFKA_UNREACHABLE: {
    retryable: true,
    message: (d: { readonly servers: string; readonly reason: string }) =>
      `no Kafka broker answers at ${d.servers}: ${d.reason}`,
    hint: 'Check `properties.bootstrap.servers`, that the brokers run, and that the addresses they advertise can be reached from here.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    retryable: false,
    message: (d: { readonly server: string; readonly mechanism: string; readonly reason: string }) =>
      `${d.server} refused the login by ${d.mechanism}: ${d.reason}`,
    hint: 'Check `properties.security.protocol`, `properties.sasl.mechanism` and `properties.sasl.jaas.config` against the listener.',
  },
  KAFKA_UNSUPPORTED_BROKER: {
    retryable: false,
    message: (d: { readonly server: string; readonly request: string; readonly version: number }) =>
      `${d.server} does not know version ${d.version} of ${d.request}`,
    hint: 'Kafka 2.8 or newer is needed; for `properties.group.protocol: consumer` Kafka 4.0, and `classic` is for older ones.',
  },
  KAFKA_NOT_AUTHORIZED: {
    retryable: false,
    message: (d: { readonly action: string; readonly resource: string }) =>
      `Kafka does not let this user ${d.action} ${d.resource}`,
    hint: 'Ask for the rights with kafka-acls.sh --add: Write, Describe and Create on the topics, Read too on the positions topic, and Write and Describe on the transactional id; to read, Read and Describe on the topics and Read on the group.',
  },
  KAFKA_REGISTRY_UNREACHABLE: {
    retryable: true,
    message: (d: { readonly servers: string; readonly reason: string }) =>
      `no schema registry answers at ${d.servers}: ${d.reason}`,
    hint: 'Check `schema.registry.url`, and that the registry runs. The pipeline tries again by itself.',
  },
  KAFKA_REGISTRY_REFUSED: {
    retryable: false,
    message: (d: { readonly subject: string; readonly status: number; readonly reason: string }) =>
      `the schema registry refuses ${d.subject} with status ${d.status}: ${d.reason}`,
    hint: 'Status 401 or 403: check `schema.registry.basic.auth.user.info` or `schema.registry.bearer.auth.token`. Else the reason says what the registry will not take.',
  },
  KAFKA_SCHEMA_INCOMPATIBLE: {
    retryable: false,
    message: (d: { readonly subject: string; readonly reason: string }) =>
      `the schema registry holds another schema as ${d.subject}, which the new one is not compatible with: ${d.reason}`,
    hint: 'Make the new column nullable or give it a default; or let this subject change freely with PUT /config/SUBJECT {"compatibility": "NONE"}, when all readers can take it.',
  },
  KAFKA_SCHEMA_MISSING: {
    retryable: false,
    message: (d: { readonly subject: string }) => `the schema registry does not hold this schema as ${d.subject}`,
    hint: 'Register it with your own tools, or let it be registered with `auto.register.schemas: true`.',
  },
  KAFKA_TOPIC_MISSING: {
    retryable: false,
    message: (d: { readonly topic: string }) => `there is no topic ${d.topic}`,
    hint: 'Make it with kafka-topics.sh --create, or set `topic.creation.enable: true`.',
  },
  KAFKA_TOPIC_REFUSED: {
    retryable: false,
    message: (d: { readonly topic: string; readonly reason: string }) =>
      `Kafka does not make the topic ${d.topic}: ${d.reason}`,
    hint: 'Check `topic.creation.default.partitions`, `topic.creation.default.replication.factor` and the topic settings against the cluster.',
  },
  KAFKA_RECORD_TOO_LARGE: {
    retryable: false,
    message: (d: {
      readonly topic: string;
      readonly partition: number;
      readonly bytes: number;
      readonly limit: number | null;
    }) =>
      `a record of ${d.bytes} bytes is too large for partition ${d.partition} of ${d.topic}${d.limit === null ? '' : `, which takes ${d.limit}`}`,
    hint: 'Raise `max.message.bytes` of the topic and `properties.max.request.size` here, or leave the large column out with `columns.exclude`.',
  },
  KAFKA_DELIVERY_TIMEOUT: {
    retryable: true,
    message: (d: {
      readonly topic: string;
      readonly partition: number;
      readonly waitedMs: number;
      readonly reason: string;
    }) => `partition ${d.partition} of ${d.topic} has not taken records for ${d.waitedMs} ms: ${d.reason}`,
    hint: 'The pipeline tries again by itself. Look for an offline partition, or too few replicas in step, with kafka-topics.sh --describe.',
  },
  KAFKA_PARTITION_REFUSED: {
    retryable: false,
    message: (d: { readonly topic: string; readonly partition: number; readonly reason: string }) =>
      `partition ${d.partition} of ${d.topic} refuses records: ${d.reason}`,
    hint: "Look up Kafka's error in the reason. The position did not move, so running the pipeline again repeats the same write.",
  },
  KAFKA_TRANSACTION_TIMED_OUT: {
    retryable: false,
    message: (d: { readonly transactionalId: string; readonly openMs: number; readonly timeoutMs: number }) =>
      `Kafka ended the transaction of ${d.transactionalId}: it was open for ${d.openMs} ms and may be for ${d.timeoutMs}`,
    hint: "Raise `properties.transaction.timeout.ms`, and the brokers' `transaction.max.timeout.ms` with it, above what the largest MySQL transaction takes.",
  },
  KAFKA_TRANSACTION_BROKEN: {
    retryable: true,
    message: (d: { readonly transactionalId: string; readonly action: string; readonly reason: string }) =>
      `the transaction of ${d.transactionalId} could not ${d.action}: ${d.reason}`,
    hint: 'Nothing of it becomes visible, and the pipeline writes it again by itself.',
  },
  KAFKA_REQUEST_FAILED: {
    retryable: true,
    message: (d: { readonly server: string; readonly request: string; readonly reason: string }) =>
      `${d.server} could not answer ${d.request}: ${d.reason}`,
    hint: 'The pipeline tries again by itself. When it repeats, look at the log of that broker.',
  },
  KAFKA_REQUEST_REFUSED: {
    retryable: false,
    message: (d: { readonly server: string; readonly request: string; readonly reason: string }) =>
      `${d.server} refused ${d.request}: ${d.reason}`,
    hint: "Look up Kafka's error in the reason, and at the settings under `properties.`.",
  },
  KAFKA_CORRUPT_RECORDS: {
    retryable: false,
    message: (d: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly reason: string;
    }) => `the records of ${d.topic} at offset ${d.offset} of partition ${d.partition} are damaged: ${d.reason}`,
    hint: "Check the broker's disk. Something between here and it may also change bytes: compare with kafka-dump-log.sh.",
  },
  KAFKA_MESSAGE_UNREADABLE: {
    retryable: false,
    message: (d: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly reason: string;
    }) => `the message at offset ${d.offset} of partition ${d.partition} of ${d.topic} cannot be taken: ${d.reason}`,
    hint: 'The position stays before it. Set `value.format`, the handling modes or `schema` to what the topic holds; with `errors.tolerance: all` such messages go to the dead letters and the others on.',
  },
  KAFKA_OFFSET_GONE: {
    retryable: false,
    message: (d: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly earliest: number;
      readonly latest: number;
    }) =>
      `partition ${d.partition} of ${d.topic} has no offset ${d.offset} any more: it holds ${d.earliest} to ${d.latest}`,
    hint: 'The records between were deleted by retention, or the topic was made anew. Raise `retention.ms` for the longest outage you can bear, and give the pipeline a new position once you know what is missing.',
  },
  KAFKA_GROUP_OFFSET_MISSING: {
    retryable: false,
    message: (d: { readonly group: string; readonly topic: string; readonly partition: number }) =>
      `the group ${d.group} has no offset for partition ${d.partition} of ${d.topic}`,
    hint: 'Set `properties.auto.offset.reset` to earliest or latest, or `scan.startup.mode` to where reading should begin.',
  },
  KAFKA_OUTBOX_ROW: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `a row of the outbox ${d.table} makes no event: ${d.reason}`,
    hint: 'The position stays before it. Outbox rows are only inserted and deleted: correct the program that writes them; with `outbox.table.op.invalid.behavior: warn`, updates are passed over.',
  },
  KAFKA_POSITIONS_UNREADABLE: {
    retryable: false,
    message: (d: { readonly topic: string; readonly offset: number; readonly reason: string }) =>
      `the record at offset ${d.offset} of ${d.topic} is no position: ${d.reason}`,
    hint: 'Only millrace may write to that topic. Name another one with `sink.position-topic`; the pipeline then starts from its configured start.',
  },
  KAFKA_GROUP_MEMBER_GONE: {
    retryable: true,
    message: (d: { readonly group: string; readonly reason: string }) =>
      `this process is no member of the consumer group ${d.group} any more: ${d.reason}`,
    hint: 'It joins again by itself; what it had not written is read by whoever has the partitions now. If this comes again and again, one write takes longer than `properties.max.poll.interval.ms`, the process stands still for longer than the session timeout of the group, or another process has its `properties.group.instance.id`.',
  },
  KAFKA_GROUP_NOT_SHARED: {
    retryable: false,
    message: (d: { readonly group: string; readonly reason: string }) =>
      `the partitions cannot be shared in the consumer group ${d.group}: ${d.reason}`,
    hint: 'Leave `properties.group.protocol` out, so that one process reads all partitions; or write to MySQL alone with `schema.change.behavior: evolve` or `exception`, and without a step of your own in the source.',
  },
  KAFKA_SIGNAL_PARTITIONS: {
    retryable: false,
    message: (d: { readonly topic: string; readonly partitions: number }) =>
      `the topic of signals ${d.topic} has ${d.partitions} partitions, so that its signals have no order`,
    hint: 'Make a topic with one partition for signals, and name it as `signal.kafka.topic`. The pipeline runs on meanwhile, and takes none.',
  },
  KAFKA_NOT_REPLAYABLE: {
    retryable: false,
    message: (d: { readonly topic: string; readonly reason: string }) =>
      `what ${d.topic} holds cannot be told by replaying it: ${d.reason}`,
    hint: 'Leave the table out with `--table`, or compare a pipeline whose topics keep the changes of each row in one partition, with a key.',
  },
} as const satisfies Record<string, ErrorEntry>;
