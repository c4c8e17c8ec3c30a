import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchedRedis } from './launch-redis.ts';
import { freePort } from './launch-server.ts';
import { connectRedis } from './redis-rig.ts';
import { enter, strike } from './server-ledger.ts';

export interface LaunchedSentinel extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** One Sentinel that watches `primary` under a name and decides alone. It lives in the primary's folder. */
export const launchSentinel = async (primary: LaunchedRedis, name: string): Promise<LaunchedSentinel> => {
  const { host, folder } = primary;
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const watched = `sentinel monitor ${name} ${host} ${primary.port} 1\nsentinel down-after-milliseconds ${name} 60000\n`;
  await writeFile(file, `port ${port}\nbind ${host}\ndir ${folder}\n${watched}`);
  const [command, ...prefix] = primary.program.server;
  const child = spawn(command, [...prefix, file, '--sentinel'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  if (child.pid !== undefined) enter(child.pid, folder);
  for (;;) {
    try {
      await using _ = await connectRedis({ host, port });
      break;
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await sleep(20);
    }
  }
  return {
    host,
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      if (child.pid !== undefined) strike(child.pid);
    },
  };
};
