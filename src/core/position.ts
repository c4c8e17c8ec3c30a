import type { Position } from './batch.ts';

/** Brands a source's own text as a position. Only a source makes positions; everyone else passes them on. */
export const position = (text: string): Position => text as Position;
