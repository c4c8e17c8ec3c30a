import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileReason, interpolateText } from '../../config/interpolate.ts';
import { redactor } from '../../config/redact.ts';
import { GatewaySession } from '../../connectors/flink/gateway-client.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import { checkDirectSources } from '../../sql-pipeline/flink/direct-sources.ts';
import { feedPipelines } from '../../sql-pipeline/flink/feed-file.ts';
import { type FlinkProfile, flinkProfiles } from '../../sql-pipeline/flink/flink-profile.ts';
import { type FlinkScript, flinkScript } from '../../sql-pipeline/flink/flink-script.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts';
import { startFeed } from '../sql/start-feed.ts';
import { statementErrorText } from '../sql/statement-error.ts';
import { stopSignals } from '../stop-signals.ts';

/** Sends a file of statements to a Flink cluster: declarations with options that Flink has, then what is inserted. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const [file] = call.arguments;
  const text = await readText(file!);
  const secrets: string[] = [];
  const topicPrefix = call.text('topic-prefix') ?? 'cdc';
  const brokers = call.text('kafka');
  let script: FlinkScript;
  try {
    const profile = (call.text('profile') ?? flinkProfiles[0]) as FlinkProfile;
    script = flinkScript(
      text,
      { profile, brokers, topicPrefix, direct: call.flag('direct') },
      {
        expand: (each) => interpolateText(each, { env: call.env, readText: (path) => readFileSync(path, 'utf8') }),
        hide: (secret) => void secrets.push(secret),
      },
    );
    await checkDirectSources(script.direct);
  } catch (error) {
    const span = spanOfError(error);
    if (span === null || !isMillraceError(error) || call.format !== 'human') throw error;
    terminal.say(statementErrorText(error, span, { name: file!, text }, terminal.paint));
    return exitCodeOf(error);
  }
  if (call.flag('dry-run')) {
    const shown = script.statements.map((statement) => `${redactor(secrets)(statement.text)};\n`);
    await terminal.print(shown.join(''));
    return exitCode.ok;
  }
  using signals = stopSignals(() => terminal.say('stopping: what was submitted runs on'));
  const feed = await startFeed(call, feedPipelines(script.fed, brokers ?? ''), {
    brokers: brokers ?? '',
    jobName: script.jobName,
    signal: signals.stop,
  });
  const jobs = await submit(call, script, signals.stop);
  if (call.format === 'json') await terminal.print(envelope('flink-jobs', { jobs, feed }));
  else for (const job of jobs) await terminal.print(`${job}\n`);
  return exitCode.ok;
};

const readText = async (file: string): Promise<string> => {
  const wrong = (reason: string) => new MillraceError('CLI_ARGUMENTS', { command: 'millrace sql submit', reason });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(`cannot read ${file}: ${fileReason(error)}`);
  }
  // A mistake in a statement is shown with its line, and a line of another file may hold anything.
  if (!/\.sql$/i.test(file)) throw wrong(`it takes statements, in a file whose name ends with .sql, and not ${file}`);
  return text;
};

const submit = async (
  call: CommandCall,
  { statements }: FlinkScript,
  stop: AbortSignal,
): Promise<readonly string[]> => {
  const gateway = (call.text('gateway') ?? 'http://127.0.0.1:8083').replace(/\/+$/, '');
  const savepoint = call.text('savepoint');
  await using session = await GatewaySession.open(gateway, systemClock);
  const jobs: string[] = [];
  if (savepoint !== null)
    await session.run(`SET 'execution.savepoint.path' = '${savepoint.replaceAll("'", "''")}'`, 'SET', stop);
  for (const { text, shown } of statements) {
    const { jobId } = await session.run(text, shown, stop);
    if (jobId !== null) jobs.push(jobId);
  }
  return jobs;
};
