/** Our answers beside those of a real Kafka Connect with Debezium, recorded by scripts/record-connect.ts. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { planObject } from '../../cli/pipeline-plan.ts';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import type { LogFields } from '../../core/log.ts';
import { type ApiServer, openApiServer } from '../api-server.ts';
import { writeWhole } from '../desired-states.ts';
import { EventRing } from '../event-ring.ts';
import type { FleetFiles, OperatedPipeline } from '../fleet.ts';
import { LogRing } from '../log-ring.ts';
import { type Desired, type PipelineView, type StatusObject, silentStatus } from '../pipeline-view.ts';
import type { Question } from '../question.ts';
import { VerificationBoard } from '../verification-board.ts';

interface Recorded {
  readonly request: string;
  readonly sent: unknown;
  readonly status: number;
  readonly location: string | null;
  readonly answer: unknown;
}

const recorded = JSON.parse(
  readFileSync(new URL('testdata/connect-4.3.1.json', import.meta.url), 'utf8'),
) as readonly Recorded[];
const token = 'a-long-enough-token';

/** A pipeline that is whatever is asked of it. */
class ObedientPipeline implements OperatedPipeline {
  readonly logs = new LogRing();
  readonly verifications = new VerificationBoard();
  readonly asked: Question[] = [];
  desired: Desired;
  status: Partial<StatusObject> = {};
  restarts = 0;
  readonly name: string;
  readonly plan: unknown;
  readonly #file: string;

  constructor(name: string, file: string, plan: unknown, desired: Desired) {
    this.name = name;
    this.plan = plan;
    this.desired = desired;
    this.#file = file;
  }

  async view(): Promise<PipelineView> {
    const health = this.desired === 'running' ? 'running' : 'paused';
    const pid = this.desired === 'stopped' ? null : process.pid;
    return {
      ...silentStatus(this.name, health, '', null),
      tables: { 'shop.customers': { read: 1, create: 0, update: 0, delete: 0, truncate: 0, schema: 0 } },
      ...this.status,
      file: this.#file,
      desired: this.desired,
      process: { pid, startedAt: '2026-01-01T00:00:00Z', restarts: 0, lastEnd: null },
      verifications: [],
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: each question has its own answer.
  async ask(question: Question): Promise<any> {
    if (this.desired === 'stopped') {
      throw new MillraceError('API_PIPELINE_STATE', { pipeline: this.name, state: 'stopped', wanted: 'paused' });
    }
    this.asked.push(question);
    const log = { source: 'mysql', file: 'binlog.000001', offset: 875, gtids: 'e116920f:1-3' };
    return question.ask === 'offsets' ? { logs: [log], positions: {} } : { from: [log], to: [log] };
  }

  async want(desired: Desired): Promise<void> {
    this.desired = desired;
  }

  async restart(): Promise<void> {
    this.restarts += 1;
  }

  tail(): () => void {
    return () => {};
  }
}

/** Pipelines of files, as `serve` has them, but for the processes. */
class FileFleet implements FleetFiles {
  readonly stateFolder = mkdtempSync(join(tmpdir(), 'millrace-connect-'));
  readonly pipelines = new Map<string, ObedientPipeline>();

  async put(name: string, text: string, begin: Desired = 'running') {
    const loaded = await loadPipelineFile(name, {
      env: {},
      overrides: [],
      version: '0',
      connectors,
      readText: (path) => (path === name ? text : readFileSync(path, 'utf8')),
    });
    const [first] = loaded.diagnostics.filter(({ severity }) => severity === 'error');
    if (first !== undefined) throw first.error;
    const file = join(this.stateFolder, `${name}.yaml`);
    const present = this.pipelines.get(name);
    writeWhole(file, text);
    const desired = present?.desired ?? begin;
    this.pipelines.set(name, new ObedientPipeline(name, file, planObject(loaded.pipelines[0]!), desired));
    return { change: present === undefined ? ('added' as const) : ('changed' as const), diagnostics: [] };
  }

  async remove(name: string): Promise<void> {
    this.pipelines.delete(name);
  }
}

describe("Kafka Connect's API", () => {
  const files = new FileFleet();
  const audit: LogFields[] = [];
  const said: string[] = [];
  let server: ApiServer;
  let guarded: ApiServer;

  before(async () => {
    const say = (message: string, fields?: LogFields) => void said.push(message + JSON.stringify(fields));
    const log = {
      debug: say,
      warn: say,
      error: say,
      info: (message: string, fields?: LogFields) => {
        say(message, fields);
        audit.push(fields!);
      },
    };
    const fleet = { pipelines: files.pipelines, events: new EventRing(), files };
    const common = { fleet, tls: null, allowTail: false, log, version: '0.1.0' };
    server = await openApiServer({ ...common, listen: { host: '127.0.0.1', port: 0 }, token: null });
    guarded = await openApiServer({ ...common, listen: { host: '127.0.0.1', port: 0 }, token });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await guarded[Symbol.asyncDispose]();
    rmSync(files.stateFolder, { recursive: true });
  });

  interface Answered {
    readonly status: number;
    readonly location: string | null;
    // biome-ignore lint/suspicious/noExplicitAny: what the API answers is looked at field by field.
    readonly body: any;
  }
  const ask = async (request: string, sent: unknown = null, of = server, headers = {}): Promise<Answered> => {
    const [method, path] = request.split(' ') as [string, string];
    const body = sent === null ? {} : { body: JSON.stringify(sent) };
    const response = await fetch(`${of.url}${path}`, { method, headers, ...body });
    const text = await response.text();
    const location = response.headers.get('location');
    return { status: response.status, location, body: text === '' ? null : JSON.parse(text) };
  };

  /** What is refused where Connect fails inside, or takes what means nothing; and what has no counterpart. */
  const otherwise: Readonly<Record<string, number>> = {
    'PUT /connector-plugins/Nothing/config/validate {"connector.class":"Nothing"}': 404,
    'POST /connectors {"nome":"shop"}': 400,
    'PUT /connectors/shop/topics/reset null': 404,
    'PATCH /connectors/shop/offsets {"offsets":[{"partition":{"server":"dbz"},"offset":{"pos":"x"}}]}': 400,
    'GET /connectors/nothing/topics null': 404,
    'GET /admin/loggers/no.such.logger null': 404,
    'PUT /admin/loggers/root {"level":"INFO"}': 501,
    'PUT /admin/loggers/root {"level":"LOUD"}': 501,
  };

  test('answers what Connect answers, in its shapes and with its status codes', async () => {
    let differences = 0;
    for (const { request, sent, status, location, answer } of recorded) {
      // Not a path of Connect's, so it is answered as any other of ours.
      if (request === 'GET /nothing') continue;
      const what = `${request} ${JSON.stringify(sent)}`;
      const ours = await ask(request, sent);
      // Connect says that a host name is missing by failing inside.
      const wanted = otherwise[what] ?? (status === 500 && request === 'POST /connectors' ? 400 : status);
      if (wanted !== status) differences += 1;
      assert.equal(ours.status, wanted, `${what}: ${JSON.stringify(ours.body)}`);
      if (location !== null) assert.equal(ours.location, location.replace(/^http:\/\/[^/]+/, ''), what);
      if (wanted >= 400) {
        assert.deepEqual(Object.keys(ours.body), ['error_code', 'message'], what);
        assert.equal(ours.body.error_code, wanted);
        assert.notEqual(ours.body.error_code === 409, !/already/.test(ours.body.message), what);
      } else if (!request.startsWith('GET /admin')) sameShape(ours.body, answer, what);
    }
    assert.equal(differences, Object.keys(otherwise).length + 1, 'every difference that is named is there');
    assert.deepEqual((await ask('GET /connectors')).body, ['held']);
    assert.equal((await ask('DELETE /connectors/held')).status, 204);
  });

  const config = {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'database.hostname': 'db1',
    'database.user': 'cdc',
    'database.password': 'Geheim1',
    'table.include.list': 'shop.customers',
    'topic.prefix': 'dbz',
    'schema.history.internal.kafka.bootstrap.servers': 'kafka:9092',
  };

  test('a posted connector runs as the pipeline that convert makes of it, and its password is shown to nobody', async () => {
    const created = await ask('POST /connectors', { name: 'orders', config: { ...config, 'database.port': 3307 } });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const pipeline = files.pipelines.get('orders')!;
    const { file } = await pipeline.view();
    const text = readFileSync(file!, 'utf8');
    assert.match(text, /hostname: db1\n(.*\n)* {2}port: 3307\n/);
    assert.match(text, /password: \$\{file:.*\/connect\/orders\/[0-9a-f]{16}\/MYSQL_PASSWORD\}/);
    const { body: plan } = await ask('GET /api/v1/pipelines/orders/plan');
    assert.deepEqual(plan.sources[0].settings.tables, ['shop.customers']);
    for (const path of [
      '/connectors/orders',
      '/connectors/orders/config',
      '/connectors/orders/tasks',
      '/connectors?expand=info',
    ]) {
      const { body } = await ask(`GET ${path}`);
      assert.match(JSON.stringify(body), /"database.password":"\*\*\*"/, path);
      assert.doesNotMatch(JSON.stringify(body), /Geheim/, path);
    }
    assert.doesNotMatch(JSON.stringify([created.body, text, said]), /Geheim/);
    const folder = join(files.stateFolder, 'connect', 'orders');
    assert.equal(statSync(join(folder, 'config.json')).mode & 0o077, 0, 'nobody else may read it');
    const [secrets] = readdirSync(folder).filter((name) => name !== 'config.json');
    assert.equal(statSync(join(folder, secrets!, 'MYSQL_PASSWORD')).mode & 0o077, 0);
    assert.equal(readFileSync(join(folder, secrets!, 'MYSQL_PASSWORD'), 'utf8'), 'Geheim1');
  });

  test('settings that were read and are put back keep the password, and a new one takes the place of the old', async () => {
    const { body: shown } = await ask('GET /connectors/orders/config');
    const put = await ask('PUT /connectors/orders/config', { ...shown, 'table.include.list': 'shop.orders' });
    assert.equal(put.status, 200, JSON.stringify(put.body));
    const secretOf = async () => {
      const { file } = await files.pipelines.get('orders')!.view();
      const path = /\$\{file:([^}]*)\}/.exec(readFileSync(file!, 'utf8'))![1]!;
      return readFileSync(path, 'utf8');
    };
    assert.equal(await secretOf(), 'Geheim1');
    await ask('PATCH /connectors/orders/config', { 'database.password': 'Geheim2', 'database.port': null });
    assert.equal(await secretOf(), 'Geheim2');
    const folders = readdirSync(join(files.stateFolder, 'connect', 'orders'));
    assert.equal(folders.length, 2, 'the old password is gone');
    assert.equal((await ask('GET /connectors/orders/config')).body['database.port'], undefined);
    const lost = await ask('PUT /connectors/other/config', { ...config, 'database.password': '***' });
    assert.equal(lost.status, 400);
    assert.match(lost.body.message, /database.password is \*\*\*/);
  });

  test('what would change the rows unseen is refused until somebody says so, and everything else that differs is logged', async () => {
    const filtered = { ...config, transforms: 'drop', 'transforms.drop.type': 'io.debezium.transforms.Filter' };
    const refused = await ask('POST /connectors', { name: 'filtered', config: filtered });
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /transforms.drop \(Filter\) would be left out: .*CONVERT_INPUT/);
    assert.ok(!files.pipelines.has('filtered'));
    assert.ok(!existsSync(join(files.stateFolder, 'connect', 'filtered')), 'no password stays behind');
    const accepted = { ...filtered, 'max.batch.size': '10', 'millrace.accept.differences': 'true' };
    assert.equal((await ask('POST /connectors', { name: 'filtered', config: accepted })).status, 201);
    const line = audit.findLast(({ action }) => action === 'POST /connectors');
    assert.match(String(line?.['to']), /^added; .*transforms.drop \(Filter\) left out/);
    assert.match(String(line?.['to']), /max.batch.size left out/);
    for (const reference of ['file:/opt/secrets.properties:password', 'secrets:kafka/db:password']) {
      const provider = `\${${reference}}`;
      const answer = await ask('POST /connectors', {
        name: 'vault',
        config: { ...config, 'database.password': provider },
      });
      assert.equal(answer.status, 400);
      assert.match(answer.body.message, /database.password must be given as it is/);
    }
    await ask('DELETE /connectors/filtered');
    assert.ok(!existsSync(join(files.stateFolder, 'connect', 'filtered')), 'nothing of it stays');
  });

  test('a stopped connector takes a Debezium offset by GTID or by file, and stays stopped', async () => {
    const pipeline = files.pipelines.get('orders')!;
    await ask('PUT /connectors/orders/stop');
    const at = async (offset: unknown) => {
      const body = { offsets: [{ partition: { server: 'dbz' }, offset }] };
      const answer = await ask('PATCH /connectors/orders/offsets', body);
      return answer.status === 200 ? pipeline.asked.at(-1) : answer.body.message;
    };
    assert.deepEqual(await at({ ts_sec: 1, file: 'b.3', pos: 157, gtids: 'a:1-3', event: 2, row: 1 }), {
      ask: 'offsets-set',
      place: { at: 'gtid', gtids: 'a:1-3' },
    });
    assert.deepEqual(await at({ file: 'b.3', pos: 157 }), {
      ask: 'offsets-set',
      place: { at: 'file', file: 'b.3', offset: 157 },
    });
    assert.deepEqual(await at(null), { ask: 'offsets-set', place: { at: 'configured' } });
    assert.match(await at({ file: 'b.3', pos: -1 }), /API_BAD_JSON/);
    assert.equal(pipeline.desired, 'stopped');
    assert.deepEqual((await ask('GET /connectors/orders/offsets')).body.offsets[0].partition, { server: 'dbz' });
    assert.equal(pipeline.desired, 'stopped');
    assert.equal((await ask('POST /connectors/orders/restart')).status, 204);
    assert.equal(pipeline.restarts, 0, 'a restart does not begin what was stopped');
    await ask('PUT /connectors/orders/resume');
  });

  test('what failed or stands still is a FAILED task with its reason, and onlyFailed restarts just that', async () => {
    const pipeline = files.pipelines.get('orders')!;
    await ask('POST /connectors/orders/restart?onlyFailed=true');
    assert.equal(pipeline.restarts, 0);
    for (const health of ['failed', 'stalled'] as const) {
      pipeline.status = { health, reason: 'the binlog is gone', code: 'MYSQL_BINLOG_PURGED' };
      const { body } = await ask('GET /connectors/orders/status');
      assert.deepEqual([body.connector.state, body.tasks[0].state], ['RUNNING', 'FAILED']);
      assert.equal(body.tasks[0].trace, 'MYSQL_BINLOG_PURGED: the binlog is gone');
    }
    const { status, body } = await ask('POST /connectors/orders/restart?includeTasks=true&onlyFailed=true');
    assert.deepEqual([status, body.tasks[0].state, pipeline.restarts], [202, 'RESTARTING', 1]);
    pipeline.status = {};
  });

  test('a pipeline that a file describes is shown by its paths there, and is not changed from here', async () => {
    await files.put(
      'plain',
      'source: {type: mysql, hostname: h, username: u, password: Geheim3, tables: a.b}\nsink: {type: blackhole}\n',
    );
    const { body } = await ask('GET /connectors/plain/config');
    assert.equal(body['connector.class'], 'millrace');
    assert.equal(body['source.hostname'], 'h');
    assert.equal(body['source.password'], '***');
    assert.equal(body['sink.type'], 'blackhole');
    for (const each of Object.values(body)) assert.equal(typeof each, 'string');
    const refused = await ask('PATCH /connectors/plain/config', { 'source.hostname': 'other' });
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /a pipeline file describes it/);
  });

  test('validation tells of each setting what becomes of it, and its errors beside it', async () => {
    const path = 'PUT /connector-plugins/MySqlConnector/config/validate';
    const { body } = await ask(path, { ...config, 'database.port': 'many', 'max.batch.size': '10' });
    assert.equal(body.error_count, 1);
    const settings = new Map(
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      body.configs.map(({ definition, value }: any) => [
        value.name,
        { ...value, documentation: definition.documentation },
      ]),
      // biome-ignore lint/suspicious/noExplicitAny: as above.
    ) as Map<string, any>;
    assert.match(settings.get('database.port').errors[0], /port/);
    assert.equal(settings.get('database.password').value, '***');
    assert.match(settings.get('max.batch.size').documentation, /^Left out: /);
    assert.equal(settings.get('database.hostname').documentation, 'Taken over.');
  });

  test('a JDBC sink becomes a pipeline from Kafka, whose topics are read by the group of the connector', async () => {
    const sink = {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
      topics: 'shop.payments',
      'connection.url': 'jdbc:mysql://db2/copy',
      'connection.user': 'writer',
      'connection.password': 'Geheim4',
      'insert.mode': 'upsert',
      'pk.mode': 'record_key',
    };
    const { status, body } = await ask('POST /connectors', { name: 'payments', config: sink });
    assert.deepEqual([status, body.type], [201, 'sink'], JSON.stringify(body));
    const { body: plan } = await ask('GET /api/v1/pipelines/payments/plan');
    assert.equal(plan.sources[0].settings['properties.group.id'], 'connect-payments');
    assert.equal(plan.sinks[0].settings['insert.mode'], 'upsert');
    assert.ok((await ask('GET /connector-plugins/io.aiven.connect.jdbc.JdbcSinkConnector/config')).body.length > 5);
  });

  test('the token counts here too, as a bearer or as the password that these clients can send', async () => {
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`kcctl:${password}`).toString('base64')}`,
    });
    assert.equal((await ask('GET /connectors', null, guarded, basic(token))).status, 200);
    assert.equal((await ask('GET /connectors', null, guarded, { authorization: `Bearer ${token}` })).status, 200);
    for (const headers of [{}, basic('wrong-token'), { authorization: 'Basic !' }]) {
      const { status, body } = await ask('GET /connectors', null, guarded, headers);
      assert.deepEqual([status, body.error_code], [401, 401]);
    }
    const elsewhere = await ask('GET /api/v1/pipelines', null, guarded, basic(token));
    assert.equal(elsewhere.body.error.code, 'API_TOKEN_MISSING');
    const foreign = await ask('POST /connectors/orders/restart', null, server, { origin: 'http://evil.example' });
    assert.deepEqual([foreign.status, foreign.body.error_code], [403, 403]);
  });
});

/** Every field that Connect gives is there with the same type, and no other. What settings are called is the connector's. */
const sameShape = (ours: unknown, theirs: unknown, at: string): void => {
  if (theirs === null) {
    assert.equal(ours, null, at);
    return;
  }
  if (Array.isArray(theirs)) {
    assert.ok(Array.isArray(ours), at);
    if (theirs.length === 0 || ours.length === 0) return;
    for (const each of ours) sameShape(each, theirs[0], `${at}[]`);
    return;
  }
  if (typeof theirs !== 'object') {
    // There is no Kafka that could be named.
    if (!at.endsWith('.kafka_cluster_id')) assert.equal(typeof ours, typeof theirs, at);
    return;
  }
  const isFree = /\.(config|offset)$/.test(at) || /^GET \/connectors\/\w+\/config /.test(at);
  const [own, wanted] = [ours as Record<string, unknown>, theirs as Record<string, unknown>];
  if (isFree) {
    for (const value of Object.values(own)) assert.ok(/offset$/.test(at) || typeof value === 'string', at);
    return;
  }
  assert.deepEqual(Object.keys(own).toSorted(), Object.keys(wanted).toSorted(), at);
  for (const key of Object.keys(wanted)) sameShape(own[key], wanted[key], `${at}.${key}`);
};
