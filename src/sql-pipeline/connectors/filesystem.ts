import { z } from 'zod';
import type { FileReading } from '../../connectors/file/lines/file-reading.ts';
import { defineSqlConnector, OptionConflict } from './sql-connector.ts';

/** One character, also as it is written in Java: `\t`. */
const character = z
  .string()
  .transform((text) => (text === '\\t' ? '\t' : text))
  .refine((text) => text.length === 1, 'one character');

/** Files of lines: read once, from their beginnings to their ends, and appended to. */
export const filesystem = defineSqlConnector({
  name: 'filesystem',
  options: z.strictObject({
    path: z.string().min(1),
    format: z.enum(['json', 'csv', 'debezium-json']),
    'json.ignore-parse-errors': z.boolean().default(false),
    'csv.ignore-parse-errors': z.boolean().default(false),
    'csv.field-delimiter': character.default(','),
    'csv.quote-character': character.default('"'),
    'csv.disable-quote-character': z.boolean().default(false),
    'csv.allow-comments': z.boolean().default(false),
    'csv.null-literal': z.string().optional(),
  }),
  connect: (given, { given: options }) => {
    const { format } = given;
    const foreign = Object.keys(options).find((key) => /^(json|csv)\./.test(key) && !key.startsWith(`${format}.`));
    if (foreign !== undefined) throw new OptionConflict(`'${foreign}' says nothing of 'format' = '${format}'`);
    const path = given.path.replace(/^file:\/\//, '');
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) throw new OptionConflict("'path' is a file of this machine");
    const reading: FileReading = {
      path,
      format,
      ignoresErrors: given['json.ignore-parse-errors'] || given['csv.ignore-parse-errors'],
      csv: {
        delimiter: given['csv.field-delimiter'],
        quote: given['csv.disable-quote-character'] ? null : given['csv.quote-character'],
        comments: given['csv.allow-comments'],
        nullLiteral: given['csv.null-literal'] ?? null,
      },
    };
    return {
      reads: format === 'debezium-json' ? 'changes' : 'appends',
      writes: format === 'debezium-json' ? 'changes' : format === 'json' ? 'appends' : null,
      bounded: true,
      store: `file:${path}`,
      source: { kind: 'filesystem', settings: { ...reading } },
      sink: {
        kind: 'file',
        settings: { path, 'value.format': format, 'decimal.handling.mode': 'string' },
        database: '',
        table: path.split('/').at(-1)!.replace(/\..*$/, ''),
      },
    };
  },
});
