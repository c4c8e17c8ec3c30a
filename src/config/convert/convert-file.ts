import type { RegisteredConnector } from '../../connectors/registry.ts';
import { settingsOf } from '../../core/settings-shape.ts';
import type { Draft } from './draft.ts';
import { fromCanal } from './from-canal.ts';
import { fromDebezium, offsetServer } from './from-debezium.ts';
import { fromFlinkCdc } from './from-flink-cdc.ts';
import { fromMaxwell } from './from-maxwell.ts';
import { fromRdi } from './from-rdi.ts';
import type { NamedText } from './named-text.ts';
import { takeOffsets } from './take-offsets.ts';
import { knownSinks } from './target-sink.ts';

export type ConvertedTool = 'debezium' | 'maxwell' | 'canal' | 'flink-cdc' | 'rdi';

export interface ConvertOptions {
  readonly connectors: readonly RegisteredConnector[];
  /** Where Debezium stood; null: unknown. */
  readonly offsets: NamedText | null;
}

/** Another tool's file (Canal and RDI: their files) as a pipeline file. Throws CONVERT_INPUT for one that cannot be read as such. */
export const convertFile = async (
  tool: ConvertedTool,
  files: readonly NamedText[],
  { connectors, offsets }: ConvertOptions,
): Promise<Draft> => {
  const sinks = await knownSinks(connectors);
  const [{ name, text }] = files as [NamedText];
  switch (tool) {
    case 'debezium': {
      const draft = fromDebezium(name, text, sinks);
      if (offsets !== null) takeOffsets(draft, offsetServer(name, text), offsets.name, offsets.text);
      return draft;
    }
    case 'maxwell':
      return fromMaxwell(name, text, sinks);
    case 'canal':
      return fromCanal(files, sinks);
    case 'rdi':
      return fromRdi(files);
    case 'flink-cdc': {
      const mysql = await connectors.find(({ type }) => type === 'mysql')!.load();
      return fromFlinkCdc(name, text, { sinks, sourceSettings: settingsOf(mysql.config) });
    }
  }
};
