import type { Settings } from '../connected-table.ts';

/** Those of the options that are settings of this shape, as they were given. */
export const takenFrom = (options: Settings, shape: object): Settings =>
  Object.fromEntries(Object.entries(options).filter(([key, value]) => key in shape && value !== undefined));
