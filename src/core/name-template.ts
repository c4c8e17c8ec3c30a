/**
 * Names that are made of others: `ods.%{table}`, `%{database}_%{table}`. `%%{` stands for the characters `%{`; a `%` before
 * anything else is itself. (`${…}` is the environment's, and is filled in before.)
 */
import { MillraceError } from './errors.ts';

export interface NameTemplate<Variable extends string> {
  /** The variables that the text holds. */
  readonly variables: ReadonlySet<Variable>;
  /** The text around the variables: one piece more than there are variables. */
  readonly literals: readonly string[];
  /** The variables as they follow each other. */
  readonly sequence: readonly Variable[];
  fill(values: Readonly<Record<Variable, string>>): string;
}

/** Reads a template over `known`. Throws CONFIG_TEMPLATE for any other variable, and for one that is not closed. */
export const nameTemplate = <Variable extends string>(
  text: string,
  known: readonly Variable[],
): NameTemplate<Variable> => {
  const literals: string[] = [];
  const variables: Variable[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('%{', at);
    if (open < 0) break;
    if (open > at && text[open - 1] === '%') {
      literal += `${text.slice(at, open - 1)}%{`;
      at = open + 2;
      continue;
    }
    const close = text.indexOf('}', open);
    if (close < 0) throw new MillraceError('CONFIG_TEMPLATE', { text, reason: 'the closing } is missing' });
    const name = text.slice(open + 2, close);
    const variable = known.find((other) => other === name);
    if (variable === undefined) {
      const reason = `there is no %{${name}}; the variables are ${known.map((other) => `%{${other}}`).join(', ')}`;
      throw new MillraceError('CONFIG_TEMPLATE', { text, reason });
    }
    literals.push(literal + text.slice(at, open));
    variables.push(variable);
    literal = '';
    at = close + 1;
  }
  const last = literal + text.slice(at);
  return {
    variables: new Set(variables),
    literals: [...literals, last],
    sequence: variables,
    fill: (values) => {
      let filled = '';
      for (let index = 0; index < variables.length; index += 1) filled += literals[index]! + values[variables[index]!];
      return filled + last;
    },
  };
};
