import type { LoadedFile } from '../../config/pipeline-file.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { planObject } from '../pipeline-plan.ts';

interface Difference {
  /** `orders: source mysql scan.startup.mode`. */
  readonly setting: string;
  readonly before: string | null;
  readonly after: string | null;
}

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const [before, after] = loaded.map(settingsOf) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  const differences = [...new Set([...before.keys(), ...after.keys()])].flatMap((setting): Difference[] => {
    const [old, now] = [before.get(setting) ?? null, after.get(setting) ?? null];
    return old === now ? [] : [{ setting, before: old, after: now }];
  });
  if (format === 'json') await terminal.print(envelope('config diff', { differences }));
  else {
    for (const { setting, before: old, after: now } of differences) {
      if (old !== null) await terminal.print(`${terminal.paintData('red', `- ${setting}  ${old}`)}\n`);
      if (now !== null) await terminal.print(`${terminal.paintData('green', `+ ${setting}  ${now}`)}\n`);
    }
    if (!call.flag('quiet'))
      terminal.say(differences.length === 0 ? 'no setting differs' : `${differences.length} settings differ`);
  }
  return differences.length > 0 ? exitCode.different : exitCode.ok;
};

/** Every setting that is in force, defaults too, secrets as `***`; pipelines are told apart by name when there are several. */
const settingsOf = ({ pipelines, redact }: LoadedFile): ReadonlyMap<string, string> => {
  const settings = new Map<string, string>();
  for (const pipeline of pipelines) {
    const plan = planObject(pipeline);
    const where = pipelines.length > 1 ? `${pipeline.name}: ` : '';
    const put = (of: string, values: Readonly<Record<string, unknown>>): void => {
      for (const [key, value] of Object.entries(values))
        if (value !== undefined) settings.set(`${where}${of} ${key}`, redact(shown(value)));
    };
    if (pipelines.length === 1) settings.set('pipeline name', plan.name);
    for (const [role, ends] of [
      ['source', plan.sources],
      ['sink', plan.sinks],
    ] as const)
      for (const { name, type, settings: values } of ends) put(`${role} ${name}`, { type, ...values });
    for (const [index, route] of plan.routes.entries()) put(`route[${index}]`, route);
    put('pipeline', plan.settings);
  }
  return settings;
};

const shown = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
