import type { TableBinding } from '../sql/catalog/table-binding.ts';
import type { LookupSettings } from './lookups/lookup-options.ts';

/** Settings of a connector of pipelines, as its schema takes them. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where the rows of a declared table come from. */
export type TableSource =
  /** A MySQL table: its snapshot, then its log; `once`: the snapshot alone. Tables with equal settings are read together. */
  | { readonly kind: 'mysql'; readonly settings: Settings; readonly database: string; readonly table: string }
  /** A MySQL table, read once with SELECT, or asked for rows by their keys. */
  | {
      readonly kind: 'scan';
      readonly settings: Settings;
      readonly database: string;
      readonly table: string;
      readonly lookup: LookupSettings;
    }
  | { readonly kind: 'kafka'; readonly settings: Settings; readonly table: string; readonly appends: boolean }
  /** Files of this machine (`FileReading`), read once. */
  | { readonly kind: 'filesystem'; readonly settings: Settings }
  | { readonly kind: 'datagen'; readonly settings: Settings };

/** Where the rows of INSERT INTO go. Tables with equal settings are written together. */
export interface TableSink {
  readonly kind: 'mysql' | 'kafka' | 'sqlite' | 'file' | 'webhook' | 'print' | 'blackhole';
  readonly settings: Settings;
  /** What the table is called there; the database is empty where there is none. */
  readonly database: string;
  readonly table: string;
}

/** A declared table and the two ends it stands for. */
export interface ConnectedTable extends TableBinding {
  readonly source: TableSource | null;
  readonly sink: TableSink | null;
}
