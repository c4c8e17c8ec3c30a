import { protocolErrorsCodesById } from './protocol-library.ts';

/** Kafka's error codes that something here turns on. https://kafka.apache.org/protocol#protocol_error_codes */
export const kafkaError = {
  NONE: 0,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  TOPIC_ALREADY_EXISTS: 36,
  NOT_CONTROLLER: 41,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  KAFKA_STORAGE_ERROR: 56,
  UNKNOWN_LEADER_EPOCH: 75,
  FENCED_LEADER_EPOCH: 74,
  MEMBER_ID_REQUIRED: 79,
  FENCED_INSTANCE_ID: 82,
  PRODUCER_FENCED: 90,
  FENCED_MEMBER_EPOCH: 110,
  UNRELEASED_INSTANCE_ID: 111,
} as const;

/** `NOT_LEADER_OR_FOLLOWER` for 6. */
export const kafkaErrorName = (code: number): string =>
  (protocolErrorsCodesById as Readonly<Record<number, string>>)[code] ?? `error ${code}`;

/** The broker asked is not the right one any more, or not ready: ask for the cluster's state again and then the same again. */
export const isPassing = (code: number): boolean => passing.has(code);

const passing: ReadonlySet<number> = new Set([
  kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
  kafkaError.LEADER_NOT_AVAILABLE,
  kafkaError.NOT_LEADER_OR_FOLLOWER,
  kafkaError.REQUEST_TIMED_OUT,
  kafkaError.COORDINATOR_LOAD_IN_PROGRESS,
  kafkaError.COORDINATOR_NOT_AVAILABLE,
  kafkaError.NOT_COORDINATOR,
  kafkaError.NOT_ENOUGH_REPLICAS,
  kafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  kafkaError.NOT_CONTROLLER,
  kafkaError.CONCURRENT_TRANSACTIONS,
  kafkaError.KAFKA_STORAGE_ERROR,
  kafkaError.FENCED_LEADER_EPOCH,
  kafkaError.UNKNOWN_LEADER_EPOCH,
]);

/** Another producer with the same transactional id has begun since. */
export const isFenced = (code: number): boolean =>
  code === kafkaError.INVALID_PRODUCER_EPOCH || code === kafkaError.PRODUCER_FENCED;
