import type { Ends } from '../../core/connector.ts';
import { BlackholeSink } from './sink.ts';

export const blackholeEnds: Ends = {
  openSink: async () => new BlackholeSink(),
  check: async () => [],
};
