import { z } from 'zod';
import { type ConnectionConfig, connectionShape } from '../connectors/kafka/connection-config.ts';
import { MillraceError } from '../core/errors.ts';
import { type MapNode, mapEntry } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import type { PipelineSettings } from './frame.ts';
import type { SinkSection, SourceSection } from './pipeline-file.ts';

/** The topic that a pipeline takes signals from, and how its brokers are reached. */
export interface SignalSettings {
  readonly topic: string;
  readonly connection: ConnectionConfig;
}

const topicKey = 'signal.kafka.topic';
const serversKey = 'signal.kafka.bootstrap.servers';

/** Null: the file names no topic of signals, or one that cannot be read, which was reported. */
export const readSignals = (
  { root, report }: { readonly root: MapNode; readonly report: Report },
  settings: PipelineSettings,
  { sources, sinks }: { readonly sources: readonly SourceSection[]; readonly sinks: readonly SinkSection[] },
): SignalSettings | null => {
  const { [topicKey]: topic, [serversKey]: servers } = settings;
  const section = mapEntry(root, 'pipeline');
  const place = section?.keyPlace ?? root.place;
  const missing = (key: string): null => {
    report('error', place, new MillraceError('CONFIG_MISSING_KEY', { key, section: 'pipeline' }));
    return null;
  };
  if (topic === undefined) return servers === undefined ? null : missing(topicKey);
  if (sources.some(({ connector }) => connector.type !== 'mysql') || sources.length === 0) {
    const reason = 'signals are about snapshots, which only a source of type mysql has';
    report('error', place, new MillraceError('CONFIG_WRONG_VALUE', { key: topicKey, reason }));
    return null;
  }
  const sink = sinks.find(({ connector }) => connector.type === 'kafka')?.config as ConnectionConfig | undefined;
  if (sink === undefined && servers === undefined) return missing(serversKey);
  const shared =
    sink ?? z.object(connectionShape).parse({ 'properties.bootstrap.servers': servers }, { reportInput: false });
  const own = Object.fromEntries(
    Object.keys(connectionShape).flatMap((key) => {
      const value = shared[key as keyof ConnectionConfig];
      return value === undefined ? [] : [[key, value]];
    }),
  ) as ConnectionConfig;
  return { topic, connection: servers === undefined ? own : { ...own, 'properties.bootstrap.servers': servers } };
};
