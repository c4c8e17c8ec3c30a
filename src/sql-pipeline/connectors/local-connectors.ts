import { z } from 'zod';
import { defineSqlConnector, OptionConflict } from './sql-connector.ts';

/** Rows in the terminal, as they come and go. */
export const print = defineSqlConnector({
  name: 'print',
  options: z.strictObject({ 'print-identifier': z.string().optional() }),
  connect: ({ 'print-identifier': identifier = '' }) => ({
    reads: null,
    writes: 'changes',
    bounded: false,
    store: null,
    source: null,
    sink: { kind: 'print', settings: { identifier }, database: '', table: 'print' },
  }),
});

export const blackhole = defineSqlConnector({
  name: 'blackhole',
  options: z.strictObject({}),
  connect: () => ({
    reads: null,
    writes: 'changes',
    bounded: false,
    store: null,
    source: null,
    sink: { kind: 'blackhole', settings: {}, database: '', table: 'blackhole' },
  }),
});

/** A table of a SQLite file. */
export const sqliteTable = defineSqlConnector({
  name: 'sqlite',
  options: z.strictObject({ path: z.string().min(1), 'table-name': z.string().min(1) }),
  connect: ({ path, 'table-name': table }) => ({
    reads: null,
    writes: 'upserts',
    bounded: false,
    store: `sqlite:${path}/${table}`,
    source: null,
    sink: { kind: 'sqlite', settings: { path }, database: '', table },
  }),
});

/** A file of lines. */
export const filesystem = defineSqlConnector({
  name: 'filesystem',
  options: z.strictObject({ path: z.string().min(1), format: z.enum(['debezium-json']) }),
  connect: ({ path }) => {
    const file = path.replace(/^file:\/\//, '');
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file)) throw new OptionConflict("'path' is a file of this machine");
    return {
      reads: null,
      writes: 'changes',
      bounded: false,
      store: `file:${file}`,
      source: null,
      sink: {
        kind: 'file',
        settings: { path: file, 'decimal.handling.mode': 'string' },
        database: '',
        table: file.split('/').at(-1)!.replace(/\..*$/, ''),
      },
    };
  },
});

/** Made-up rows: numbers that count up or are drawn, and texts of drawn letters. */
export const datagen = defineSqlConnector({
  name: 'datagen',
  options: z.strictObject({
    'rows-per-second': z.number().int().min(1).default(10_000),
    'number-of-rows': z.number().int().min(0).optional(),
  }),
  prefix: 'fields.',
  connect: (given, { prefixed }) => ({
    reads: 'appends',
    writes: null,
    // A sequence ends at its end.
    bounded: given['number-of-rows'] !== undefined || Object.values(prefixed).includes('sequence'),
    store: null,
    source: { kind: 'datagen', settings: { ...given, ...prefixed } },
    sink: null,
  }),
});
