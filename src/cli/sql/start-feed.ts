import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fileReason } from '../../config/interpolate.ts';
import { Cluster } from '../../connectors/kafka/client/cluster.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { type FeedPipeline, feedFile, servedFile } from '../../sql-pipeline/flink/feed-file.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';

/** What feeds the topics of a job. */
export interface Feed {
  /** Under `millrace serve`, as a process of its own, or not at all yet: a file for `millrace run`. */
  readonly by: 'serve' | 'run' | 'file';
  readonly pipelines: readonly string[];
  /** The pipeline file; null: the API keeps it. */
  readonly file: string | null;
  /** The process; null: it is not ours. */
  readonly pid: number | null;
}

interface FeedSettings {
  readonly brokers: string;
  readonly jobName: string;
  readonly signal: AbortSignal;
}

/**
 * Starts what feeds the topics of a job, as `--feed` says, and waits until the topics are there. Whatever feeds a topic already goes on, since
 * pipelines are called after their topics. Throws API_ errors, and KAFKA_TOPIC_MISSING where a topic does not come.
 */
export const startFeed = async (
  call: CommandCall,
  pipelines: readonly FeedPipeline[],
  settings: FeedSettings,
): Promise<Feed | null> => {
  if (pipelines.length === 0) return null;
  const by = call.text('feed') ?? ((await isServed(call)) ? 'serve' : 'file');
  const names = pipelines.map(({ name }) => name);
  const { terminal } = call;
  if (by === 'serve') {
    await serve(call, pipelines);
    const feed: Feed = { by, pipelines: names, file: null, pid: null };
    await topicsReady(pipelines, settings, () => true);
    terminal.say(`the topics are fed under millrace serve; to end that: millrace stop ${names.join(' ')}`);
    return feed;
  }
  const file = call.text('feed-file') ?? `${settings.jobName}.feed.yaml`;
  try {
    await writeFile(file, feedFile(pipelines));
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file, reason: fileReason(error) });
  }
  if (by !== 'run') {
    terminal.say(`nothing feeds the topics yet; this does: millrace run ${file}`);
    return { by: 'file', pipelines: names, file, pid: null };
  }
  const { pid, log, isRunning } = runApart(call, file);
  try {
    await topicsReady(pipelines, settings, isRunning);
  } catch (error) {
    terminal.say(`what feeds them says why in ${log}`);
    throw error;
  }
  terminal.say(`process ${pid} feeds the topics, and writes ${log}; to end it: kill ${pid}`);
  return { by: 'run', pipelines: names, file, pid };
};

/** Whether a `millrace serve` that takes pipelines answers. */
const isServed = async (call: CommandCall): Promise<boolean> => {
  try {
    await new ApiClient(call).get('/api/v1/pipelines');
    return true;
  } catch (error) {
    if (isMillraceError(error, 'API_UNREACHABLE')) return false;
    throw error;
  }
};

const serve = async (call: CommandCall, pipelines: readonly FeedPipeline[]): Promise<void> => {
  const client = new ApiClient(call);
  for (const pipeline of pipelines) {
    const path = pipelinePath(pipeline.name);
    try {
      // What another job has begun is left as it is: it may have been changed by hand since.
      await client.get(path);
      await client.send('POST', pipelinePath(pipeline.name, '/resume'));
    } catch (error) {
      if (!isMillraceError(error, 'API_UNKNOWN_PIPELINE')) throw error;
      await client.send('PUT', path, servedFile(pipeline));
    }
  }
};

/** Starts `millrace run FILE`, which goes on when this process has ended. */
const runApart = (call: CommandCall, file: string) => {
  const main = fileURLToPath(
    new URL(`../main${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url),
  );
  const log = file.replace(/(\.ya?ml)?$/, '.log');
  let written: number;
  try {
    written = openSync(log, 'a');
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file: log, reason: fileReason(error) });
  }
  const child = spawn(process.execPath, [main, 'run', file], {
    stdio: ['ignore', written, written],
    detached: true,
    env: { ...call.env },
  });
  closeSync(written);
  child.on('error', () => {});
  child.unref();
  return { pid: child.pid ?? null, log, isRunning: () => child.exitCode === null && child.signalCode === null };
};

/** A feed makes its topics before it writes into them; reading the first rows of a table may wait for a server's locks. */
const patienceMs = 60_000;

const topicsReady = async (
  pipelines: readonly FeedPipeline[],
  { brokers, signal }: FeedSettings,
  isFed: () => boolean,
): Promise<void> => {
  const begunMs = systemClock.monotonic();
  const topics = pipelines.map(({ topic }) => topic);
  for (;;) {
    signal.throwIfAborted();
    // What a cluster has said of a topic it says again: each look is a new one's.
    using cluster = new Cluster(
      {
        bootstrapServers: brokers.split(','),
        clientId: 'millrace-submit',
        tls: null,
        sasl: null,
        connectTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
      },
      systemClock,
    );
    const counts = await cluster.partitionCounts(topics);
    const missing = topics.find((topic) => counts.get(topic) === 0);
    if (missing === undefined) return;
    if (!isFed() || systemClock.monotonic() - begunMs > patienceMs)
      throw new MillraceError('KAFKA_TOPIC_MISSING', { topic: missing });
    await systemClock.sleep(300, signal);
  }
};
