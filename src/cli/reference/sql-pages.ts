import { deviations, expressionDeviations, functionDeviations, resultDeviations } from '../../sql/deviations.ts';
import { functionTable } from '../../sql/functions/function-table.ts';
import { code, fillPart, markdownTable } from './markdown.ts';

const headings: readonly (readonly [category: string, heading: string])[] = [
  ['condition', 'Choosing'],
  ['number', 'Numbers'],
  ['text', 'Texts'],
  ['hash', 'Hashes'],
  ['time', 'Times'],
  ['json', 'JSON'],
  ['collection', 'Arrays and maps'],
];

/** docs/sql/functions.md, made from the table that binds them. */
export const functionsPage = (page: string): string => {
  const parts = headings.map(([category, heading]) => {
    const functions = functionTable.filter((one) => one.category === category);
    const rows = functions
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ usage, description }) => [code(usage), description]);
    return `### ${heading}\n\n${markdownTable(['call', ''], rows)}`;
  });
  const absent = Map.groupBy(functionDeviations.keys(), (name) => functionDeviations.get(name)!);
  const missing = [...absent].map(([why, names]) => [names.map(code).join(' '), why]);
  const filled = fillPart(page, 'functions', parts.join('\n\n'));
  return fillPart(filled, 'missing', markdownTable(["in Flink's list", 'why not here'], missing));
};

/** docs/sql/differences.md, made from the lists that the tests hold to Flink's recorded answers. */
export const differencesPage = (page: string): string => {
  const statements = deviations.map(({ statement, accepted, reason }) => [
    code(statement),
    accepted ? 'read' : 'refused',
    reason,
  ]);
  const expressions = [...expressionDeviations].map(([expression, reason]) => [code(expression), reason]);
  const filled = fillPart(page, 'statements', markdownTable(['statement', 'here', 'why'], statements));
  const more = fillPart(filled, 'expressions', markdownTable(['expression', 'here'], expressions));
  const results = [...resultDeviations].map(([query, reason]) => [code(query), reason]);
  return fillPart(more, 'results', markdownTable(['query', 'here'], results));
};
