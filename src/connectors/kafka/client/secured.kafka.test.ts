import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  AclOperations,
  AclPermissionTypes,
  alterUserScramCredentialsV0,
  createAclsV3,
  ResourcePatternTypes,
  ResourceTypes,
  ScramMechanisms,
} from '@platformatic/kafka';
import { z } from 'zod';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { batchOf, kafkaProducer, kafkaSettings, valuesIn } from '../../../testing/kafka-exactly-once.ts';
import { type LaunchedKafka, launchKafka } from '../../../testing/servers/launch-kafka.ts';
import { freePort } from '../../../testing/servers/launch-server.ts';
import { clientSettings } from '../connection.ts';
import { connectionShape } from '../connection-config.ts';
import { fetchGroupOffsets } from '../source/group-offsets.ts';
import type { ClientSettings } from './client-settings.ts';
import { Cluster } from './cluster.ts';

/** A broker with a listener for each way in, certificates of its own, and rights by user. Whoever comes in plainly may do anything. */
interface Rig {
  readonly kafka: LaunchedKafka;
  readonly admin: Cluster;
  readonly folder: string;
  readonly ports: { readonly login: number; readonly tls: number; readonly both: number };
}

let rig: Rig;

const password = 'geheim;"=\\';
const quoted = password.replaceAll(/["\\]/g, '\\$&');
const place = { topic: 'rights', partition: 0 };

/** A certificate that vouches for itself, with its key before it. */
const certificate = (folder: string, name: string): string => {
  const [key, cert, both] = ['key', 'crt', 'pem'].map((end) => join(folder, `${name}.${end}`)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', [...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  return both;
};

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secured-'));
  const broker = certificate(folder, 'broker');
  certificate(folder, 'ann');
  certificate(folder, 'stranger');
  const ports = { login: await freePort(), tls: await freePort(), both: await freePort() };
  const module = 'org.apache.kafka.common.security';
  const logins = (listener: string): Readonly<Record<string, string>> => ({
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`listener.name.${listener}.plain.sasl.jaas.config`]: `${module}.plain.PlainLoginModule required user_ann="${quoted.replaceAll('\\', '\\\\')}";`,
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
    [`listener.name.${listener}.oauthbearer.sasl.jaas.config`]: `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  });
  const kafka = await launchKafka({
    heapMiB: 256,
    listeners: [
      { name: 'LOGIN', protocol: 'SASL_PLAINTEXT', port: ports.login },
      { name: 'TLS', protocol: 'SSL', port: ports.tls },
      { name: 'BOTH', protocol: 'SASL_SSL', port: ports.both },
    ],
    properties: {
      ...logins('login'),
      ...logins('both'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': broker,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': join(folder, 'ann.crt'),
      'listener.name.tls.ssl.client.auth': 'required',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  });
  const admin = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  rig = { kafka, admin, folder, ports };
  await admin.createTopics([{ name: place.topic, partitions: 1, replicationFactor: 1, configs: {} }]);
  const connection = await admin.any();
  const salted = ([mechanism, digest, length]: readonly [number, string, number]) => {
    const salt = randomBytes(16);
    const saltedPassword = pbkdf2Sync(password, salt, 4_096, length, digest);
    return { name: 'ann', mechanism, iterations: 4_096, salt, saltedPassword };
  };
  const scrams = [
    [ScramMechanisms.SCRAM_SHA_256, 'sha256', 32],
    [ScramMechanisms.SCRAM_SHA_512, 'sha512', 64],
  ] as const;
  // A user may be altered once in a request.
  for (const scram of scrams) {
    const { results } = await connection.request(alterUserScramCredentialsV0.api, [], [salted(scram)]);
    assert.equal(results[0]!.errorMessage, null);
  }
  await connection.request(createAclsV3.api, [
    allowed('User:ann', ResourceTypes.TOPIC, place.topic, AclOperations.READ),
    // Enough to begin as a producer.
    allowed('User:ann', ResourceTypes.TOPIC, 'another', AclOperations.WRITE),
    allowed('User:CN=ann', ResourceTypes.TOPIC, place.topic, AclOperations.WRITE),
    allowed('User:CN=ann', ResourceTypes.GROUP, 'ours', AclOperations.READ),
  ]);
});

after(async () => {
  if (rig === undefined) return;
  rig.admin[Symbol.dispose]();
  await rig.kafka[Symbol.asyncDispose]();
  rmSync(rig.folder, { recursive: true });
});

const allowed = (principal: string, resourceType: number, resourceName: string, operation: number) => ({
  resourceType: resourceType as 2,
  resourceName,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal,
  host: '*',
  operation: operation as 3,
  permissionType: AclPermissionTypes.ALLOW,
});

/** What a pipeline file's settings come to. */
const settingsOf = (port: number, properties: Readonly<Record<string, string>>): ClientSettings => {
  const given = Object.entries(properties).map(([name, value]) => [`properties.${name}`, value]);
  const config = z
    .strictObject(connectionShape)
    .parse({ 'properties.bootstrap.servers': `127.0.0.1:${port}`, ...Object.fromEntries(given) });
  return clientSettings(config, 'secured');
};

const login = (mechanism: string, as = quoted): Readonly<Record<string, string>> => ({
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanism': mechanism,
  'sasl.jaas.config': `x.LoginModule required username="ann" password="${as}";`,
});

const tls = (client: string | null): Readonly<Record<string, string>> => ({
  'security.protocol': 'SSL',
  'ssl.truststore.location': join(rig.folder, 'broker.crt'),
  ...(client === null ? {} : { 'ssl.keystore.location': join(rig.folder, `${client}.pem`) }),
});

const partitionsSeen = async (settings: ClientSettings): Promise<number> => {
  using cluster = new Cluster(settings, systemClock);
  return (await cluster.partitionCounts([place.topic])).get(place.topic)!;
};

const refusedWith =
  (code: string, ...words: readonly RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(isMillraceError(error), String(error));
    assert.equal(error.code, code, error.message);
    for (const word of words) assert.match(`${error.message} ${error.hint}`, word);
    assert.ok(!error.message.includes(password), 'no secret in an error');
    return true;
  };

describe('a real broker lets in', () => {
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    test(`whoever logs in by ${mechanism}, and nobody with another password`, async () => {
      assert.equal(await partitionsSeen(settingsOf(rig.ports.login, login(mechanism))), 1);
      await assert.rejects(
        partitionsSeen(settingsOf(rig.ports.login, login(mechanism, 'wrong'))),
        refusedWith('KAFKA_AUTHENTICATION_FAILED', new RegExp(mechanism)),
      );
    });
  }

  test('whoever brings a token', async () => {
    const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
    const seconds = Date.now() / 1000;
    const token = async (): Promise<string> =>
      `${part({ alg: 'none' })}.${part({ sub: 'ann', iat: seconds, exp: seconds + 60 })}.`;
    const sasl = { mechanism: 'OAUTHBEARER', token } as const;
    assert.equal(await partitionsSeen({ ...kafkaSettings(`127.0.0.1:${rig.ports.login}`), sasl }), 1);
    const expired = {
      mechanism: 'OAUTHBEARER',
      token: async () => `${part({ alg: 'none' })}.${part({ sub: 'ann', iat: 1, exp: 2 })}.`,
    } as const;
    await assert.rejects(
      partitionsSeen({ ...kafkaSettings(`127.0.0.1:${rig.ports.login}`), sasl: expired }),
      refusedWith('KAFKA_AUTHENTICATION_FAILED', /OAUTHBEARER/),
    );
  });

  test('a login within TLS, whose certificate is checked', async () => {
    const within = { ...login('SCRAM-SHA-512'), ...tls(null), 'security.protocol': 'SASL_SSL' };
    assert.equal(await partitionsSeen(settingsOf(rig.ports.both, within)), 1);
    const strange = { ...within, 'ssl.truststore.location': join(rig.folder, 'stranger.crt') };
    await assert.rejects(partitionsSeen(settingsOf(rig.ports.both, strange)), refusedWith('KAFKA_UNREACHABLE'));
  });

  test('a certificate that it knows, and none that it does not', async () => {
    assert.equal(await partitionsSeen(settingsOf(rig.ports.tls, tls('ann'))), 1);
    for (const client of [null, 'stranger'])
      await assert.rejects(
        partitionsSeen(settingsOf(rig.ports.tls, tls(client))),
        refusedWith('KAFKA_AUTHENTICATION_FAILED', /by certificate/),
      );
  });
});

describe('a real broker refuses what there are no rights for', () => {
  test('to write to a topic', async () => {
    using certified = new Cluster(settingsOf(rig.ports.tls, tls('ann')), systemClock);
    await (await kafkaProducer(certified, null)).send(place, await batchOf(['by certificate']));
    using cluster = new Cluster(settingsOf(rig.ports.login, login('PLAIN')), systemClock);
    const producer = await kafkaProducer(cluster, null);
    await assert.rejects(
      async () => await producer.send(place, await batchOf(['refused'])),
      refusedWith('KAFKA_NOT_AUTHORIZED', /write to the topic rights/, /kafka-acls/),
    );
    assert.deepEqual(await valuesIn(rig.admin, place.topic), ['by certificate']);
  });

  test('to use a transactional id', async () => {
    using cluster = new Cluster(settingsOf(rig.ports.login, login('PLAIN')), systemClock);
    await assert.rejects(kafkaProducer(cluster, 'millrace-a'), refusedWith('KAFKA_NOT_AUTHORIZED', /millrace-a/));
  });

  test('to read a group', async () => {
    using certified = new Cluster(settingsOf(rig.ports.tls, tls('ann')), systemClock);
    assert.equal((await fetchGroupOffsets(certified, 'ours', [place])).size, 0);
    await assert.rejects(
      fetchGroupOffsets(certified, 'theirs', [place]),
      refusedWith('KAFKA_NOT_AUTHORIZED', /use the group theirs/, /Read on the group/),
    );
  });
});
