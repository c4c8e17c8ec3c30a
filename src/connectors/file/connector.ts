import { defineConnector } from '../../core/connector.ts';
import { fileConfig } from './config.ts';
import { fileEnds } from './ends.ts';

/** Appends every change as a line to a file, or to stdout. */
export const file = defineConnector({ type: 'file', config: fileConfig, ...fileEnds });
