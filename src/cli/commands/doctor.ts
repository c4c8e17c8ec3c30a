import { redactor } from '../../config/redact.ts';
import { mysql } from '../../connectors/mysql/connector.ts';
import type { Problem } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { envelope } from '../envelope.ts';
import { type Examination, examinationText, examine, type Patient } from '../examination.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { addressOf, pipelineEnds } from '../file-ends.ts';
import { checkedFiles } from '../pipeline-files.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  if (call.arguments.length === 0 && call.list('conn').length === 0) {
    const reason = 'it takes a FILE, or a server by --conn URL, and nothing was given';
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace doctor', reason });
  }
  const { patients, redact } = await findPatients(call);
  if (patients === null) return exitCode.configInvalid;
  const examinations: Examination[] = [];
  for (const patient of patients) {
    const examination = await examine(patient, redact);
    examinations.push(examination);
    if (format === 'human') await terminal.print(examinationText(examination, terminal.paintData));
  }
  const count = (severity: Problem['severity']): number =>
    examinations.flatMap(({ problems }) => problems).filter((problem) => problem.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (format === 'json') await terminal.print(envelope('doctor', { checked: examinations, errors, warnings }));
  else if (!call.flag('quiet')) terminal.say(`${errors} to repair, ${warnings} to think about`);
  return errors > 0 || (warnings > 0 && call.flag('deny-warnings')) ? exitCode.checkFailed : exitCode.ok;
};

const findPatients = async (
  call: CommandCall,
): Promise<{ readonly patients: readonly Patient[] | null; readonly redact: (text: string) => string }> => {
  const secrets: string[] = [];
  const patients = call.list('conn').map((url): Patient => {
    const tables = call.text('tables') ?? '\\.*.\\.*';
    const address = mysqlUrl(url, { command: 'doctor', env: call.env, tables });
    secrets.push(...address.secrets);
    const { hostname, port } = address.config;
    return { name: `mysql ${hostname}:${port}`, pipeline: 'doctor', connector: mysql, config: address.config };
  });
  const loaded = call.arguments.length === 0 ? [] : await checkedFiles(call);
  const hidden = redactor(secrets);
  if (loaded === null) return { patients: null, redact: hidden };
  const ends = pipelineEnds(loaded).map((end): Patient => {
    const { connector, config, name } = end.section;
    const label = `${end.pipeline.name}: ${end.role} ${name} (${connector.type}${addressOf(end) === '' ? '' : ` ${addressOf(end)}`})`;
    return { name: label, pipeline: end.pipeline.name, connector, config };
  });
  const queries: Patient[] = [];
  for (const { name: pipeline, sql } of loaded.flatMap(({ pipelines }) => pipelines)) {
    if (sql === null) continue;
    const { jobEnds } = await import('../../sql-pipeline/job-ends.ts');
    for (const { role, name, connector, config } of await jobEnds(sql.job, systemClock.now)) {
      const address = addressOf({ section: { config } });
      queries.push({
        name: `${pipeline}: ${role} ${name}${address === '' ? '' : ` ${address}`}`,
        pipeline,
        connector,
        config,
      });
    }
  }
  return {
    patients: [...patients, ...ends, ...queries],
    redact: (text) => loaded.reduce((result, file) => file.redact(result), hidden(text)),
  };
};
