import type { z } from 'zod';
import type { Settings } from '../connected-table.ts';
import { OptionConflict } from './sql-connector.ts';

/** Those of the options that are settings of this shape, as they were given. */
export const takenFrom = (options: Settings, shape: object): Settings =>
  Object.fromEntries(Object.entries(options).filter(([key]) => key in shape));

/** The settings, when the connector's own schema takes them together. Throws OptionConflict. */
export const settled = (schema: z.ZodType, settings: Settings): Settings => {
  const result = schema.safeParse(settings);
  if (result.success) return settings;
  const [issue] = result.error.issues;
  throw new OptionConflict(`'${issue!.path.join('.')}': ${issue!.message}`);
};
