import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import { FileFramer } from '../../protocol/mysql/file-framer.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import { plain } from '../../testing/mysql-rig.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { mysqlConfig } from './config.ts';
import { BinlogFileSource } from './file-source.ts';
import { TableCatalogue } from './table-catalogue.ts';
import { TransactionReader } from './transaction-reader.ts';

// Written by `INSERT`, `UPDATE`, `DELETE`, `ALTER TABLE`, `TRUNCATE` and an XA transaction on shop.orders; on MySQL one is compressed.
const recorded = [
  ['mysql', 'mysql-9.7.000001'],
  ['mariadb', 'mariadb-11.8.000001'],
] as const;
const pathOf = (name: string): string => join(import.meta.dirname, 'testdata', name);

const expected = [
  ['schema', null, 'orders(id,note)'],
  ['create', 'orders', null, [1, 'first']],
  ['create', 'orders', null, [2, 'second']],
  ['update', 'orders', [1, 'first'], [1, 'changed']],
  ['delete', 'orders', [2, 'second'], null],
  ['schema', 'orders(id,note)', 'orders(id,note,qty)'],
  ['create', 'orders', null, [3, 'third', 7]],
  ['truncate', 'orders'],
  ['create', 'orders', null, [4, 'fourth', 8]],
  ['create', 'orders', null, [5, 'compressed', 9]],
  ['create', 'orders', null, [6, 'prepared', 10]],
];

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const open = (files: string, settings: Readonly<Record<string, unknown>> = {}): BinlogFileSource => {
  const config = mysqlConfig.parse({
    'binlog.files': files,
    tables: 'shop.\\.*',
    'scan.startup.mode': 'earliest-offset',
    ...settings,
  });
  return new BinlogFileSource(config, { pipeline: 'test', log: silent, clock: systemClock });
};

const readAll = async (source: BinlogFileSource, held: ReadonlyMap<Lane, Position> = new Map()): Promise<Batch[]> => {
  const batches: Batch[] = [];
  for await (const batch of source.read(async (lane) => held.get(lane) ?? null, AbortSignal.timeout(10_000)))
    batches.push(batch);
  return batches;
};

const changesOf = (batches: readonly Batch[]): unknown[] => plain(batches.flatMap((batch) => batch.changes));

for (const [flavor, name] of recorded) {
  describe(`a binlog file of ${name.replace(/\.\d+$/, '')}`, () => {
    test('is read to its end', async () => {
      assert.deepEqual(changesOf(await readAll(open(pathOf(name)))), expected);
    });

    test('is taken up after any batch', async () => {
      const batches = await readAll(open(pathOf(name)));
      const held = new Map<Lane, Position>();
      let seen = 0;
      for (const batch of batches) {
        for (const [lane, place] of batch.positions) held.set(lane, place);
        seen += changesOf([batch]).length;
        assert.deepEqual(changesOf(await readAll(open(pathOf(name)), held)), expected.slice(seen));
      }
    });

    test('gives the same changes however its bytes are cut', async () => {
      const bytes = await readFile(pathOf(name));
      const random = new SeededRandom(3);
      const cuts = (longest: number) => (): number => random.integer(1, longest);
      for (const next of [() => 1, () => bytes.length, ...Array.from({ length: 40 }, () => cuts(700))]) {
        const catalogue = new TableCatalogue({
          captures: (database) => database === 'shop',
          watermarkTable: null,
          collations: builtinCollations(flavor),
          schema: emptySchema({ flavor }),
          assumed: null,
          log: silent,
        });
        const reader = new TransactionReader({
          start: {
            flavor,
            server: 's',
            epoch: 0,
            file: name,
            offset: 4,
            fileTime: 0,
            step: 0,
            gtids: null,
            prepared: [],
          },
          gtids: null,
          flavor,
          address: 'file',
          hasGtids: true,
          catalogue,
          partBytes: 1_000_000,
          skip: null,
        });
        const framer = new FileFramer();
        const changes: unknown[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = at + next();
          framer.push(Buffer.from(bytes.subarray(at, end)), (frame) => reader.event(frame));
          for (let batch = reader.take(); batch !== null; batch = reader.take()) changes.push(...plain(batch.changes));
          at = end;
        }
        assert.deepEqual(changes, expected);
      }
    });

    test('that breaks off inside an event is read up to there, said to be torn, and read on from there once it is whole', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
      try {
        const whole = await readFile(pathOf(name));
        const file = join(folder, name);
        await writeFile(file, whole.subarray(0, Math.floor(whole.length * 0.7)));
        const first: Batch[] = [];
        const reading = async (): Promise<void> => {
          for await (const batch of open(folder).read(async () => null, AbortSignal.timeout(10_000))) first.push(batch);
        };
        await assert.rejects(
          reading,
          (error) => isMillraceError(error, 'MYSQL_BINLOG_FILES') && error.details.path === file,
        );
        const held = new Map(first.flatMap((batch) => [...batch.positions]));
        assert.ok(first.length > 0 && changesOf(first).length < expected.length);
        await writeFile(file, whole);
        assert.deepEqual([...changesOf(first), ...changesOf(await readAll(open(folder), held))], expected);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    test('never passes a flipped bit', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
      try {
        const whole = await readFile(pathOf(name));
        const random = new SeededRandom(11);
        for (let i = 0; i < 60; i += 1) {
          const damaged = Buffer.from(whole);
          const at = random.integer(0, whole.length - 1);
          damaged[at] = damaged[at]! ^ (1 << random.integer(0, 7));
          const file = join(folder, name);
          await writeFile(file, damaged);
          const outcome = await readAll(open(file)).then(changesOf, (error: unknown) => error);
          // The header flag "still being written" is not under the checksum.
          const harmless = Array.isArray(outcome) && JSON.stringify(outcome) === JSON.stringify(expected);
          const torn = Array.isArray(outcome) && outcome.length < expected.length;
          assert.ok(harmless || torn || isMillraceError(outcome), `byte ${at}: ${String(outcome)}`);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
}

describe('a folder of binlog files', () => {
  test('is read in the order of its index file, else by number', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
    try {
      await copyFile(pathOf('mysql-9.7.000001'), join(folder, 'log.000010'));
      await copyFile(pathOf('mysql-9.7.000001'), join(folder, 'log.000009'));
      const files = (batches: readonly Batch[]): unknown[] => [
        ...new Set(
          batches.flatMap(({ changes }) =>
            changes.map((change) => 'origin' in change && change.origin.kind === 'mysql' && change.origin.file),
          ),
        ),
      ];
      assert.deepEqual(files(await readAll(open(folder))), ['log.000009', 'log.000010']);
      await writeFile(join(folder, 'log.index'), './log.000010\n./gone.000001\n');
      assert.deepEqual(files(await readAll(open(folder))), ['log.000010']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('without binlogs, or that is not there, is an error', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
    await mkdir(join(folder, 'empty'));
    for (const path of [join(folder, 'empty'), join(folder, 'nowhere')]) {
      await assert.rejects(readAll(open(path)), (error) => isMillraceError(error, 'MYSQL_BINLOG_FILES'));
    }
    await rm(folder, { recursive: true });
  });
});
