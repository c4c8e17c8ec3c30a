import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { type Result, type Run, summarise } from '../result.ts';

/** From the start of a command to its end: `--help`, and `status` against an API that answers at once. */
export const cli = async (rounds: number): Promise<readonly Result[]> => {
  build();
  const api = createServer((_, response) => response.end('{"pipelines":[]}'));
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const { port } = api.address() as { readonly port: number };
  const url = `http://127.0.0.1:${port}`;
  const timed = async (args: readonly string[]): Promise<number> => {
    const started = performance.now();
    const child = spawn(process.execPath, [...publishedFlags, builtCommand, ...args], {
      stdio: 'ignore',
      env: { ...process.env, MILLRACE_API_URL: url },
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}`);
    return performance.now() - started;
  };
  const bare = (): number => {
    const started = performance.now();
    spawnSync(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    return performance.now() - started;
  };
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const figures = {
      'node itself, ms': bare(),
      '--help, ms': await timed(['--help']),
      'status, ms': await timed(['status']),
      'version, ms': await timed(['version']),
    };
    if (round > 0) runs.push({ rows: 1, seconds: figures['status, ms'] / 1000, cpuSeconds: 0, peakRssMiB: 0, figures });
  }
  api.close();
  return summarise('cli', new Map([['millrace', runs]]));
};
