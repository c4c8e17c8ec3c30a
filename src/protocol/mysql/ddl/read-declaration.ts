import { type DeclaredType, readType } from './declared-type.ts';
import { TokenCursor, UnreadableStatement } from './token-cursor.ts';

/** Reads a type as the catalogue prints it (`decimal(10,2) unsigned`); null when it is not one. */
export const readDeclaration = (declaration: string, flavor: 'mysql' | 'mariadb'): DeclaredType | null => {
  // The catalogue escapes members with backslashes whatever the sql_mode.
  const cursor = new TokenCursor(declaration, { flavor, ansiQuotes: false, noBackslashEscapes: false });
  try {
    return readType(cursor, false);
  } catch (error) {
    if (error instanceof UnreadableStatement) return null;
    throw error;
  }
};
