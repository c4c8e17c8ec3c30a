import type { Context } from '../../core/connector.ts';
import type { WebhookConfig } from './config.ts';

/** The file that positions are kept in. */
export const positionPath = (
  config: Pick<WebhookConfig, 'position.path'>,
  { pipeline }: Pick<Context, 'pipeline'>,
): string => config['position.path'] ?? `${pipeline.replaceAll(/[^\w.-]/g, '_')}.webhook-position`;
