import { type LaunchedServer, launchProgram } from './launch-server.ts';
import { installedProgram } from './server-program.ts';

/**
 * Starts the mysqld or mariadbd installed on this machine on private, throw-away data; null when there is none, or when it
 * does not serve within `withinMs` (AppArmor may forbid it a folder of ours, for one).
 */
export const findLocalMysqld = async (options: {
  readonly withinMs: number;
  readonly options?: readonly string[];
}): Promise<LaunchedServer | null> => {
  const program = await installedProgram();
  if (program === null) return null;
  const launch = launchProgram(program, {
    timeoutMs: options.withinMs,
    ...(options.options === undefined ? {} : { options: options.options }),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, options.withinMs, null);
  });
  const server = await Promise.race([launch.catch(() => null), late]);
  clearTimeout(timer);
  // A server that came too late is ended when it does come.
  if (server === null) launch.then((slow) => slow[Symbol.asyncDispose]()).catch(() => {});
  return server;
};
