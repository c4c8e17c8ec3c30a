import { defineConnector } from '../../core/connector.ts';
import { webhookConfig } from './config.ts';
import { webhookEnds } from './ends.ts';

/** Posts every change to a URL, signed. */
export const webhook = defineConnector({ type: 'webhook', config: webhookConfig, ...webhookEnds });
