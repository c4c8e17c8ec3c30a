import { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import type { LogPlace } from '../core/operating.ts';
import { connectRoutes } from './connect/connect-routes.ts';
import { sendEvents } from './live-events.ts';
import { metricsText } from './metrics-text.ts';
import type { Desired } from './pipeline-view.ts';
import { opNames } from './question.ts';
import { readiness } from './readiness.ts';
import { type Answer, type Call, ok, pipelineOf, type Route, viewsOf } from './route.ts';
import { type VerificationReport, verificationBody } from './verification-board.ts';

const wish =
  (desired: Desired) =>
  async (call: Call): Promise<Answer> => {
    const pipeline = pipelineOf(call);
    const before = await pipeline.view();
    await pipeline.want(desired);
    call.changed(before.desired, desired);
    return ok({ pipeline: pipeline.name, from: before.desired, to: desired });
  };

const tableNames = z.array(z.string().min(1).max(200)).max(1_000);
const snapshotBody = z.strictObject({
  tables: tableNames.min(1).describe('`database.table` each, as the source names them.'),
  where: z.string().min(1).max(10_000).optional().describe('SQL condition: only these rows, and nothing is swept.'),
});
const cancelBody = z.strictObject({ tables: tableNames.default([]).describe('Which; all without a list.') });

/** Exactly one place. */
const offsetsBody = z
  .strictObject({
    gtid: z.string().max(1_000_000).optional().describe('GTIDs that count as done: everything else is read.'),
    file: z.string().min(1).max(500).optional().describe('Binlog file to go on in.'),
    pos: z.int().min(4).optional().describe('Byte in that file where a transaction begins; 4 without it.'),
    timestamp: z
      .int()
      .min(0)
      .optional()
      .describe('Milliseconds since 1970: the first transaction of that second or later.'),
    at: z.enum(['earliest', 'latest']).optional().describe('The oldest or newest place that the server has.'),
  })
  .superRefine((body, context) => {
    const ways = [body.gtid, body.file, body.timestamp, body.at].filter((way) => way !== undefined).length;
    if (ways !== 1) context.addIssue({ code: 'custom', message: 'name one of gtid, file, timestamp and at' });
    if (body.pos !== undefined && body.file === undefined) {
      context.addIssue({ code: 'custom', path: ['pos'], message: 'needs file beside it' });
    }
  });

const placeOf = (body: z.output<typeof offsetsBody>): LogPlace => {
  if (body.gtid !== undefined) return { at: 'gtid', gtids: body.gtid };
  if (body.file !== undefined) return { at: 'file', file: body.file, offset: body.pos ?? 4 };
  if (body.timestamp !== undefined) return { at: 'timestamp', millis: body.timestamp };
  return { at: body.at ?? 'latest' };
};

const setOffsets = async (call: Call, place: LogPlace): Promise<Answer> => {
  const change = await pipelineOf(call).ask({ ask: 'offsets-set', place });
  const words = (logs: typeof change.from): string =>
    logs.map(({ gtids, file, offset }) => gtids ?? (file === null ? 'nothing' : `${file}:${offset}`)).join('; ') ||
    'nothing';
  call.changed(words(change.from), words(change.to));
  return ok({ pipeline: call.name, ...change });
};

const count = (call: Call, name: string, most: number, otherwise: number): number => {
  const text = call.query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new MillraceError('API_BAD_JSON', { reason: `${name} is not a whole number` });
  return Math.min(Number(text), most);
};

const onePipeline = '/api/v1/pipelines/{name}';

export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the process answers at all.',
    mutates: false,
    open: true,
    answers: '200 `{"status": "ok"}`',
    handle: async ({ version }) => ok({ status: 'ok', version }),
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether every pipeline that should run is connected and moves.',
    mutates: false,
    open: true,
    answers: '200, or 503 with the reasons (without the token: their number only)',
    handle: async ({ fleet, known }) => {
      const { ready, reasons } = readiness(await viewsOf(fleet));
      return ok(known ? { ready, reasons } : { ready, notReady: reasons.length }, ready ? 200 : 503);
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Every figure in the text format of Prometheus; docs/metrics.md lists them.',
    mutates: false,
    answers: '200 text',
    handle: async ({ fleet, version }) => ({
      kind: 'text',
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsText(await viewsOf(fleet), version),
    }),
  },
  {
    method: 'GET',
    path: '/api/v1/pipelines',
    summary: 'All pipelines.',
    mutates: false,
    answers: '200 `{"pipelines": [pipeline…]}`',
    handle: async ({ fleet }) => ok({ pipelines: await viewsOf(fleet) }),
  },
  {
    method: 'GET',
    path: '/api/v1/events',
    summary:
      'What happens, as server-sent events: `snapshot`, then `health`, `added`, `changed`, `removed`, `process`, `verified`, `audit`.',
    mutates: false,
    answers: '200 text/event-stream; `Last-Event-ID` resumes, and a client that reads too slowly gets a new `snapshot`',
    handle: async (call) => {
      sendEvents(call.request, call.response, call.fleet.events, async () => ({
        pipelines: await viewsOf(call.fleet),
      }));
      return { kind: 'taken' };
    },
  },
  {
    method: 'GET',
    path: onePipeline,
    summary: 'One pipeline: health, lag, speeds, totals, positions, snapshot, process.',
    mutates: false,
    answers: '200 pipeline',
    handle: async (call) => ok(await pipelineOf(call).view()),
  },
  {
    method: 'PUT',
    path: onePipeline,
    summary: 'Adds a pipeline or changes one. The file is linted first; with errors nothing is changed.',
    mutates: true,
    body: 'pipeline file',
    answers: '200 or 201 `{"pipeline", "change", "diagnostics"}`; 422 with the same diagnostics as `millrace lint`',
    handle: async (call) => {
      const { files } = call.fleet;
      if (files === null) throw new MillraceError('API_NOT_SUPPORTED', { what: 'adding or changing pipelines' });
      const put = await files.put(call.name, call.body as string);
      call.changed(put.change === 'added' ? 'none' : 'file', put.change);
      return ok({ pipeline: call.name, ...put }, put.change === 'added' ? 201 : 200);
    },
  },
  {
    method: 'DELETE',
    path: onePipeline,
    summary: 'Ends a pipeline gracefully and removes its file. What its sinks hold stays.',
    mutates: true,
    answers: '200 `{"pipeline", "change": "removed"}`',
    handle: async (call) => {
      const { files } = call.fleet;
      const { name } = pipelineOf(call);
      if (files === null) throw new MillraceError('API_NOT_SUPPORTED', { what: 'removing pipelines' });
      await files.remove(name);
      call.changed('file', 'none');
      return ok({ pipeline: name, change: 'removed' });
    },
  },
  {
    method: 'GET',
    path: `${onePipeline}/plan`,
    summary: 'Every setting with its default, secrets as `***`.',
    mutates: false,
    answers: '200 plan',
    handle: async (call) => ok(pipelineOf(call).plan),
  },
  {
    method: 'POST',
    path: `${onePipeline}/pause`,
    summary: 'Writes what was read, closes both ends, and holds, over restarts too.',
    mutates: true,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: wish('paused'),
  },
  {
    method: 'POST',
    path: `${onePipeline}/resume`,
    summary: 'Goes on after a pause or stop, where the sinks are.',
    mutates: true,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: wish('running'),
  },
  {
    method: 'POST',
    path: `${onePipeline}/stop`,
    summary: 'Writes what was read and ends the process, over restarts too.',
    mutates: true,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: wish('stopped'),
  },
  {
    method: 'POST',
    path: `${onePipeline}/restart`,
    summary: 'Ends gracefully and begins again where the sinks are; after a failure too.',
    mutates: true,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: async (call) => {
      const pipeline = pipelineOf(call);
      const { health } = await pipeline.view();
      await pipeline.restart();
      call.changed(health, 'restarted');
      return ok({ pipeline: pipeline.name, from: health, to: 'restarted' });
    },
  },
  {
    method: 'GET',
    path: `${onePipeline}/logs`,
    summary: 'What it logged last.',
    mutates: false,
    query: {
      limit: 'How many lines at most (default 200).',
      since: 'Only lines after this number, from `next` of an earlier answer.',
    },
    answers: '200 `{"lines": [{"time", "level", "event", "message", "fields"}], "next"}`',
    handle: async (call) =>
      ok(pipelineOf(call).logs.read(count(call, 'limit', 1_000, 200), count(call, 'since', 1e9, 0))),
  },
  {
    method: 'GET',
    path: `${onePipeline}/tail`,
    summary: 'Rows as they pass, as server-sent events `rows`. Off unless the server was started with `--allow-tail`.',
    mutates: false,
    query: {
      table: 'Pattern of `database.table`; may be repeated.',
      op: `${opNames.join(', ')}; may be repeated.`,
      rate: 'Rows a second at most (default 100); what is left out is counted.',
    },
    answers: '200 text/event-stream `{"rows": [{"table", "op", "before", "after", "at"}], "skipped"}`',
    handle: async (call) => {
      const { tailRows } = await import('./live-rows.ts');
      return tailRows(call, pipelineOf(call), count(call, 'rate', 10_000, 100));
    },
  },
  {
    method: 'POST',
    path: `${onePipeline}/snapshot`,
    summary: 'Reads tables again while changes go on.',
    mutates: true,
    body: snapshotBody,
    answers: '200 `{"pipeline", "tables"}`',
    handle: async (call) => {
      const { tables, where = null } = call.body as z.output<typeof snapshotBody>;
      await pipelineOf(call).ask({ ask: 'snapshot', tables, where });
      call.changed('none', `snapshot of ${tables.join(', ')}`);
      return ok({ pipeline: call.name, tables });
    },
  },
  ...(['pause', 'resume'] as const).map(
    (word): Route => ({
      method: 'POST',
      path: `${onePipeline}/snapshot/${word}`,
      summary:
        word === 'pause' ? 'Holds the reading of tables; changes go on.' : 'Goes on reading tables after a pause.',
      mutates: true,
      answers: '200 `{"pipeline"}`',
      handle: async (call) => {
        await pipelineOf(call).ask({ ask: `snapshot-${word}` });
        call.changed('snapshot', word === 'pause' ? 'paused' : 'resumed');
        return ok({ pipeline: call.name });
      },
    }),
  ),
  {
    method: 'POST',
    path: `${onePipeline}/snapshot/cancel`,
    summary: 'Ends the reading of tables where it stands; nothing is swept.',
    mutates: true,
    body: cancelBody,
    answers: '200 `{"pipeline"}`',
    handle: async (call) => {
      const { tables } = call.body as z.output<typeof cancelBody>;
      await pipelineOf(call).ask({ ask: 'snapshot-cancel', tables });
      call.changed('snapshot', 'cancelled');
      return ok({ pipeline: call.name });
    },
  },
  {
    method: 'PUT',
    path: `${onePipeline}/verification`,
    summary:
      'Takes what `millrace verify --report` tells of a comparison, for the figures. Nothing of the pipeline changes.',
    mutates: false,
    body: verificationBody,
    answers: '200 `{"pipeline", "from", "to"}`: the result that stood, and the one that stands',
    handle: async (call) => {
      const report = call.body as VerificationReport;
      const { name, verifications } = pipelineOf(call);
      const from = verifications.take(report, Date.now());
      if (report.result !== 'running' && from !== report.result)
        call.fleet.events.publish('verified', { pipeline: name, sink: report.sink, from, to: report.result });
      return ok({ pipeline: name, from, to: report.result });
    },
  },
  {
    method: 'GET',
    path: `${onePipeline}/offsets`,
    summary: 'What every sink holds.',
    mutates: false,
    answers: '200 `{"logs": [{"source", "file", "offset", "gtids"}], "positions"}`',
    handle: async (call) => ok(await pipelineOf(call).ask({ ask: 'offsets' })),
  },
  {
    method: 'PUT',
    path: `${onePipeline}/offsets`,
    summary: 'Makes a paused or failed pipeline go on from another place. Rows in the sinks stay.',
    mutates: true,
    body: offsetsBody,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: async (call) => setOffsets(call, placeOf(call.body as z.output<typeof offsetsBody>)),
  },
  {
    method: 'DELETE',
    path: `${onePipeline}/offsets`,
    summary: 'Makes a paused or failed pipeline begin as its file says, snapshots included. Rows in the sinks stay.',
    mutates: true,
    answers: '200 `{"pipeline", "from", "to"}`',
    handle: async (call) => setOffsets(call, { at: 'configured' }),
  },
  ...connectRoutes,
];
