import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Clock } from '../../core/clock.ts';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { plain } from '../../testing/mysql-rig.ts';
import { silent } from '../../testing/pipeline-rig.ts';
import { mysqlConfig } from './config.ts';
import { BinlogFileSource } from './file-source.ts';

const recorded = await readFile(join(import.meta.dirname, 'testdata', 'mysql-9.7.000001'));

/** A folder that grows under a source that follows it. */
class Following implements AsyncDisposable {
  readonly folder: string;
  readonly batches: Batch[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Following> {
    return new Following(await mkdtemp(join(tmpdir(), 'millrace-follow-')));
  }

  /** The recorded file was the log's 26th, and says that the 27th follows. */
  path(number: number): string {
    return join(this.folder, `binlog.${String(25 + number).padStart(6, '0')}`);
  }

  begin(clock: Clock, settings: Readonly<Record<string, unknown>> = {}): void {
    const config = mysqlConfig.parse({
      'binlog.files': this.folder,
      'binlog.files.follow': true,
      tables: 'shop.\\.*',
      ...settings,
    });
    const source = new BinlogFileSource(config, { pipeline: 'test', log: silent, clock });
    this.#running = (async () => {
      for await (const batch of source.read(async (lane) => this.held.get(lane) ?? null, this.#stop.signal))
        this.batches.push(batch);
    })();
    this.#running.catch(() => {});
  }

  get held(): ReadonlyMap<Lane, Position> {
    return new Map(this.batches.flatMap(({ positions }) => [...positions]));
  }

  get changes(): unknown[] {
    return plain(this.batches.flatMap((batch) => batch.changes));
  }

  async until(count: number): Promise<void> {
    const patience = performance.now() + 20_000;
    while (this.changes.length < count) {
      assert.ok(performance.now() < patience, `only ${this.changes.length} changes came`);
      await Promise.race([sleep(5), this.#running]);
    }
  }

  /** What reading ended with. */
  get ended(): Promise<void> {
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
    await rm(this.folder, { recursive: true });
  }
}

/** Changes in the recorded file. */
const count = 11;

test('a folder is followed while its last file grows byte by byte and others come', async () => {
  await using following = await Following.open();
  await writeFile(following.path(1), recorded.subarray(0, 2));
  following.begin(systemClock);
  for (let at = 2; at < recorded.length; at += 97) {
    await appendFile(following.path(1), recorded.subarray(at, at + 97));
    if (at % 5 === 0) await sleep(1);
  }
  await following.until(count);
  // The table is created a second time by the second file.
  await writeFile(following.path(2), recorded.subarray(0, 600));
  await sleep(5);
  await appendFile(following.path(2), recorded.subarray(600));
  await following.until(2 * count);
  assert.deepEqual(following.changes.slice(count), following.changes.slice(0, count));
});

test('goes on where it was, though nothing but the position of a file to come was left', async () => {
  await using following = await Following.open();
  await writeFile(following.path(1), recorded);
  following.begin(systemClock);
  await following.until(count);
  await using again = await Following.open();
  again.batches.push(...following.batches);
  await writeFile(again.path(1), recorded);
  again.begin(systemClock);
  await writeFile(again.path(2), recorded);
  await again.until(2 * count);
});

test('latest-offset begins at the end of what is there', async () => {
  await using following = await Following.open();
  await writeFile(following.path(1), recorded);
  following.begin(systemClock, { 'scan.startup.mode': 'latest-offset' });
  await sleep(50);
  await writeFile(following.path(2), recorded);
  await following.until(count);
  const files = following.batches.flatMap(({ changes }) =>
    changes.map((change) => 'origin' in change && change.origin.kind === 'mysql' && change.origin.file),
  );
  assert.deepEqual([...new Set(files)], ['binlog.000027']);
});

test('what is missing is waited for, and is an error when it does not come', async () => {
  const lacking = async (prepare: (following: Following) => Promise<void>): Promise<string> => {
    await using following = await Following.open();
    const clock = new FakeClock();
    await writeFile(following.path(1), recorded);
    await prepare(following);
    following.begin(clock);
    const ended = following.ended.then(
      () => null,
      (error: unknown) => error,
    );
    let error: unknown = null;
    while (error === null) {
      await sleep(1);
      clock.advance(100);
      error = await Promise.race([ended, sleep(1, null)]);
    }
    assert.ok(isMillraceError(error, 'MYSQL_BINLOG_FILES'), String(error));
    assert.equal(following.changes.length, count);
    return error.details.reason;
  };
  const { length } = recorded;
  assert.equal(
    await lacking(async (following) => writeFile(following.path(3), recorded)),
    '1 of the files between it and binlog.000028 are missing',
  );
  assert.equal(
    await lacking(async (following) => {
      await appendFile(following.path(1), recorded.subarray(4, 40));
      await writeFile(following.path(2), recorded);
    }),
    `it ends inside the event at ${length}, and binlog.000027 follows it`,
  );
});

test('a file that becomes shorter is an error', async () => {
  await using following = await Following.open();
  await writeFile(following.path(1), recorded);
  following.begin(systemClock);
  await following.until(count);
  await truncate(following.path(1), 100);
  await assert.rejects(following.ended, (error) => isMillraceError(error, 'MYSQL_BINLOG_FILES'));
});

test('without following, a file that is missing in a folder is an error, and one that is not named is not', async () => {
  await using following = await Following.open();
  for (const number of [1, 3]) await writeFile(following.path(number), recorded);
  following.begin(systemClock, { 'binlog.files.follow': false });
  await assert.rejects(following.ended, (error) => isMillraceError(error, 'MYSQL_BINLOG_FILES'));
  assert.equal(following.changes.length, count);
  following.batches.length = 0;
  const named = `${following.path(1)}, ${following.path(3)}`;
  following.begin(systemClock, { 'binlog.files.follow': false, 'binlog.files': named });
  await following.ended;
  assert.equal(following.changes.length, 2 * count);
});
