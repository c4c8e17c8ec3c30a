import { execFile } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mavenJars } from '../../src/testing/servers/maven-jars.ts';
import type { Run } from '../result.ts';
import { flinkJars } from './flink-jars.ts';

/** The name of its line in a result. */
export const flinkName = 'Flink 1.20.3, parallelism 1';

const program = fileURLToPath(new URL('flink/SqlJobs.java', import.meta.url));
/** Flink on Java 17 looks into Java's own classes, and its clients do into those of the compiler of a single file. */
const opened = ['lang', 'lang.reflect', 'net', 'io', 'nio', 'text', 'time', 'util', 'util.concurrent'].map(
  (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
);

export interface FlinkJobs {
  /** CREATE statements, in Flink's dialect. */
  readonly tables: readonly string[];
  /** A SELECT of all that the others read: what it takes is taken for what reading takes. */
  readonly reading: string;
  /** SELECT statements, each a job of its own. */
  readonly queries: readonly string[];
  /** How many rows each of them reads. */
  readonly rows: number;
}

/**
 * Runs queries on Flink, a job after the other in one process, after a warm-up by reading twice, and gives a run for each, in their order. A
 * text: why there is none. Flink or a Java that compiles cannot be had, or they did not get through within `timeoutMs`.
 */
export const runFlink = async (
  { tables, reading, queries, rows }: FlinkJobs,
  timeoutMs: number,
): Promise<readonly Run[] | string> => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-flink-'));
  const statements = join(folder.path, 'statements.sql');
  writeFileSync(statements, [...tables, reading, reading, ...queries].map((text) => `${text.trim()}\n;\n`).join(''));
  try {
    const libraries = await mavenJars(flinkJars);
    const args = ['-Xmx1g', ...opened, `-Djava.io.tmpdir=${folder.path}`, '-cp', `${libraries}/*`, program];
    const { stdout } = await promisify(execFile)('java', [...args, statements, String(rows)], {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 24,
    });
    const lines = stdout.split('\n').filter((line) => line.startsWith('{"rows"'));
    return lines.slice(2).map((line) => JSON.parse(line) as Run);
  } catch (error) {
    const { message, killed } = error as Error & { readonly killed?: boolean };
    if (killed) return `it was not through after ${timeoutMs / 1_000} s`;
    const lines = message.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Command failed'));
    return (lines.find((line) => /error|exception/i.test(line)) ?? lines[0] ?? message.split('\n')[0]!).slice(0, 300);
  }
};
