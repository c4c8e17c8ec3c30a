import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context, Ends, Problem } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import type { WebhookConfig } from './config.ts';
import { positionPath } from './position-path.ts';
import { Receiver } from './receiver.ts';
import { openWebhookSink } from './sink.ts';

export const webhookEnds: Ends<WebhookConfig> = {
  openSink: async (config, context) => openWebhookSink(config, context),
  check: async (config, context) => [
    ...(await checkFolder(config, context)),
    ...(await checkReceiver(config, context)),
  ],
};

const checkFolder = async (config: WebhookConfig, context: Context): Promise<readonly Problem[]> => {
  const path = positionPath(config, context);
  try {
    await access(dirname(path), constants.W_OK);
    return [];
  } catch (error) {
    return [problem(new MillraceError('SINK_WRITE_FAILED', { sink: path, reason: (error as Error).message }))];
  }
};

/** Somebody answers there; what they say to a POST only a POST would show. */
const checkReceiver = async (config: WebhookConfig, context: Context): Promise<readonly Problem[]> => {
  const receiver = new Receiver(config, context);
  try {
    await receiver.reach();
    context.passed?.(`${receiver.name} answers`);
    return [];
  } catch (error) {
    return [problem(error as MillraceError)];
  }
};

const problem = ({ code, message, hint }: MillraceError): Problem => ({
  code,
  message,
  remedy: hint,
  severity: 'error',
});
