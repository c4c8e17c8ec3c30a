import { z } from 'zod';
import { defineSqlConnector } from './sql-connector.ts';

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
