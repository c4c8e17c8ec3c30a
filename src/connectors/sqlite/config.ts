import { z } from 'zod';

export const sqliteConfig = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'Database file. It is made when there is none; each source table becomes a table named `database.table` in it.',
    ),
});

export type SqliteConfig = z.output<typeof sqliteConfig>;
