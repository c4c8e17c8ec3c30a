/** `millrace/kafka`: Kafka topics, to read and to write. Apart from `millrace`, so that only who asks for it loads a Kafka client. */
export { kafka } from './connectors/kafka/connector.ts';
export { kafkaSource } from './connectors/kafka/source/connector.ts';
