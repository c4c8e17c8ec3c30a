import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../pipeline/system-clock.ts';
import { readRecording } from '../testing/replay-server/recording.ts';
import { ReplayServer } from '../testing/replay-server/replay-server.ts';
import type { DemoSource } from './demo-source.ts';
import { readExpectedTables, recordingFolder } from './recording.ts';

/** The recorded shop, replayed over the replication protocol on loopback in about `seconds`. */
export const openRecordedSource = async (seconds: number): Promise<DemoSource> => {
  const recording = await readRecording(recordingFolder);
  const expected = await readExpectedTables();
  const bytes = recording.files.reduce((sum, file) => sum + file.bytes.length, 0);
  const password = 'recorded';
  const server = new ReplayServer({
    recording,
    clock: systemClock,
    user: 'demo',
    password,
    bytesPerSecond: bytes / seconds,
  });
  const port = await server.listen();
  return {
    title: `a binlog recorded from MySQL ${expected.serverVersion} (${recording.files.length} files, ${(bytes / 1e6).toFixed(1)} MB, ${expected.transactions} transactions), replayed over the replication protocol`,
    kind: 'recording',
    serverVersion: expected.serverVersion,
    host: '127.0.0.1',
    port,
    user: 'demo',
    password,
    database: expected.tables[0]!.database,
    startupMode: 'earliest-offset',
    changes: expected.changes,
    play: async (signal) => {
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
    },
    // It is in the recording.
    close: async () => {},
    cut: () => server.faults.cutAfter(777),
    tables: async () => expected.tables,
    [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
  };
};
