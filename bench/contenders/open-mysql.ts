import { connectors } from '../../src/connectors/registry.ts';
import type { Connector, Context, Sink, Source } from '../../src/core/connector.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import type { Run } from '../result.ts';

type Settings = Readonly<Record<string, unknown>>;

export const silentLog = { debug() {}, info() {}, warn() {}, error() {} };

const context: Context = { pipeline: 'bench', log: silentLog, clock: systemClock };

/** Opens millrace's own MySQL source as a pipeline would, with settings as a pipeline file has them. */
export const openMysql = async (settings: Settings): Promise<Source> => {
  const connector = await load('mysql', 'source');
  return await connector.openSource!(connector.config.parse(settings), context);
};

/** Opens a source of another kind. */
export const openSourceAs = async (own: Context, type: string, settings: Settings): Promise<Source> => {
  const connector = await load(type, 'source');
  return await connector.openSource!(connector.config.parse(settings), own);
};

/** Opens a sink, with settings as a pipeline file has them. */
export const openSink = (type: string, settings: Settings): Promise<Sink> => openSinkAs(context, type, settings);

/** As openSink, for a pipeline of its own. */
export const openSinkAs = async (own: Context, type: string, settings: Settings): Promise<Sink> => {
  const connector = await load(type, 'sink');
  return await connector.openSink!(connector.config.parse(settings), own);
};

const load = (type: string, role: 'source' | 'sink'): Promise<Connector> =>
  connectors.find((connector) => connector.type === type && connector.roles.includes(role))!.load();

/** Prints this process's figures the way every contender does, and ends it. */
export const report = (rows: number, seconds: number, figures: Readonly<Record<string, number>> = {}): never => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  return print({ rows, seconds, cpuSeconds, peakRssMiB: maxRSS / 1024, figures });
};

/** Prints the figures of a run that was measured otherwise, and ends this process. */
export const print = (run: Run): never => {
  process.stdout.write(`${JSON.stringify(run)}\n`);
  process.exit(0);
};
