import { z } from 'zod';
import { webhookConfig } from '../../connectors/webhook/config.ts';
import { defineSqlConnector } from './sql-connector.ts';
import { settled, takenFrom } from './taken-from.ts';

const { 'value.format': format, ...shape } = webhookConfig.shape;

/** Requests for rows that are added (`json`), or for changes of rows (`change-json`). */
export const webhookTable = defineSqlConnector({
  name: 'webhook',
  options: z.strictObject({ ...shape, format: z.enum(['json', 'change-json']) }),
  connect: (given, { table, given: options }) => ({
    reads: null,
    writes: given.format === 'json' ? 'appends' : 'changes',
    bounded: false,
    store: null,
    source: null,
    sink: {
      kind: 'webhook',
      settings: settled(webhookConfig, { ...takenFrom(options, shape), 'value.format': given.format }),
      database: '',
      table,
    },
  }),
});
