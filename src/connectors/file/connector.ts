import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defineConnector, type Problem } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { fileConfig } from './config.ts';
import { openFileSink } from './file-sink.ts';
import { LineEncoder } from './line-encoder.ts';
import { StreamSink } from './stream-sink.ts';

/** Appends every change as a line to a file, or to stdout. */
export const file = defineConnector({
  type: 'file',
  config: fileConfig,
  openSink: async (config, context) => {
    const encoder = new LineEncoder(config, context);
    return config.path === '-'
      ? new StreamSink('stdout', process.stdout, encoder)
      : await openFileSink(config.path, context.pipeline, encoder);
  },
  check: async ({ path }) => (path === '-' ? [] : await checkFolder(path)),
});

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
