import { defineConnector } from '../../core/connector.ts';
import { sqliteConfig } from './config.ts';
import { sqliteEnds } from './ends.ts';

/** Mirrors the source's tables in a SQLite file. */
export const sqlite = defineConnector({ type: 'sqlite', config: sqliteConfig, ...sqliteEnds });
