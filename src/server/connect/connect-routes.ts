import { z } from 'zod';
import { MillraceError } from '../../core/errors.ts';
import type { OperatedPipeline } from '../fleet.ts';
import { type Answer, type Call, ok, pipelineOf, type Route } from '../route.ts';
import { connectorConfig, postedConfig, shownConfig } from './connector-config.ts';
import { connectorOffsets, offsetsBody, placeOf, setConnectorOffsets } from './connector-offsets.ts';
import { connectorStatus, connectorType, type Worker } from './connector-status.ts';
import { connectorTopics } from './connector-topics.ts';
import { isPlugin, pluginOf, pluginSettings, plugins, validation } from './plugins.ts';
import { type ConnectorConfig, PostedConnectors } from './posted-connectors.ts';
import { takeConnector } from './take-connector.ts';

/** The version of Kafka Connect whose API this is: its clients ask for it before they use what came late. */
const connectVersion = '4.3.1';

/** Values are texts to Connect, whatever JSON has them as; null takes one away, where that is asked for. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const configBody = z.record(z.string().max(500), scalar);
const patchBody = z.record(z.string().max(500), z.union([scalar, z.null()]));
const createBody = z.strictObject({
  name: z.string().min(1).max(100),
  config: configBody,
  initial_state: z.enum(['RUNNING', 'PAUSED', 'STOPPED']).optional(),
});
const loggerBody = z.looseObject({ level: z.string().max(20) });

const workerOf = ({ request, version }: Call): Worker => ({
  id: request.headers.host ?? 'millrace',
  version,
});

const empty = (status: number): Answer => ({ kind: 'empty', status });

const infoOf = async (call: Call, pipeline: OperatedPipeline): Promise<unknown> =>
  infoObject(pipeline, await connectorConfig(call.fleet, pipeline), (await pipeline.view()).desired === 'stopped');

const infoObject = (pipeline: OperatedPipeline, config: ConnectorConfig, isStopped: boolean) => ({
  name: pipeline.name,
  config,
  tasks: isStopped ? [] : [{ connector: pipeline.name, task: 0 }],
  type: connectorType(pipeline),
});

/** Makes a connector of settings, and answers as Connect does. */
const put = async (
  call: Call,
  name: string,
  config: ConnectorConfig,
  begin: 'running' | 'paused' | 'stopped' = 'running',
): Promise<Answer> => {
  const { fleet } = call;
  if (config['name'] !== undefined && config['name'] !== name) {
    throw new MillraceError('API_BAD_JSON', { reason: `the settings name another connector than ${name}` });
  }
  const present = fleet.pipelines.get(name);
  const before = present === undefined ? null : await postedConfig(fleet, present);
  const taken = await takeConnector(fleet, name, config, before, begin);
  const differs = taken.findings.map(
    ({ kind, key, reason }) => `${key} ${kind === 'left' ? 'left out' : 'differs'}: ${reason}`,
  );
  call.changed(present === undefined ? 'none' : 'connector', [taken.change, ...differs].join('; '));
  const pipeline = fleet.pipelines.get(name)!;
  const info = infoObject(pipeline, shownConfig(taken.config), begin === 'stopped');
  if (present !== undefined) return ok(info);
  return { kind: 'json', status: 201, body: info, location: `/connectors/${encodeURIComponent(name)}` };
};

/** The only task of a connector. Throws API_NOT_FOUND for another, and for a stopped connector's. */
const taskOf = async (call: Call) => {
  const status = await connectorStatus(pipelineOf(call), workerOf(call));
  const task = status.tasks.find(({ id }) => String(id) === call.words['task']);
  if (task !== undefined) return task;
  throw new MillraceError('API_NOT_FOUND', { path: `task ${status.name}-${call.words['task']}`.slice(0, 200) });
};

const restart = async (call: Call, pipeline: OperatedPipeline): Promise<void> => {
  const { health, desired } = await pipeline.view();
  // What was stopped on request stays so; there is nothing to begin again.
  if (desired === 'stopped') return;
  await pipeline.restart();
  call.changed(health, 'restarted');
};

const wish =
  (desired: 'paused' | 'running' | 'stopped', status: number) =>
  async (call: Call): Promise<Answer> => {
    const pipeline = pipelineOf(call);
    const before = await pipeline.view();
    await pipeline.want(desired);
    call.changed(before.desired, desired);
    return empty(status);
  };

/** What Debezium calls the server in a partition of its offsets. */
const serverOf = async (call: Call, pipeline: OperatedPipeline): Promise<string> =>
  (await postedConfig(call.fleet, pipeline))?.['topic.prefix'] ?? pipeline.name;

const one = '/connectors/{name}';
const shows = 'connector as Kafka Connect shows it';

/** Kafka Connect's REST API over the same pipelines, for its clients: kcctl, Kafka consoles, deployment scripts. */
export const connectRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    summary: "Which version of Kafka Connect's API this is; `commit` tells millrace's.",
    mutates: false,
    answers: '200 `{"version", "commit", "kafka_cluster_id"}`; the last is null, since no Kafka is needed',
    handle: async ({ version }) =>
      ok({ version: connectVersion, commit: `millrace-${version}`, kafka_cluster_id: null }),
  },
  {
    method: 'GET',
    path: '/connectors',
    summary: 'Pipelines as connectors: their names, or with `expand` what is known of each.',
    mutates: false,
    query: { expand: '`status`, `info`; may be repeated.' },
    answers: '200 `["name"…]`, or by name `{"status", "info"}`',
    handle: async (call) => {
      const pipelines = [...call.fleet.pipelines.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const expand = call.query.getAll('expand').flatMap((words) => words.split(','));
      if (expand.length === 0) return ok(pipelines.map(({ name }) => name));
      const each = pipelines.map(async (pipeline) => [
        pipeline.name,
        {
          ...(expand.includes('status') ? { status: await connectorStatus(pipeline, workerOf(call)) } : {}),
          ...(expand.includes('info') ? { info: await infoOf(call, pipeline) } : {}),
        },
      ]);
      return ok(Object.fromEntries(await Promise.all(each)));
    },
  },
  {
    method: 'POST',
    path: '/connectors',
    summary: "Makes a pipeline of a connector's settings, as `millrace convert debezium` does, and runs it.",
    mutates: true,
    body: createBody,
    answers: `201 ${shows}; 400 with what cannot be taken over; 409 when the name is taken`,
    handle: async (call) => {
      const { name, config, initial_state: state = 'RUNNING' } = call.body as z.output<typeof createBody>;
      const present = call.fleet.pipelines.get(name);
      if (present !== undefined) {
        const { file } = await present.view();
        throw new MillraceError('API_NAME_TAKEN', { pipeline: name, file: file ?? 'this process' });
      }
      const begin = ({ RUNNING: 'running', PAUSED: 'paused', STOPPED: 'stopped' } as const)[state];
      return await put(call, name, config, begin);
    },
  },
  {
    method: 'GET',
    path: one,
    summary: 'A pipeline as a connector: its settings, secrets as `***`.',
    mutates: false,
    answers: `200 ${shows}`,
    handle: async (call) => ok(await infoOf(call, pipelineOf(call))),
  },
  {
    method: 'DELETE',
    path: one,
    summary: 'Ends a pipeline gracefully and removes its file. What its sinks hold stays.',
    mutates: true,
    answers: '204',
    handle: async (call) => {
      const { files } = call.fleet;
      const { name } = pipelineOf(call);
      if (files === null) throw new MillraceError('API_NOT_SUPPORTED', { what: 'removing pipelines' });
      await files.remove(name);
      new PostedConnectors(files.stateFolder).forget(name);
      call.changed('connector', 'none');
      return empty(204);
    },
  },
  {
    method: 'GET',
    path: `${one}/config`,
    summary: 'The settings as they were posted; of a pipeline that a file describes, every setting by its path there.',
    mutates: false,
    answers: '200 `{"key": "value"…}`',
    handle: async (call) => ok(await connectorConfig(call.fleet, pipelineOf(call))),
  },
  {
    method: 'PUT',
    path: `${one}/config`,
    summary: 'Changes all settings of a connector, or makes one. A secret that is `***` stays as it is.',
    mutates: true,
    body: configBody,
    answers: `200 or 201 ${shows}`,
    handle: async (call) => await put(call, call.name, call.body as ConnectorConfig),
  },
  {
    method: 'PATCH',
    path: `${one}/config`,
    summary: 'Changes some settings of a connector; null takes one away.',
    mutates: true,
    body: patchBody,
    answers: `200 ${shows}`,
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      const before = (await postedConfig(call.fleet, pipeline)) ?? (await connectorConfig(call.fleet, pipeline));
      const merged = { ...before, ...(call.body as z.output<typeof patchBody>) };
      const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
      return await put(call, pipeline.name, Object.fromEntries(kept));
    },
  },
  {
    method: 'GET',
    path: `${one}/status`,
    summary: 'Health as the state of one task; `failed` and `stalled` are FAILED, with the reason as its trace.',
    mutates: false,
    answers: '200 `{"name", "connector", "tasks", "type"}`',
    handle: async (call) => ok(await connectorStatus(pipelineOf(call), workerOf(call))),
  },
  {
    method: 'PUT',
    path: `${one}/pause`,
    summary: 'Writes what was read, closes both ends, and holds, over restarts too.',
    mutates: true,
    answers: '202',
    handle: wish('paused', 202),
  },
  {
    method: 'PUT',
    path: `${one}/resume`,
    summary: 'Goes on after a pause or stop, where the sinks are.',
    mutates: true,
    answers: '202',
    handle: wish('running', 202),
  },
  {
    method: 'PUT',
    path: `${one}/stop`,
    summary: 'Writes what was read and ends the process, over restarts too.',
    mutates: true,
    answers: '204',
    handle: wish('stopped', 204),
  },
  {
    method: 'POST',
    path: `${one}/restart`,
    summary: 'Ends gracefully and begins again where the sinks are; after a failure too.',
    mutates: true,
    query: {
      includeTasks:
        '`true`: answer with the status. Connector and task are one process, so both begin again either way.',
      onlyFailed: '`true`: only when the task is FAILED.',
    },
    answers: '204, or 202 status',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      const [includeTasks, onlyFailed] = ['includeTasks', 'onlyFailed'].map((key) => call.query.get(key) === 'true');
      const before = await connectorStatus(pipeline, workerOf(call));
      const isDue = !onlyFailed || before.tasks.some(({ state }) => state === 'FAILED');
      if (isDue) await restart(call, pipeline);
      if (!includeTasks && !onlyFailed) return empty(204);
      const tasks = before.tasks.map(({ trace: _, ...task }) => ({ ...task, state: 'RESTARTING' }));
      return ok(isDue ? { ...before, tasks } : before, 202);
    },
  },
  {
    method: 'GET',
    path: `${one}/tasks`,
    summary: 'The one task of a connector that is not stopped.',
    mutates: false,
    answers: '200 `[{"id", "config"}]`',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      if ((await pipeline.view()).desired === 'stopped') return ok([]);
      return ok([{ id: { connector: pipeline.name, task: 0 }, config: await connectorConfig(call.fleet, pipeline) }]);
    },
  },
  {
    method: 'GET',
    path: `${one}/tasks/{task}/status`,
    summary: 'The state of the task.',
    mutates: false,
    answers: '200 `{"id", "state", "worker_id", "version"}`',
    handle: async (call) => ok(await taskOf(call)),
  },
  {
    method: 'POST',
    path: `${one}/tasks/{task}/restart`,
    summary: 'As restart of the connector.',
    mutates: true,
    answers: '204',
    handle: async (call) => {
      await taskOf(call);
      await restart(call, pipelineOf(call));
      return empty(204);
    },
  },
  {
    method: 'GET',
    path: `${one}/topics`,
    summary: 'The topics it has written to or reads, since its process began.',
    mutates: false,
    answers: '200 `{"name": {"topics"}}`',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      return ok({ [pipeline.name]: { topics: await connectorTopics(pipeline) } });
    },
  },
  {
    method: 'GET',
    path: `${one}/offsets`,
    summary: "What the sinks hold, as Debezium's offsets; for topics as a consumer group's.",
    mutates: false,
    answers: '200 `{"offsets": [{"partition", "offset"}]}`',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      return ok({ offsets: await connectorOffsets(pipeline, await serverOf(call, pipeline)) });
    },
  },
  {
    method: 'PATCH',
    path: `${one}/offsets`,
    summary: "Makes a stopped connector go on where a Debezium's offset says. Rows in the sinks stay.",
    mutates: true,
    body: offsetsBody,
    answers: '200 `{"message"}`',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      const place = placeOf(call.body as z.output<typeof offsetsBody>);
      const change = await setConnectorOffsets(pipeline, place);
      call.changed(JSON.stringify(change.from), JSON.stringify(change.to));
      return ok({ message: 'The offsets for this connector have been altered successfully: its sinks hold them.' });
    },
  },
  {
    method: 'DELETE',
    path: `${one}/offsets`,
    summary: 'Makes a stopped connector begin as its settings say, snapshots included. Rows in the sinks stay.',
    mutates: true,
    answers: '200 `{"message"}`',
    handle: async (call) => {
      const change = await setConnectorOffsets(pipelineOf(call), { at: 'configured' });
      call.changed(JSON.stringify(change.from), 'configured');
      return ok({ message: 'The offsets for this connector have been reset successfully: its sinks hold none.' });
    },
  },
  {
    method: 'GET',
    path: '/connector-plugins',
    summary: 'The connectors whose settings can be posted.',
    mutates: false,
    query: { connectorsOnly: 'Accepted; there is nothing but connectors.' },
    answers: '200 `[{"class", "type", "version"}]`',
    handle: async ({ version }) => ok(plugins.map((plugin) => ({ ...plugin, version }))),
  },
  {
    method: 'GET',
    path: '/connector-plugins/{plugin}/config',
    summary: 'The settings that have a counterpart, and what each becomes.',
    mutates: false,
    answers: '200 `[{"name", "documentation", …}]`',
    handle: async ({ words }) => {
      return ok(pluginSettings(pluginOf(words['plugin']!)));
    },
  },
  {
    method: 'PUT',
    path: '/connector-plugins/{plugin}/config/validate',
    summary: 'Lints settings; each with its errors, and what becomes of it here.',
    mutates: false,
    body: configBody,
    answers: '200 `{"name", "error_count", "groups", "configs"}`',
    handle: async ({ words, body, version }) => {
      const config = body as ConnectorConfig;
      const plugin = pluginOf(words['plugin']!);
      const asked = config['connector.class'];
      if (asked !== undefined && !isPlugin(plugin, asked)) {
        throw new MillraceError('API_BAD_JSON', { reason: `connector.class is not ${words['plugin']}` });
      }
      return ok(await validation(plugin, config, version));
    },
  },
  {
    method: 'GET',
    path: '/admin/loggers',
    summary: 'The one logger, whose level is set when millrace starts.',
    mutates: false,
    answers: '200 `{"root": {"level", "last_modified"}}`',
    handle: async () => ok({ root: rootLogger }),
  },
  {
    method: 'GET',
    path: '/admin/loggers/{logger}',
    summary: 'Its level.',
    mutates: false,
    answers: '200 `{"level", "last_modified"}`; 404 for another',
    handle: async ({ words }) => {
      if (words['logger'] !== 'root') {
        throw new MillraceError('API_NOT_FOUND', { path: `logger ${words['logger']!.slice(0, 100)}` });
      }
      return ok(rootLogger);
    },
  },
  {
    method: 'PUT',
    path: '/admin/loggers/{logger}',
    summary: 'Always refused: `--verbose` and `--quiet` say what is logged when millrace starts.',
    mutates: false,
    body: loggerBody,
    answers: '501',
    handle: async () => {
      throw new MillraceError('API_NOT_SUPPORTED', {
        what: 'changing what is logged, but by `--verbose` or `--quiet` at the start,',
      });
    },
  },
];

const rootLogger = { level: 'INFO', last_modified: null };
