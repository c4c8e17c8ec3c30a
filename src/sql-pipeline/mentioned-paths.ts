import type { Identifier } from '../sql/ast/identifier.ts';
import type { Statement } from '../sql/ast/statement.ts';

type Path = readonly Identifier[];

/** Every name in a statement that may be a table's. */
export const mentionedPaths = (statement: Statement): readonly Path[] => {
  const found: Path[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { kind, path } = node as { readonly kind?: unknown; readonly path?: Path };
    const isColumn = kind === 'name' || kind === 'call';
    if (Array.isArray(path) && path.length > 0 && !isColumn) found.push(path);
    for (const part of Object.values(node)) visit(part);
  };
  visit(statement);
  return found;
};
