import type { Bound } from '../evaluate/bound.ts';
import { jsonWriter } from '../evaluate/json-text.ts';
import { string } from '../types/sql-type.ts';
import { define, type SqlFunction } from './define.ts';

const written = (name: string, usage: string, description: string): SqlFunction => ({
  name,
  category: 'json',
  usage,
  description,
  bind: () => {
    throw new Error(`${name} has its own syntax and is bound by it`);
  },
});

export const jsonFunctions: readonly SqlFunction[] = [
  define('json', 'JSON_STRING', {
    usage: 'JSON_STRING(value)',
    description: 'The value as JSON.',
    parameters: ['any'],
    returns: string(false),
    typed: true,
    contextual: true,
    run: ([first]: readonly Bound[]) => jsonWriter(first!.type) ?? (() => null),
  }),
  written(
    'JSON_VALUE',
    "JSON_VALUE(text, 'path' [RETURNING type] [... ON EMPTY] [... ON ERROR])",
    'The scalar that a path finds in a JSON text.',
  ),
  written(
    'JSON_QUERY',
    "JSON_QUERY(text, 'path' [WITH WRAPPER] [... ON EMPTY] [... ON ERROR])",
    'The object or array that a path finds in a JSON text.',
  ),
  written('JSON_EXISTS', "JSON_EXISTS(text, 'path')", 'Whether a path finds something in a JSON text.'),
  written('JSON_OBJECT', 'JSON_OBJECT(KEY k VALUE v, ... [NULL | ABSENT ON NULL])', 'A JSON object.'),
  written('JSON_ARRAY', 'JSON_ARRAY(value, ... [NULL | ABSENT ON NULL])', 'A JSON array.'),
  written('EXTRACT', 'EXTRACT(unit FROM time)', 'A part of a time: YEAR, MONTH, DAY, HOUR, EPOCH, DOW...'),
  written('TIMESTAMPADD', 'TIMESTAMPADD(unit, number, time)', 'A time so many units later.'),
  written('TIMESTAMPDIFF', 'TIMESTAMPDIFF(unit, from, to)', 'How many whole units lie between two times.'),
];
