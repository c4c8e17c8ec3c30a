import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes, shortCount, shortMs } from '../figures.ts';
import { type KeptJob, keptJobs } from '../kept-jobs.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const jobs = keptJobs(call, call.arguments[0] ?? null);
  if (format === 'json') await terminal.print(envelope('state list', { jobs }));
  else if (format === 'jsonl') for (const job of jobs) await terminal.print(`${JSON.stringify(job)}\n`);
  else {
    for (const job of jobs) await terminal.print(`${jobText(job)}\n\n`);
    if (jobs.length === 0 && !call.flag('quiet')) terminal.say('no job is kept here');
  }
  return exitCode.ok;
};

const jobText = ({ job, folder, running, checkpoint, parts }: KeptJob): string => {
  const age = checkpoint?.ageMs == null ? '' : `, ${shortMs(checkpoint.ageMs)} ago`;
  const state = checkpoint === null ? 'no checkpoint yet' : `checkpoint of tick ${checkpoint.tick}${age}`;
  const rows = parts.map(({ kind, name, keys, bytes, memory, fingerprint }) => [
    `  ${kind} ${name}`,
    shortCount(keys),
    shortBytes(bytes),
    shortBytes(memory),
    fingerprint.slice(0, 12),
  ]);
  const table =
    parts.length === 0 ? '' : `\n${textTable(['  kept', 'keys', 'on disk', 'memory', 'fingerprint'], rows)}`;
  return `${job}  ${running ? 'running' : 'at rest'}, ${state}\n  ${folder}${table}`;
};
