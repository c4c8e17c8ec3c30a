import type { z } from 'zod';
import type { ConnectedTable, Settings } from '../connected-table.ts';

/** A connector as WITH names it, by Flink's option names. */
export interface SqlConnector<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly options: Schema;
  /** Options that begin so have names of the user's own. */
  readonly prefix?: string;
  /** What a declaration with these options stands for. Throws OptionConflict. */
  connect(options: z.output<Schema>, declared: Declared): Connection;
}

export interface Declared {
  readonly table: string;
  readonly hasKey: boolean;
  /** The options as they were given: what is handed on to a connector's own schema. */
  readonly given: Settings;
  /** The options under the connector's prefix. */
  readonly prefixed: Settings;
}

export type Connection = Omit<ConnectedTable, 'connector' | 'metadata'> & Partial<Pick<ConnectedTable, 'metadata'>>;

/** Keeps a connector's schema type while checking it against the contract. */
export const defineSqlConnector = <Schema extends z.ZodType>(connector: SqlConnector<Schema>): SqlConnector<Schema> =>
  connector;

/** What options cannot mean together, said in words. */
export class OptionConflict extends Error {}
