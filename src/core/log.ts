/** Where a connector tells what happened. Fields hold names, counts and positions; never row values or secrets. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  /** A change of state. */
  info(message: string, fields?: LogFields): void;
  /** Something failed and millrace recovered, or something will fail unless somebody acts. */
  warn(message: string, fields?: LogFields): void;
  /** Somebody must act. */
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;
