import type { RedisSourceConfig } from '../config.ts';

/** The settings of a source that names a file. */
export type FileSettings = RedisSourceConfig & { readonly path: string };
