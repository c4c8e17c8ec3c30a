import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Ends, Problem } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { FileConfig } from './config.ts';
import { openFileSink } from './file-sink.ts';
import { LineEncoder } from './line-encoder.ts';
import { StreamSink } from './stream-sink.ts';

export const fileEnds: Ends<FileConfig> = {
  openSink: async (config, context) => {
    const encoder = new LineEncoder(config, context);
    return config.path === '-'
      ? new StreamSink('stdout', process.stdout, encoder)
      : await openFileSink(config.path, context.pipeline, encoder);
  },
  check: async ({ path }) => (path === '-' ? [] : await checkFolder(path)),
};

const checkFolder = async (path: string): Promise<readonly Problem[]> => {
  try {
    await access(dirname(path), constants.W_OK);
    return [];
  } catch (error) {
    const { code, message, hint } = new MillraceError('SINK_WRITE_FAILED', {
      sink: path,
      reason: (error as Error).message,
    });
    return [{ code, message, remedy: hint, severity: 'error' }];
  }
};
