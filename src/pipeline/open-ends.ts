import type { Connector, Context, SettingsOf, Sink, Source } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import type { Reader } from '../core/reader.ts';
import { systemClock } from './system-clock.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface EndOptions {
  /** What positions are kept under in sinks; `library` when left out. */
  readonly pipeline?: string;
  /** Where connectors tell what happens; nowhere when left out. */
  readonly log?: Log;
}

/** Opens a connector's source with settings as a pipeline file would hold them. Throws zod's error for settings it does not take. */
export const openSource = async <Of extends Connector>(
  connector: Of,
  settings: SettingsOf<Of>,
  options: EndOptions = {},
): Promise<Source> => {
  if (connector.openSource === undefined) throw new TypeError(`${connector.type} is no source`);
  return await connector.openSource(connector.config.parse(settings), contextOf(options));
};

/** Opens a connector's sink, likewise. */
export const openSink = async <Of extends Connector>(
  connector: Of,
  settings: SettingsOf<Of>,
  options: EndOptions = {},
): Promise<Sink> => {
  if (connector.openSink === undefined) throw new TypeError(`${connector.type} is no sink`);
  return await connector.openSink(connector.config.parse(settings), contextOf(options));
};

/** Opens a connector's reader, likewise: its tables by key, by range and whole. `pipeline` says whose positions a target is asked for. */
export const openReader = async <Of extends Connector>(
  connector: Of,
  settings: SettingsOf<Of>,
  options: EndOptions = {},
): Promise<Reader> => {
  if (connector.openReader === undefined) throw new TypeError(`${connector.type} cannot be read by key`);
  return await connector.openReader(connector.config.parse(settings), contextOf(options));
};

const contextOf = ({ pipeline = 'library', log = silent }: EndOptions): Context => ({
  pipeline,
  log,
  clock: systemClock,
});
