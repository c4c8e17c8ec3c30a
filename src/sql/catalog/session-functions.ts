import { nearestName } from '../../core/nearest-name.ts';
import type { Call } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { CreateFunction, Drop } from '../ast/statement.ts';
import { constant } from '../evaluate/bound.ts';
import { convertArguments, type SqlFunction } from '../functions/define.ts';
import { functionNamed } from '../functions/function-table.ts';
import { sqlError } from '../sql-error.ts';
import { string } from '../types/sql-type.ts';

/** Functions that the statements of a session have declared. Names are the same in any case, as those of the built-in ones are. */
export class SessionFunctions {
  readonly #functions = new Map<string, SqlFunction>();

  get names(): readonly string[] {
    return [...this.#functions.keys()];
  }

  /** Throws SQL_INVALID for a name that is taken. */
  take({ path, ifNotExists, scope }: CreateFunction, definition: SqlFunction): void {
    const name = nameOf(path);
    const span = { start: path[0]!.start, end: path.at(-1)!.end };
    if (this.#functions.has(name)) {
      if (ifNotExists) return;
      throw sqlError('SQL_INVALID', span, { reason: `there is a function ${name} already` });
    }
    if (functionNamed(name) !== null && scope !== 'TEMPORARY SYSTEM') {
      throw sqlError('SQL_INVALID', span, {
        reason: `${name} is built in; CREATE TEMPORARY SYSTEM FUNCTION puts another in its place`,
      });
    }
    this.#functions.set(name, definition);
  }

  /** Takes a function that a program defines, under a name that it alone uses. */
  declare(definition: SqlFunction): void {
    this.#functions.set(definition.name, definition);
  }

  /** Throws SQL_UNKNOWN_NAME. */
  drop({ path, ifExists }: Drop): void {
    const name = nameOf(path);
    if (this.#functions.delete(name) || ifExists) return;
    const span = { start: path[0]!.start, end: path.at(-1)!.end };
    throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'function', name, suggestion: nearestName(name, this.names) });
  }

  /** The same with the calls of these functions settled, and those that ask about the session, as of now. */
  resolved<Node>(node: Node, database: string): Node {
    if (Array.isArray(node)) return node.map((each: unknown) => this.resolved(each, database)) as Node;
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node).map(([key, value]) => [key, this.resolved(value, database)] as const);
    const copy = Object.fromEntries(entries) as Node;
    const { kind, path } = node as Partial<Call>;
    if (kind !== 'call') return copy;
    const name = nameOf(path!);
    const definition =
      this.#functions.get(name) ?? (name === 'CURRENT_DATABASE' ? currentDatabase(database) : undefined);
    return definition === undefined ? copy : { ...copy, definition };
  }
}

/** The database in use when a statement is settled, as Flink has it. */
const currentDatabase = (database: string): SqlFunction => ({
  name: 'CURRENT_DATABASE',
  category: 'condition',
  usage: 'CURRENT_DATABASE()',
  description: 'The database in use.',
  bind: (args, site) => {
    convertArguments(args, [], 'CURRENT_DATABASE()', site);
    return constant(database, string(false));
  },
});

const nameOf = (path: readonly Identifier[]): string =>
  path
    .map(({ name }) => name)
    .join('.')
    .toUpperCase();
