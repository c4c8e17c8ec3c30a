import { resolve } from 'node:path';
import { version } from '../pipeline/program-version.ts';

/** Where jobs are kept that name no folder, and by whom: `MILLRACE_STATE`, or .millrace/state here. */
export const ownState = (): { readonly folder: string; readonly version: string } => ({
  folder: resolve(process.env['MILLRACE_STATE'] || '.millrace/state'),
  version,
});
