import { z } from 'zod';
import { RedisConnection } from '../../connectors/redis/connection.ts';
import { connectionSettings } from '../../connectors/redis/connection-settings.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';

/** A connection of a test's own to a server, closed by disposing it. */
export const connectRedis = async (
  server: { readonly host: string; readonly port: number },
  settings: Readonly<Record<string, unknown>> = {},
): Promise<RedisConnection> =>
  await RedisConnection.open({
    config: z.object(connectionSettings).parse({ hostname: server.host, port: server.port, ...settings }),
    dial: dialTcp,
    clock: systemClock,
    signal: new AbortController().signal,
  });
