import type { Span } from '../sql-error.ts';

/** One name, without quotes. */
export interface Identifier extends Span {
  readonly kind: 'identifier';
  readonly name: string;
}
