/**
 * What is used of `@platformatic/kafka`, each module by itself. The package's one entry point loads its clients, its registries and
 * their schema compilers too: six tenths of a second of CPU and 50 MiB in every process that only meets a broker. Its version is
 * pinned, and a module that were to move would fail every test of Kafka at once.
 */
import { createRequire } from 'node:module';
import type * as library from '@platformatic/kafka';

type Library = typeof library;

const root = import.meta.resolve('@platformatic/kafka');

const load = async <Names extends keyof Library>(path: string): Promise<Pick<Library, Names>> =>
  (await import(new URL(path, root).href)) as Pick<Library, Names>;

/** The module of one request in one version. */
const loadApi = async <Name extends keyof Library>(path: string): Promise<Library[Name]> =>
  (await import(new URL(`apis/${path}.js`, root).href)) as Library[Name];

export const { ResponseError } = await load<'ResponseError'>('errors.js');
export const { protocolErrorsCodesById } = await load<'protocolErrorsCodesById'>('protocol/errors.js');
export const { Reader } = await load<'Reader'>('protocol/reader.js');
export const { Writer } = await load<'Writer'>('protocol/writer.js');
/** Taken from where the library takes it: its own function copies the bytes first. */
export const crc32c = await (async (): Promise<(bytes: Uint8Array) => number> => {
  try {
    const native = createRequire(root)('@node-rs/crc32') as { readonly crc32c: (bytes: Uint8Array) => number };
    return native.crc32c;
  } catch {
    // There is none for this system.
    return (await load<'crc32c'>('protocol/crc32c.js')).crc32c;
  }
})();
export const { compressionsAlgorithms } = await load<'compressionsAlgorithms'>('protocol/compression.js');
export const { ConfigResourceTypes } = await load<'ConfigResourceTypes'>('apis/enumerations.js');

export const apiVersionsV3 = await loadApi<'apiVersionsV3'>('metadata/api-versions-v3');
export const findCoordinatorV4 = await loadApi<'findCoordinatorV4'>('metadata/find-coordinator-v4');
export const metadataV9 = await loadApi<'metadataV9'>('metadata/metadata-v9');
export const metadataV12 = await loadApi<'metadataV12'>('metadata/metadata-v12');
export const createTopicsV7 = await loadApi<'createTopicsV7'>('admin/create-topics-v7');
export const describeConfigsV4 = await loadApi<'describeConfigsV4'>('admin/describe-configs-v4');
export const listOffsetsV7 = await loadApi<'listOffsetsV7'>('consumer/list-offsets-v7');
export const consumerGroupHeartbeatV1 = await loadApi<'consumerGroupHeartbeatV1'>(
  'consumer/consumer-group-heartbeat-v1',
);
export const heartbeatV4 = await loadApi<'heartbeatV4'>('consumer/heartbeat-v4');
export const joinGroupV7 = await loadApi<'joinGroupV7'>('consumer/join-group-v7');
export const leaveGroupV4 = await loadApi<'leaveGroupV4'>('consumer/leave-group-v4');
export const syncGroupV5 = await loadApi<'syncGroupV5'>('consumer/sync-group-v5');
export const offsetCommitV8 = await loadApi<'offsetCommitV8'>('consumer/offset-commit-v8');
export const offsetCommitV9 = await loadApi<'offsetCommitV9'>('consumer/offset-commit-v9');
export const offsetFetchV8 = await loadApi<'offsetFetchV8'>('consumer/offset-fetch-v8');
export const addPartitionsToTxnV3 = await loadApi<'addPartitionsToTxnV3'>('producer/add-partitions-to-txn-v3');
export const endTxnV3 = await loadApi<'endTxnV3'>('producer/end-txn-v3');
export const initProducerIdV4 = await loadApi<'initProducerIdV4'>('producer/init-producer-id-v4');
export const saslAuthenticateV2 = await loadApi<'saslAuthenticateV2'>('security/sasl-authenticate-v2');
export const saslHandshakeV1 = await loadApi<'saslHandshakeV1'>('security/sasl-handshake-v1');

/** The exchanges of a login, loaded once there is one: they bring most of the package along. */
export const loadLogins = async (): Promise<Pick<Library, 'saslOAuthBearer' | 'saslPlain' | 'saslScramSha'>> => {
  const [saslPlain, saslScramSha, saslOAuthBearer] = await Promise.all(
    ['plain', 'scram-sha', 'oauth-bearer'].map((name) => import(new URL(`protocol/sasl/${name}.js`, root).href)),
  );
  return { saslPlain, saslScramSha, saslOAuthBearer };
};
