import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { redactor } from '../../config/redact.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import { version } from '../../pipeline/program-version.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { diagnosticText } from '../diagnostic-text.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { planText } from '../pipeline-plan.ts';
import { runPipelines } from './run.ts';

/** A pipeline made of two URLs, run until the snapshot is there, or with `--follow` on and on. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const { text, env, secrets } = describe(call);
  const loaded = await loadPipelineFile('copy', {
    env: { ...call.env, ...env },
    overrides: call.list('set'),
    version,
    connectors,
    readText: () => text,
  });
  for (const diagnostic of loaded.diagnostics) terminal.say(diagnosticText(loaded, diagnostic, terminal.paint));
  const [pipeline] = loaded.pipelines;
  if (!pipeline) return exitCode.usage;
  if (call.flag('dry-run')) {
    await terminal.print(redactor(secrets)(loaded.redact(planText(pipeline))));
    return exitCode.ok;
  }
  return await runPipelines(call, [loaded], [['copy', pipeline]]);
};

interface Described {
  readonly text: string;
  /** Passwords, which the text names as variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

const describe = (call: CommandCall): Described => {
  const required = (option: string): string => {
    const value = call.text(option);
    if (value === null)
      throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace copy', reason: `it needs --${option}` });
    return value;
  };
  const tables = call.list('tables');
  if (tables.length === 0) required('tables');
  const from = mysqlUrl(required('from'), { command: 'copy', env: call.env, tables: tables.join(', ') });
  const to = readTarget(required('to'), call);
  const { config } = from;
  const source = {
    type: 'mysql',
    hostname: config.hostname,
    port: config.port,
    username: config.username,
    password: `\${COPY_FROM_PASSWORD:-}`,
    tables,
    'ssl.mode': config['ssl.mode'],
    'scan.startup.mode': call.flag('follow') ? 'initial' : 'snapshot',
  };
  const name = call.text('name') ?? 'copy';
  return {
    // JSON is YAML.
    text: JSON.stringify({ source, sink: to.sink, pipeline: { name } }),
    env: { COPY_FROM_PASSWORD: config.password, ...to.env },
    secrets: [...from.secrets, ...Object.values(to.env)],
  };
};

interface Target {
  readonly sink: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
}

/** `sqlite:shop.db`, `file:changes.ndjson`, `-`, `kafka://host:9092/topic`, `mysql://user@host/`. */
const readTarget = (text: string, call: CommandCall): Target => {
  if (text === '-') return { sink: { type: 'file', path: '-' }, env: {} };
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  const refuse = (reason: string): never => {
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace copy', reason });
  };
  if (
    !connectors.some(({ type, roles }) => type === (scheme === 'mariadb' ? 'mysql' : scheme) && roles.includes('sink'))
  )
    return refuse(`there is no sink for ${scheme === '' ? text : `${scheme}:`}`);
  if (scheme === 'mysql' || scheme === 'mariadb') {
    const { config } = mysqlUrl(text, { command: 'copy', env: call.env, tables: '\\.*.\\.*' });
    const { hostname, port, username, password } = config;
    const sink = { type: 'mysql', hostname, port, username, password: `\${COPY_TO_PASSWORD:-}` };
    return { sink, env: { COPY_TO_PASSWORD: password } };
  }
  if (scheme === 'kafka') {
    const [, brokers = '', topic = ''] =
      /^\/\/([^/]+)\/?(.*)$/.exec(rest) ?? refuse('Kafka is written kafka://host:9092/topic');
    const sink = {
      type: 'kafka',
      'properties.bootstrap.servers': brokers,
      ...(topic === '' ? {} : { topic: decodeURIComponent(topic) }),
    };
    return { sink, env: {} };
  }
  return { sink: { type: scheme, ...(rest === '' ? {} : { path: rest }) }, env: {} };
};
