import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Context } from '../../core/connector.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { killOnDisk } from '../../testing/kill-on-disk.ts';
import { type SinkHarness, sinkContract } from '../../testing/sink-contract.ts';
import { quoteName } from './quote-name.ts';
import { openSqliteSink } from './sink.ts';

const context: Context = {
  pipeline: 'test',
  clock: new FakeClock(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

const folder = (): { readonly path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};

const rowsOf = (path: string, table: Table): readonly Row[] => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const columns = table.columns.map((column) => quoteName(column.name)).join(', ');
    const mirror = quoteName(qualifiedName(table));
    if (!db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(qualifiedName(table))) return [];
    const select = db.prepare(`SELECT ${columns} FROM ${mirror}`);
    select.setReturnArrays(true);
    return select.all() as unknown as Row[];
  } finally {
    db.close();
  }
};

const harness = async (): Promise<SinkHarness> => {
  const place = folder();
  const path = join(place.path, 'mirror.db');
  return {
    open: async () => openSqliteSink(path, context),
    rows: async (table) => rowsOf(path, table),
    kill: (sink) => killOnDisk(place.path, sink),
    [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
  };
};

sinkContract('sqlite', harness);
