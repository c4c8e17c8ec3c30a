import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileReason } from '../../config/interpolate.ts';
import type { LoadedFile } from '../../config/pipeline-file.ts';
import { spelledSecrets } from '../../config/redact.ts';
import { MillraceError } from '../../core/errors.ts';
import { version } from '../../pipeline/program-version.ts';
import type { CommandCall } from '../command.ts';
import { diagnosticText } from '../diagnostic-text.ts';
import { envelope } from '../envelope.ts';
import { examine } from '../examination.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { addressOf, pipelineEnds } from '../file-ends.ts';
import { loadFiles } from '../pipeline-files.ts';
import { planObject } from '../pipeline-plan.ts';
import { tarArchive } from '../tar-archive.ts';

/** Gathers what somebody who helps must know, without what nobody must see: no secret, no row. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const file = call.text('to') ?? 'millrace-support.tar.gz';
  if (existsSync(file) && !call.flag('force')) throw new MillraceError('CLI_FILE_EXISTS', { file });
  const loaded = await loadFiles(call);
  const redact = (text: string): string => loaded.reduce((result, each) => each.redact(result), text);
  const now = new Date();
  const files = new Map<string, string>([['versions.json', json(versions(now))]]);
  for (const each of loaded) {
    for (const found of each.diagnostics)
      if (found.error.code === 'CONFIG_UNREADABLE') terminal.say(diagnosticText(each, found, terminal.paint));
    const name = basename(each.file)
      .replaceAll(/[^\w.-]/g, '_')
      .slice(0, 60);
    files.set(`${name}/file.yaml`, redact(maskedText(each)));
    files.set(
      `${name}/lint.txt`,
      each.diagnostics.map((found) => diagnosticText(each, found, (_, text) => text)).join('\n'),
    );
    files.set(`${name}/effective.json`, redact(json(each.pipelines.map(planObject))));
  }
  if (!call.flag('offline')) files.set('doctor.json', redact(json(await examineAll(loaded, redact))));
  const api = call.text('api-url');
  if (api !== null) for (const [name, text] of await apiAnswers(api, call)) files.set(`api/${name}`, redact(text));
  try {
    writeFileSync(file, tarArchive(files, now));
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file, reason: fileReason(error) });
  }
  if (format === 'json') await terminal.print(envelope('support-bundle', { file, holds: [...files.keys()] }));
  else {
    await terminal.print(`${file}\n`);
    terminal.say(
      `holds ${[...files.keys()].join(', ')}; secrets are *** and there are no rows: look before you send it`,
    );
  }
  return exitCode.ok;
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const versions = (now: Date) => ({
  millrace: version,
  node: process.versions.node,
  platform: `${process.platform}-${arch()}`,
  kernel: release(),
  cpus: cpus().length,
  memoryBytes: totalmem(),
  madeAt: now.toISOString(),
});

/** The file as it was written, its secrets blotted out at their places and wherever else they stand. */
const maskedText = ({ file, secretPlaces }: LoadedFile): string => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return '';
  }
  const places = secretPlaces.filter(({ source }) => source.name === file).toSorted((a, b) => b.start - a.start);
  for (const { start, end } of places) text = `${text.slice(0, start)}***${text.slice(end)}`;
  // What is no YAML has places of its own, or none when it was not read.
  for (const { start, end } of spelledSecrets(text).toReversed()) text = `${text.slice(0, start)}***${text.slice(end)}`;
  return text;
};

const examineAll = async (loaded: readonly LoadedFile[], redact: (text: string) => string) => {
  const results: unknown[] = [];
  for (const end of pipelineEnds(loaded)) {
    const { connector, config, name } = end.section;
    const label = `${end.pipeline.name}: ${end.role} ${name} (${connector.type} ${addressOf(end)})`;
    try {
      results.push(await examine({ name: label, pipeline: end.pipeline.name, connector, config }, redact));
    } catch (error) {
      results.push({ name: redact(label), error: redact(String(error)) });
    }
  }
  return results;
};

/** What a running millrace says of its pipelines, their last log lines included; or why it says nothing. */
const apiAnswers = async (
  api: string,
  call: CommandCall,
): Promise<readonly (readonly [name: string, text: string])[]> => {
  const list = await answer(api, '/api/v1/pipelines', call);
  const names = Array.from(list.matchAll(/"name":\s*"((?:[^"\\]|\\.)*)"/g), (match) => match[1]!);
  const logs = await Promise.all(
    [...new Set(names)].map(
      async (name) =>
        [
          `${name.replaceAll(/[^\w.-]/g, '_').slice(0, 60)}.log.json`,
          await answer(api, `/api/v1/pipelines/${encodeURIComponent(name)}/logs`, call),
        ] as const,
    ),
  );
  return [
    ['pipelines.json', list],
    ['readiness.json', await answer(api, '/readyz', call)],
    ['metrics.txt', await answer(api, '/metrics', call)],
    ...logs,
  ];
};

const answer = async (api: string, path: string, { env }: CommandCall): Promise<string> => {
  const token = env['MILLRACE_API_TOKEN'];
  try {
    const response = await fetch(new URL(path, api), {
      signal: AbortSignal.timeout(5_000),
      ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
    });
    const text = await response.text();
    return token ? text.replaceAll(token, '***') : text;
  } catch (error) {
    return json({ error: `${path} could not be read: ${(error as Error).message}` });
  }
};
