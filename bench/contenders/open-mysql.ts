import { connectors } from '../../src/connectors/registry.ts';
import type { Source } from '../../src/core/connector.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';

/** Opens millrace's own MySQL source as a pipeline would, with settings as a pipeline file has them. */
export const openMysql = async (settings: Readonly<Record<string, unknown>>): Promise<Source> => {
  const connector = await connectors.find(({ type }) => type === 'mysql')!.load();
  const config = connector.config.parse(settings);
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  return await connector.openSource!(config, { pipeline: 'bench', log: silent, clock: systemClock });
};

/** Prints this process's figures the way every contender does, and ends it. */
export const report = (rows: number, seconds: number, figures: Readonly<Record<string, number>> = {}): never => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  process.stdout.write(`${JSON.stringify({ rows, seconds, cpuSeconds, peakRssMiB: maxRSS / 1024, figures })}\n`);
  process.exit(0);
};
