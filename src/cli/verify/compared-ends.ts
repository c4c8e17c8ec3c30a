import { existsSync } from 'node:fs';
import type { OpenableFile } from '../../config/pipeline-file.ts';
import { mysqlConfig } from '../../connectors/mysql/config.ts';
import { MysqlReader } from '../../connectors/mysql/reader/reader.ts';
import { SqliteReader } from '../../connectors/sqlite/reader.ts';
import type { Clock } from '../../core/clock.ts';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Reader } from '../../core/reader.ts';
import type { SqlJob } from '../../sql-pipeline/job.ts';
import type { Step } from '../../verify/expected-rows.ts';
import { openProcesses } from '../open-processes.ts';
import { pipelineOperators, sourceOperators } from '../pipeline-operators.ts';

/** A source and one of its sinks. */
export interface ComparedEnds extends AsyncDisposable {
  /** Whose ends they are; null: two systems that URLs name. */
  readonly pipeline: string | null;
  readonly from: string;
  readonly to: string;
  readonly source: Reader;
  readonly target: Reader;
  readonly steps: readonly Step[];
}

/** Every source of a pipeline with every sink that can be read. Those that cannot are named in `unreadable`. */
export const endsOfFile = async (
  file: OpenableFile,
  context: Context,
): Promise<{ readonly ends: readonly ComparedEnds[]; readonly unreadable: readonly string[] }> => {
  if (file.sql !== null) return await endsOfQueries(file.name, file.sql.job, context);
  const process = await openProcesses(file, { clock: context.clock, deadLetters: null });
  const { signal } = new AbortController();
  const processing: readonly Step[] = process === null ? [] : [(batch) => process.apply(batch, signal)];
  const ends: ComparedEnds[] = [];
  const unreadable = new Set<string>();
  for (const from of file.sources) {
    if (from.connector.openReader === undefined) {
      unreadable.add(from.name);
      continue;
    }
    for (const to of file.sinks) {
      if (to.connector.openReader === undefined) {
        unreadable.add(to.name);
        continue;
      }
      const source = await from.connector.openReader(from.config as never, context);
      const target = await to.connector.openReader(to.config as never, context);
      ends.push({
        pipeline: file.name,
        from: from.name,
        to: to.name,
        source,
        target,
        steps: [...sourceOperators(from.frame), ...processing, ...(await pipelineOperators(file, context.clock))],
        [Symbol.asyncDispose]: () => close(source, target),
      });
    }
  }
  return { ends, unreadable: [...unreadable] };
};

/** The queries of a job with every sink that can be read. */
const endsOfQueries = async (
  pipeline: string,
  job: SqlJob,
  context: Context,
): Promise<{ readonly ends: readonly ComparedEnds[]; readonly unreadable: readonly string[] }> => {
  const [{ jobEnds }, { QueryReader }] = await Promise.all([
    import('../../sql-pipeline/job-ends.ts'),
    import('../../sql-pipeline/query-reader.ts'),
  ]);
  const ends: ComparedEnds[] = [];
  const unreadable: string[] = [];
  for (const { role, name, connector, config, written } of await jobEnds(job, context.clock.now)) {
    if (role === 'source') continue;
    if (connector.openReader === undefined) {
      unreadable.push(name);
      continue;
    }
    const tables = written.map(({ target }) => target);
    const source = new QueryReader(job, tables, { ...context, pipeline: `${pipeline}-verify` });
    const target = await connector.openReader(config as never, context);
    ends.push({
      pipeline,
      from: 'the queries',
      to: name,
      source,
      target,
      steps: [],
      [Symbol.asyncDispose]: () => close(source, target),
    });
  }
  return { ends, unreadable };
};

/** Two systems named by URL: no pipeline is known, so whatever stands in the target counts. */
export const endsOfUrls = (from: string, to: string, clock: Clock): ComparedEnds => {
  const source = openUrl('--from', from, clock);
  const target = openUrl('--to', to, clock);
  return {
    pipeline: null,
    from,
    to,
    source,
    target,
    steps: [],
    [Symbol.asyncDispose]: () => close(source, target),
  };
};

const close = async (source: Reader, target: Reader): Promise<void> => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
};

const openUrl = (option: string, text: string, clock: Clock): Reader => {
  const refuse = (reason: string): never => {
    throw new MillraceError('CLI_OPTION_VALUE', { option, reason });
  };
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (path !== undefined) {
    if (!existsSync(path)) refuse('there is no such file');
    return new SqliteReader({ path, pipeline: null });
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['mysql:', 'mariadb:'].includes(url.protocol))
    return refuse('write mysql://user:password@host:port/, or sqlite:PATH');
  for (const name of url.searchParams.keys()) {
    if (name !== 'password_env' && name !== 'ssl-mode')
      refuse(`it has no parameter ${name}; it takes password_env, ssl-mode`);
  }
  const passwordVariable = url.searchParams.get('password_env');
  const config = mysqlConfig.safeParse({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    username: decodeURIComponent(url.username),
    password: passwordVariable === null ? decodeURIComponent(url.password) : (process.env[passwordVariable] ?? ''),
    tables: '\\.*.\\.*',
    ...(url.searchParams.has('ssl-mode') ? { 'ssl.mode': url.searchParams.get('ssl-mode') } : {}),
  });
  if (!config.success) return refuse(config.error.issues[0]?.message ?? 'the URL cannot be used');
  return new MysqlReader({ config: config.data, context: { pipeline: null, clock } });
};
