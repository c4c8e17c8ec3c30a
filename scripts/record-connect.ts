/**
 * Records what a real Kafka Connect with Debezium's MySQL connector answers over its REST API, request by request: what the tests of
 * ours compare with.
 *
 *   node scripts/record-connect.ts        writes src/server/connect/testdata/connect-4.3.1.json
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { debeziumJars } from '../bench/peers/kafka-jars.ts';
import { launchKafka } from '../src/testing/servers/launch-kafka.ts';
import { freePort, launchServer } from '../src/testing/servers/launch-server.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';
import { startConnectWorker } from './connect-worker.ts';

interface Recorded {
  readonly request: string;
  readonly sent: unknown;
  readonly status: number;
  readonly location: string | null;
  readonly answer: unknown;
}

const main = async (): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-connect-'));
  await using server = await launchServer({ flavor: 'mysql' });
  await using kafka = await launchKafka();
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user });
  await connection.query('CREATE DATABASE shop');
  await connection.query('CREATE TABLE shop.customers (id INT PRIMARY KEY, name VARCHAR(20))');
  await connection.query("INSERT INTO shop.customers VALUES (1, 'Anne')");
  const port = await freePort();
  const stop = await startConnect(home, port, kafka.bootstrapServers);
  const url = `http://127.0.0.1:${port}`;
  const recorded: Recorded[] = [];

  const ask = async (request: string, sent?: unknown): Promise<Recorded> => {
    const [method, path] = request.split(' ') as [string, string];
    const response = await fetch(`${url}${path}`, {
      method,
      ...(sent === undefined ? {} : { body: JSON.stringify(sent), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const answer = text === '' ? null : masked(JSON.parse(text), port, server.port, kafka.bootstrapServers);
    const location = response.headers.get('location')?.replace(String(port), '8083') ?? null;
    return {
      request,
      sent: masked(sent ?? null, port, server.port, kafka.bootstrapServers),
      status: response.status,
      location,
      answer,
    };
  };
  const record = async (request: string, sent?: unknown): Promise<void> => {
    recorded.push(await ask(request, sent));
  };
  const taskIs = (state: string | null) =>
    until(`the task is ${state}`, async () => {
      const { tasks } = (await ask('GET /connectors/shop/status')).answer as { tasks: { state: string }[] };
      return (tasks[0]?.state ?? null) === state;
    });

  try {
    await until('Connect answers', async () => (await fetch(`${url}/connectors`)).ok);
    const config = {
      'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
      'tasks.max': '1',
      'database.hostname': '127.0.0.1',
      'database.port': String(server.port),
      'database.user': server.user,
      'database.password': server.password,
      'database.server.id': '5400',
      'database.include.list': 'shop',
      'topic.prefix': 'dbz',
      'schema.history.internal.kafka.bootstrap.servers': kafka.bootstrapServers,
      'schema.history.internal.kafka.topic': 'history',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.partitions': '1',
    };
    const { 'database.hostname': _, ...lacking } = config;
    await record('GET /');
    await record('GET /connectors');
    await record('GET /connector-plugins');
    await record('GET /connector-plugins?connectorsOnly=false');
    await record('GET /connector-plugins/MySqlConnector/config');
    await record('GET /connector-plugins/Nothing/config');
    await record('PUT /connector-plugins/MySqlConnector/config/validate', { name: 'shop', ...config });
    await record('PUT /connector-plugins/MySqlConnector/config/validate', { name: 'shop', ...lacking });
    await record('PUT /connector-plugins/MySqlConnector/config/validate', { 'connector.class': 'Other' });
    await record('PUT /connector-plugins/Nothing/config/validate', { 'connector.class': 'Nothing' });
    await record('POST /connectors', { name: 'shop', config: lacking });
    await record('POST /connectors', { name: 'shop', config: { 'connector.class': 'com.example.Nothing' } });
    await record('POST /connectors', { nome: 'shop' });
    await record('POST /connectors', { name: 'shop', config: { ...config, name: 'other' } });
    await record('POST /connectors', { name: 'shop', config });
    await taskIs('RUNNING');
    await record('POST /connectors', { name: 'shop', config });
    await record('GET /connectors');
    await record('GET /connectors?expand=status');
    await record('GET /connectors?expand=info');
    await record('GET /connectors?expand=status&expand=info');
    await record('GET /connectors/shop');
    await record('GET /connectors/nothing');
    await record('GET /connectors/shop/config');
    await record('GET /connectors/nothing/config');
    await record('GET /connectors/shop/status');
    await record('GET /connectors/nothing/status');
    await record('GET /connectors/shop/tasks');
    await record('GET /connectors/nothing/tasks');
    await record('GET /connectors/shop/tasks-config');
    await record('GET /connectors/shop/tasks/0/status');
    await record('GET /connectors/shop/tasks/9/status');
    await until('rows arrived', async () =>
      JSON.stringify((await ask('GET /connectors/shop/topics')).answer).includes('dbz.shop.customers'),
    );
    await record('GET /connectors/shop/topics');
    await record('GET /connectors/nothing/topics');
    await record('PUT /connectors/shop/topics/reset');
    await record('PATCH /connectors/shop/config', { 'max.batch.size': '512' });
    await record('PATCH /connectors/nothing/config', { 'max.batch.size': '512' });
    await taskIs('RUNNING');
    await record('PUT /connectors/shop/config', { ...config, name: 'shop' });
    await taskIs('RUNNING');
    await record('PUT /connectors/shop/pause');
    await taskIs('PAUSED');
    await record('GET /connectors/shop/status');
    await record('PUT /connectors/shop/resume');
    await taskIs('RUNNING');
    await record('PUT /connectors/nothing/pause');
    await record('POST /connectors/shop/restart');
    await taskIs('RUNNING');
    await record('POST /connectors/shop/restart?includeTasks=true');
    await sleep(5_000);
    await taskIs('RUNNING');
    await record('POST /connectors/shop/restart?includeTasks=true&onlyFailed=true');
    await record('POST /connectors/nothing/restart');
    await record('POST /connectors/nothing/restart?includeTasks=true');
    await record('POST /connectors/shop/tasks/0/restart');
    await sleep(5_000);
    await taskIs('RUNNING');
    await record('POST /connectors/shop/tasks/9/restart');
    await until('offsets are held', async () =>
      JSON.stringify((await ask('GET /connectors/shop/offsets')).answer).includes('"pos"'),
    );
    await record('GET /connectors/shop/offsets');
    await record('GET /connectors/nothing/offsets');
    const [held] = (
      (await ask('GET /connectors/shop/offsets')).answer as { offsets: { partition: unknown; offset: object }[] }
    ).offsets;
    await record('PATCH /connectors/shop/offsets', { offsets: [held] });
    await record('DELETE /connectors/shop/offsets');
    await record('PUT /connectors/shop/stop');
    await taskIs(null);
    await record('GET /connectors/shop/status');
    await record('GET /connectors/shop/tasks/0/status');
    await record('PATCH /connectors/shop/offsets', { offsets: [held] });
    await record('PATCH /connectors/shop/offsets', {
      offsets: [{ partition: { server: 'dbz' }, offset: { pos: 'x' } }],
    });
    await record('PATCH /connectors/shop/offsets', { offsets: [] });
    await record('PATCH /connectors/shop/offsets', {});
    await record('PATCH /connectors/nothing/offsets', { offsets: [held] });
    await record('DELETE /connectors/shop/offsets');
    await record('DELETE /connectors/nothing/offsets');
    await record('GET /connectors/shop/offsets');
    await record('DELETE /connectors/shop');
    await record('DELETE /connectors/shop');
    await record('PUT /connectors/second/config', { ...config, name: 'second', 'topic.prefix': 'second' });
    await record('DELETE /connectors/second');
    await record('POST /connectors', { name: 'held', initial_state: 'STOPPED', config: { ...config, name: 'held' } });
    await record('GET /admin/loggers');
    await record('GET /admin/loggers/root');
    await record('GET /admin/loggers/no.such.logger');
    await record('PUT /admin/loggers/root', { level: 'INFO' });
    await record('PUT /admin/loggers/root', { level: 'LOUD' });
    await record('GET /nothing');
    await record('PUT /connectors');
    const file = new URL('../src/server/connect/testdata/connect-4.3.1.json', import.meta.url);
    writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
    console.log(`${recorded.length} answers`);
  } catch (error) {
    console.error(readFileSync(join(home, 'connect.log'), 'utf8').slice(-3_000));
    throw error;
  } finally {
    await stop();
    await connection.end();
    rmSync(home, { recursive: true, force: true });
  }
};

/** Addresses as Connect's documentation has them, stack traces by their first line, and of Debezium's many settings a few. */
const masked = (value: unknown, port: number, mysqlPort: number, brokers: string): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) => {
      if (key === 'trace' && typeof each === 'string') return `${each.split('\n')[0]}\n`;
      if (key === 'configs' && Array.isArray(each)) return someOf(each as readonly ValidatedSetting[]);
      if (Array.isArray(each) && each.length > 30) return each.slice(0, 5);
      if (key === 'loggers') return null;
      return typeof each === 'string'
        ? each.replaceAll(brokers, 'kafka:9092').replaceAll(`:${port}`, ':8083').replaceAll(String(mysqlPort), '3306')
        : each;
    }),
  );

interface ValidatedSetting {
  readonly value?: { readonly name: string; readonly errors: readonly unknown[] };
}

const someOf = (settings: readonly ValidatedSetting[]): readonly ValidatedSetting[] =>
  settings.filter(
    ({ value }, index) =>
      index < 3 || (value?.errors.length ?? 0) > 0 || /^database\.(hostname|port|password)$/.test(value?.name ?? ''),
  );

/** Gives what ends it. */
const startConnect = async (home: string, port: number, brokers: string): Promise<() => Promise<void>> => {
  const plugins = join(home, 'plugins');
  mkdirSync(plugins);
  symlinkSync(await mavenJars(debeziumJars), join(plugins, 'debezium-connector-mysql'));
  const converter = 'org.apache.kafka.connect.json.JsonConverter';
  const settings = {
    'bootstrap.servers': brokers,
    'group.id': 'connect',
    'key.converter': converter,
    'value.converter': converter,
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'offset.flush.interval.ms': '1000',
    listeners: `http://127.0.0.1:${port}`,
    'plugin.path': plugins,
    'plugin.discovery': 'only_scan',
  };
  const file = join(home, 'worker.properties');
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(file, lines.join(''));
  return await startConnectWorker('Distributed', home, [file]);
};

const until = async (what: string, reached: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 120_000;
  while (!(await reached().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(500);
  }
};

await main();
